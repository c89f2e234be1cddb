import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;

/** One file for each recorded history; `npm run record` writes them. */
const FOLDER = join(__dirname, 'histories');

type History = temporal.api.history.v1.IHistory;

/** A history by the name of its file. */
export interface Recorded {
  readonly name: string;
  readonly history: History;
}

/** The recorded histories in a folder. Default: `histories`, without those of the releases. */
export function recordedHistories(folder = FOLDER): readonly Recorded[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => ({
    name: file.replace(/\.json$/, ''),
    history: History.fromObject(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  }));
}

/** Removes every recorded history. */
export function removeHistories(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}

/** Writes histories, and replaces those of the same names. */
export function writeHistories(recorded: readonly Recorded[], folder = FOLDER): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, history } of recorded) {
    // protobuf.js's own JSON, because the SDK's historyToJSON() needs a single copy of that package, and npm installs several.
    const { events } = History.toObject(History.create(history), { enums: String, longs: String, bytes: String });
    // One event per line, so that a diff shows the changes.
    const lines = (events as readonly object[]).map((event) => JSON.stringify(event, withoutMachine));
    writeFileSync(join(folder, `${name}.json`), `{"events":[\n${lines.join(',\n')}\n]}\n`);
  }
}

/** Fields that depend on the recording machine and its build. */
const MACHINE_FIELDS = ['identity', 'stackTrace', 'workerVersion', 'prevAutoResetPoints'];

/** A replay reads none of {@link MACHINE_FIELDS}, and no sticky task queue. */
function withoutMachine(key: string, value: unknown): unknown {
  const sticky = key === 'taskQueue' && (value as { kind?: string }).kind === 'TASK_QUEUE_KIND_STICKY';
  return sticky || MACHINE_FIELDS.includes(key) ? undefined : value;
}
