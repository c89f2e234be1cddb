import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One instruction, its arguments as they stand there (a JSON list is one). */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly image: string;
  /** Null: it has none. */
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

const DOCKERFILE = join(__dirname, '..', '..', 'Dockerfile');

/** The Dockerfile's stages, ARGs before the first one put in. Knows what this project's one uses: no heredoc, no flag but `--from`. */
export function readStages(text = readFileSync(DOCKERFILE, 'utf8')): readonly Stage[] {
  const args = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const { name, text: rest } of instructionsIn(text)) {
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [image = '', , as] = rest.split(/\s+/);
      stages.push({
        image: image.replace(/\$\{(\w+)\}/g, (_, arg) => args.get(arg) ?? ''),
        name: as ?? null,
        instructions: [],
      });
    } else if (stage !== undefined) stage.instructions.push({ name, text: rest });
    else if (name === 'ARG') args.set(rest.slice(0, rest.indexOf('=')), rest.slice(rest.indexOf('=') + 1));
    else throw new Error(`expected ARG or FROM before the first stage, got ${name}`);
  }
  return stages;
}

/** What a COPY takes from where to where: paths as they stand there. */
export function copyOf({ text }: Instruction): { from: string | null; sources: readonly string[]; to: string } {
  const words = text.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? (words.shift() ?? '').slice('--from='.length) : null;
  return { from, sources: words.slice(0, -1), to: words.at(-1) ?? '' };
}

/** A stage with the instructions of those it begins from before its own: what its image is made of. */
export function stageOf(name: string, stages = readStages()): Stage {
  const stage = stages.find((other) => other.name === name);
  if (stage === undefined) throw new Error(`expected a stage ${name} in the Dockerfile`);
  const below = stages.some((other) => other.name === stage.image) ? stageOf(stage.image, stages) : null;
  if (below === null) return stage;
  return { image: below.image, name, instructions: [...below.instructions, ...stage.instructions] };
}

/** The last instruction of a name in a stage: the one that counts. */
export function lastOf(stage: Stage, name: string): string | undefined {
  return stage.instructions.filter((instruction) => instruction.name === name).at(-1)?.text;
}

function instructionsIn(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const whole = lines
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n');
  return whole
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = ''] = line.trim().split(/\s/, 1);
      return { name: name.toUpperCase(), text: line.trim().slice(name.length).trim() };
    });
}
