import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { z } from 'zod';
import { tryPort } from '../../src/dev/ports';
import { createEventSender } from '../../src/events/sender';
import { EVENTS_VARIABLES, endpointOf, eventsSettings } from '../../src/events/settings';
import { fencesOf } from '../docs/markdown';
import { useCleanup } from '../support/cleanup';
import { until } from '../support/condition';
import { EVENTS_SECRET } from '../support/event-receiver';
import { useFolders } from '../support/folders';

const cleanup = useCleanup();
const newFolder = useFolders();
const EVENT = {
  id: 'evt_aUE9MLTE_1_00000000',
  body: '{"id":"evt_aUE9MLTE_1_00000000","type":"applicant.started","data":{}}',
};

const LANGUAGES = {
  ts: { file: 'receiver.js', command: process.execPath },
  python: { file: 'receiver.py', command: 'python3' },
  java: { file: 'Receiver.java', command: 'java' },
} as const;

/** Starts the receiver of the page in a process of its own. */
async function startReceiver(language: keyof typeof LANGUAGES) {
  const [fence, ...others] = fencesOf('docs/events.md').filter((one) => one.language === language);
  if (fence === undefined || others.length > 0) throw new Error(`expected one block of ${language}`);
  const { file, command } = LANGUAGES[language];
  const folder = await newFolder('receiver');
  await mkdir(folder, { recursive: true });
  const path = join(folder, file);
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 };
  const text = language === 'ts' ? transpileModule(fence.text, { compilerOptions }).outputText : fence.text;
  await writeFile(path, text);
  const port = await tryPort(0, '127.0.0.1');
  const child: ChildProcess = spawn(command, [path], { env: { ...process.env, EVENTS_SECRET, PORT: String(port) } });
  const output = { text: '' };
  child.stdout?.on('data', (chunk) => {
    output.text += String(chunk);
  });
  child.on('error', () => {});
  cleanup(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}/events`;
  // Java compiles the file first.
  await until(
    `the receiver in ${language}`,
    () => fetch(url, { method: 'POST', body: '' }).then(() => true, isAnswered),
    60_000,
  );
  return { url, output };
}

/** A receiver may drop a request without our headers. */
function isAnswered(error: { cause?: { code?: string } }): boolean {
  return error.cause?.code !== 'ECONNREFUSED';
}

test.each(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[])(
  'the receiver in %s accepts our events once, and nothing that is forged or old',
  async (language) => {
    const { url, output } = await startReceiver(language);
    const { secrets } = eventsSettings(z.object(EVENTS_VARIABLES).parse({ EVENTS_SECRET }));
    const send = async (event: typeof EVENT, nowMs = Date.now(), keys = secrets) => {
      const sender = createEventSender({ secrets: keys, allowPrivate: [] }, { nowMs: () => nowMs });
      const { status } = await sender.send(endpointOf(url), event);
      await sender.close();
      return status;
    };
    expect(await send(EVENT)).toBe(204);
    expect(await send(EVENT)).toBe(204);
    // The secret of a rotation comes first.
    expect(await send({ ...EVENT, id: `${EVENT.id}1` }, Date.now(), [Buffer.alloc(24), ...secrets])).toBe(204);
    expect(await send({ ...EVENT, id: `${EVENT.id}2` }, Date.now(), [Buffer.alloc(32)])).toBe(401);
    expect(await send({ ...EVENT, id: `${EVENT.id}3` }, Date.now() - 301_000)).toBe(401);
    // Without headers, and with bytes that are no base64.
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
    const strange = { 'webhook-id': 'x', 'webhook-timestamp': '1', 'webhook-signature': `v1,${'\u00e9'.repeat(44)}` };
    expect((await fetch(url, { method: 'POST', headers: strange, body: '{}' })).status).toBe(401);
    await until('two events', () => output.text.match(/applicant\.started/g)?.length === 2);
    // Signed by a stranger's library.
    const at = new Date();
    const signature = new Webhook(EVENTS_SECRET).sign('msg_1', at, EVENT.body);
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': signature,
    };
    expect((await fetch(url, { method: 'POST', headers, body: EVENT.body })).status).toBe(204);
    expect((await fetch(url, { method: 'POST', headers, body: `${EVENT.body} ` })).status).toBe(401);
  },
);
