import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { verifyAudit } from '../../src/observability/audit-verify';
import { startChild, stopChildren } from '../report-store/children/child';
import { until } from '../support/condition';
import { useFolders } from '../support/folders';

const WRITER = '../../observability/children/writes-audit';
const ROUNDS = 3;
/** Fills several files of 20 KB. */
const MIN_LINES = 200;

afterAll(stopChildren);
const newFolder = useFolders();

test('processes in one folder that are killed during a write leave valid chains with every acknowledged line', async () => {
  const folder = await newFolder();
  const acknowledged = new Set<unknown>();
  for (let round = 1; round <= ROUNDS; round += 1) {
    const children = ['a', 'b'].map((name) => startChild(WRITER, folder, `${name}${round}`));
    await until('lines of both', async () =>
      children.every(({ messages }) => messages.length > MIN_LINES) ? true : undefined,
    );
    await Promise.all(children.map((child) => child.kill()));
    for (const { messages } of children) for (const id of messages) acknowledged.add(id);
  }
  const { chains } = await verifyAudit(folder);
  expect(chains).toHaveLength(2 * ROUNDS);
  for (const { broken, unread, end, files } of chains) {
    expect({ broken, unread }).toEqual({ broken: null, unread: null });
    expect(['open', 'torn']).toContain(end);
    expect(files.length).toBeGreaterThan(1);
  }
  const texts = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')));
  const written = new Set(texts.flatMap((text) => text.match(/(?<="clientUserId":")[^"]+/g) ?? []));
  expect([...acknowledged].filter((id) => !written.has(String(id)))).toEqual([]);
});
