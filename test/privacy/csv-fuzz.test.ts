import type { StartRequest } from '../../src/temporal/applicants';
import { applicantRows } from '../../src/use-cases/applicants-file/applicants-file';
import { decodeText } from '../../src/use-cases/applicants-file/decode-text';
import { parseLines, startRun } from '../cli/starter-run';
import { cpuMs } from '../support/cpu';
import { startingApplicants } from '../support/fake-applicants';
import { fc } from '../support/property';

const HEADER = 'clientUserId,clientUserEmail,firstName,lastName,dateOfBirth,suggestedSources';
/** Strings that occur nowhere else, one for each column but the id. */
const PERSON = {
  clientUserEmail: 'zephyrina@quorwhistle.example',
  firstName: 'Zephyrina Ann',
  lastName: 'Ostrowhisk May',
  dateOfBirth: '1971-03-09',
  source: 'Marzipan Infirmary',
};
const CANARIES = ['quorwhistle', ...Object.values(PERSON)];
const RUNS = 60;
/** CPU time of one file: finds a hang, and ignores a busy machine. */
const CPU_LIMIT_MS = 2_500;
const MEGABYTE = 1024 * 1024;

/** Runs the starter with this file on standard input, in pieces of this size, and a Temporal that answers at once. */
async function runWith(bytes: Buffer, pieceLength: number) {
  const requests: StartRequest[] = [];
  const applicants = startingApplicants((request) => {
    requests.push(request);
    return { result: (['started', 'running', 'closed', 'conflict'] as const)[requests.length % 4] ?? 'started' };
  });
  const messages: string[] = [];
  const options = {
    args: { source: { file: '-' } },
    applicants,
    deps: {
      openFile: async () => ({ read: () => decoded(bytes, pieceLength), share: null, close: async () => {} }),
      terminal: {
        write: (text: string) => void messages.push(text),
        showProgress: (text: string) => void messages.push(text),
        clearProgress: () => {},
      },
    },
  };
  const [{ status, printed, audited }, tookMs] = await cpuMs(async () => {
    const run = startRun(options);
    return { ...run, status: await run.status };
  });
  expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
  const output = [...printed, ...messages, ...audited.map((entry) => JSON.stringify(entry))].join('\n');
  expect(CANARIES.filter((canary) => output.includes(canary))).toEqual([]);
  return { status, requests, lines: parseLines<{ clientUserId: string; line: number }>(printed) };
}

function decoded(bytes: Buffer, pieceLength: number) {
  return decodeText(
    (async function* () {
      for (let at = 0; at < bytes.length; at += pieceLength) yield bytes.subarray(at, at + pieceLength);
    })(),
  );
}

const LINE_END = fc.constantFrom('\n', '\r\n', '\r');
const PIECE_LENGTH = fc.constantFrom(1, 7, 100, 65_536);
const { clientUserEmail, firstName, lastName, dateOfBirth, source } = PERSON;
/** A valid row, in one of the ways to write it. */
const GOOD = fc
  .record({
    quoted: fc.boolean(),
    lastName: fc.constantFrom(
      lastName,
      `${lastName}, jr.`,
      `${lastName}\n${lastName}`,
      `the "${lastName}"`,
      `=1+${lastName}`,
    ),
    padding: fc.constantFrom('', ' '),
  })
  .map(({ quoted, lastName: last, padding }) => ({
    last,
    line: (id: string) =>
      [id, clientUserEmail, firstName, last, dateOfBirth, `${source}; ${source} 2`]
        .map((field) =>
          quoted || /[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : `${padding}${field}${padding}`,
        )
        .join(','),
  }));
const SCRAP = fc.constantFrom(
  ...[
    ...['"', '""', ',', ';', '\0', '\uFEFF', '\u2028', '=cmd|x!A1', '+1', '-1', '@SUM(1)', '\t'],
    ...['POL 1', '../x', '__proto__'],
  ],
  // Never the date alone: it is a valid id, and the starter prints ids.
  ...[PERSON.clientUserEmail, PERSON.firstName, PERSON.lastName, PERSON.source, ` ${PERSON.dateOfBirth}?`],
);
/** Arbitrary content of one line: fragments of rows and quotes, text, bytes that are not UTF-8; sometimes a megabyte. */
const BAD = fc
  .oneof(
    { weight: 12, arbitrary: fc.array(SCRAP, { maxLength: 12 }).map((scraps) => Buffer.from(scraps.join(''))) },
    {
      weight: 4,
      arbitrary: fc.array(SCRAP, { minLength: 5, maxLength: 8 }).map((scraps) => Buffer.from(scraps.join(','))),
    },
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('x', '"', ',', `${lastName}",`).map((text) => Buffer.alloc(MEGABYTE, text)),
    },
  )
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d)))
  // A CR, an empty line and an LF would be one line end.
  .map((line) => (line.length === 0 ? Buffer.from('?') : line));

