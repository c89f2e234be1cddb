import { readFileSync } from 'node:fs';
import { type Scenario, scenarioSchema } from './schema';

/** An invalid scenario. The message names each invalid key, the expected value and the value found. */
export class ScenarioFault extends Error {
  override readonly name = 'ScenarioFault';

  constructor(readonly faults: readonly { readonly key: string; readonly message: string }[]) {
    super(faults.map(({ key, message }) => (key === '' ? message : `${key}: ${message}`)).join('\n'));
  }
}

/** Reads the JSON of a scenario file. Throws {@link ScenarioFault}. */
export function readScenario(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ScenarioFault([{ key: '', message: `expected a readable file, got ${String(Object(error).code)}` }]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ScenarioFault([{ key: '', message: `expected JSON: ${error instanceof Error ? error.message : ''}` }]);
  }
}

/** Parses a scenario and adds defaults. Throws {@link ScenarioFault}. */
export function parseScenario(document: unknown): Scenario {
  const result = scenarioSchema.safeParse(document);
  if (result.success) return result.data;
  throw new ScenarioFault(
    result.error.issues.flatMap((issue) => {
      const key = formatKey(issue.path);
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((name) => ({ key: key === '' ? name : `${key}.${name}`, message: 'unknown key' }));
      return [{ key, message: `${lowerFirst(issue.message)}${describeValue(document, issue.path)}` }];
    }),
  );
}

/** `faults[1].rate` */
function formatKey(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** Scenarios contain no secrets, so the message may quote the value. */
function describeValue(document: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>((parent, part) => Object(parent)[part], document);
  return value === undefined ? ', got nothing' : `, got ${JSON.stringify(value).slice(0, 100)}`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
