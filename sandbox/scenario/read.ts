import { readFileSync } from 'node:fs';
import { type Scenario, scenarioSchema } from './schema';

/** A scenario that cannot be played; the message names every key at fault, what was expected and what came. */
export class ScenarioFault extends Error {
  override readonly name = 'ScenarioFault';

  constructor(readonly faults: readonly { readonly key: string; readonly message: string }[]) {
    super(faults.map(({ key, message }) => (key === '' ? message : `${key}: ${message}`)).join('\n'));
  }
}

/** The scenario of a file. Throws a {@link ScenarioFault}. */
export function readScenario(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ScenarioFault([{ key: '', message: `expected a readable file, ${String(Object(error).code)} came` }]);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ScenarioFault([{ key: '', message: `expected JSON: ${error instanceof Error ? error.message : ''}` }]);
  }
}

/** What a document says, with all that it leaves out. Throws a {@link ScenarioFault}. */
export function scenarioOf(document: unknown): Scenario {
  const checked = scenarioSchema.safeParse(document);
  if (checked.success) return checked.data;
  throw new ScenarioFault(
    checked.error.issues.flatMap((issue) => {
      const key = keyOf(issue.path);
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((name) => ({ key: key === '' ? name : `${key}.${name}`, message: 'unknown key' }));
      return [{ key, message: `${lowered(issue.message)}${cameAt(document, issue.path)}` }];
    }),
  );
}

/** `faults[1].rate` */
function keyOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** What stands at a place; there are no secrets in a scenario. */
function cameAt(document: unknown, path: readonly PropertyKey[]): string {
  const came = path.reduce<unknown>((value, part) => Object(value)[part], document);
  return came === undefined ? ', nothing came' : `, ${JSON.stringify(came).slice(0, 100)} came`;
}

function lowered(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
