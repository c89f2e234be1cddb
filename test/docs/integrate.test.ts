import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { useFolders } from '../support/folders';
import { API_KEY, useInstallation } from '../support/installation';
import { fencesOf } from './markdown';

/** A command of the page, and the answer that the page shows below it; null: none. */
interface Step {
  readonly title: string;
  readonly command: string;
  readonly answer: string | null;
}

/** An HTTP answer; the body is null if there is none. */
interface Answer {
  readonly status: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Stands for any text of an answer, and for the other fields of an object. */
const ANY = '…';
const COMMAND_LIMIT_MS = 90_000;

const installation = useInstallation({
  speed: 300,
  notices: 'sent',
  policy: { SETTLE_ALL_SYNCED: '2s', POLL_SYNCING: '1s', POLL_INVITED: '2s', POLL_ENGAGED: '1s' },
});
const newFolder = useFolders();
let folder: string;
let api: string;

beforeAll(async () => {
  folder = await newFolder();
  api = `${(await installation().startApi()).addresses[0]}/api/v1`;
});

const [setUp, ...steps] = stepsOf('docs/integrate.md');

test('the page sets API and KEY, and has requests with answers', () => {
  expect(setUp?.command).toBe('export API=http://127.0.0.1:3000/api/v1\nexport KEY=$(cat .data/api-key)\n');
  expect(steps.filter(({ answer }) => answer !== null).length).toBeGreaterThan(10);
});

/** True from the start of a step until it has passed. */
let hasFailed = false;

// In the order of the page: later commands need the applicants of earlier ones.
test.each(steps)('$title', async ({ command, answer }) => {
  if (hasFailed) throw new Error('expected the command before to pass');
  hasFailed = true;
  const env = { PATH: process.env['PATH'], API: api, KEY: API_KEY };
  const options = { cwd: folder, env, timeout: COMMAND_LIMIT_MS };
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], options);
  if (answer !== null) expectAnswer(parse(stdout), parse(answer));
  hasFailed = false;
});

function expectAnswer(got: Answer, shown: Answer): void {
  expect(got.status).toBe(shown.status);
  for (const [name, value] of Object.entries(shown.headers))
    expect([name, got.headers[name]]).toEqual([name, expect.stringMatching(pattern(value))]);
  if (shown.body !== null) expect(got.body).toEqual(expectation(shown.body));
}

function stepsOf(page: string): Step[] {
  const fences = fencesOf(page);
  return fences.flatMap(({ language, text: command, lines }, index) => {
    if (language !== 'sh') return [];
    const next = fences[index + 1];
    const answer = next?.language === 'http' ? next.text : null;
    return [{ title: `block ${index + 1}: ${lines[0]}`, command, answer }];
  });
}

/** An answer as `curl -i` prints it; without a body if that went into a file. */
function parse(text: string): Answer {
  const [head = '', ...rest] = text.replaceAll('\r', '').trim().split('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = rest.join('\n\n');
  return { status: first, headers, body: body === '' ? null : JSON.parse(body) };
}

/** `…` alone is any value, within a text any text, as a field other fields, and as the last element other elements. */
function expectation(shown: unknown): unknown {
  if (shown === ANY) return expect.anything();
  if (typeof shown === 'string') return shown.includes(ANY) ? expect.stringMatching(pattern(shown)) : shown;
  if (Array.isArray(shown)) {
    const elements = shown.filter((element) => element !== ANY).map(expectation);
    return elements.length < shown.length ? expect.arrayContaining(elements) : elements;
  }
  if (shown === null || typeof shown !== 'object') return shown;
  const { [ANY]: others, ...fields } = shown as Record<string, unknown>;
  const expected = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, expectation(value)]));
  return others === undefined ? expected : expect.objectContaining(expected);
}

function pattern(text: string): RegExp {
  const parts = text.split(ANY).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`, 's');
}