test('each valid row is started as written and reported with its line between rows of any content, and no personal data is printed', async () => {
  const rows = fc.array(fc.tuple(fc.oneof(GOOD, BAD), LINE_END), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(rows, fc.boolean(), PIECE_LENGTH, async (items, marked, pieceLength) => {
      const parts: Buffer[] = [Buffer.from(`${marked ? '\uFEFF' : ''}${HEADER}\n`)];
      const expected: [string, number, string][] = [];
      let line = 2;
      for (const [item, end] of items) {
        if (Buffer.isBuffer(item)) parts.push(item);
        else {
          const id = `GOOD-${line}`;
          parts.push(Buffer.from(item.line(id)));
          expected.push([id, line, item.last]);
          line += item.last.split('\n').length - 1;
        }
        parts.push(Buffer.from(end));
        line += 1;
      }
      const bytes = Buffer.concat(parts);
      // Single bytes only for a small file, to save time.
      const { requests, lines } = await runWith(bytes, bytes.length > MEGABYTE ? 65_536 : pieceLength);
      const good = requests.filter(({ details }) => details.clientUserId.startsWith('GOOD-'));
      expect(good.map(({ details }) => [details.clientUserId, details.lastName])).toEqual(
        expected.map(([id, , last]) => [id, last]),
      );
      for (const { details } of good) {
        expect(details).toMatchObject({ clientUserEmail, firstName, dateOfBirth });
        expect(details.suggestedSources).toEqual([source, `${source} 2`]);
      }
      const reported = lines.filter(({ clientUserId }) => clientUserId?.startsWith('GOOD-'));
      expect(reported.map((each) => [each.clientUserId, each.line]).sort()).toEqual(
        expected.map(([id, at]) => [id, at]).sort(),
      );
    }),
    { numRuns: RUNS },
  );
});

test('arbitrary bytes end with an exit status, repeat nothing and do not hang', async () => {
  const lead = fc.constantFrom('', HEADER, `${HEADER}\n`, '\uFEFF', `${firstName},${clientUserEmail}\n`, '\uFFFE');
  await fc.assert(
    fc.asyncProperty(
      lead,
      fc.array(BAD, { maxLength: 6 }),
      LINE_END,
      PIECE_LENGTH,
      async (first, bads, end, length) => {
        const bytes = Buffer.concat([Buffer.from(first), ...bads.flatMap((bad) => [bad, Buffer.from(end)])]);
        const { status } = await runWith(bytes, bytes.length > MEGABYTE ? 65_536 : length);
        expect([0, 1, 2]).toContain(status);
      },
    ),
    { numRuns: RUNS },
  );
});

test.each([
  ['a quote in every line', '"a\n'],
  ['a quote that opens in every line', 'POL-1,"a\n'],
  ['a quote in every 1,000th line', `"${'a\n'.repeat(1_000)}`],
  ['only quotes', '"'],
  ['only empty quoted fields', '"",'],
  ['only line ends', '\n'],
  ['only CR', '\r'],
  ['only NUL', '\0'],
])('a file with %s is read within the limit', async (_, text) => {
  const bytes = Buffer.concat([
    Buffer.from(`${HEADER}\n`),
    Buffer.alloc(MEGABYTE / 8, text),
    Buffer.from('\nPOL-9,a@b.c,,,,\n'),
  ]);
  const [last, tookMs] = await cpuMs(async () => {
    let checked: unknown;
    for await (const row of applicantRows(decoded(bytes, 65_536))) ({ checked } = row);
    return checked;
  });
  expect(tookMs).toBeLessThan(CPU_LIMIT_MS);
  expect(last).toMatchObject({ ok: true, details: { clientUserId: 'POL-9' } });
});
