import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `text`: its arguments as written. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** `name`: null without AS. */
export interface Stage {
  readonly image: string;
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

const DOCKERFILE = join(__dirname, '..', '..', 'Dockerfile');

/** The stages of the Dockerfile, with the values of the ARGs. Supports what this project uses: no heredoc, no flag except `--from`. */
export function readStages(): readonly Stage[] {
  const args = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const { name, text } of parseInstructions(readFileSync(DOCKERFILE, 'utf8'))) {
    const stage = stages.at(-1);
    if (name === 'FROM') {
      const [from = '', , as] = text.split(/\s+/);
      const image = from.replace(/\$\{(\w+)\}/g, (_, arg) => args.get(arg) ?? '');
      stages.push({ image, name: as ?? null, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push({ name, text });
    else if (name === 'ARG') args.set(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1));
    else throw new Error(`expected ARG or FROM before the first stage, got ${name}`);
  }
  return stages;
}

/** The paths of a COPY as written. `from`: the stage; null: the build context. */
export function parseCopy({ text }: Instruction): { from: string | null; sources: readonly string[]; to: string } {
  const words = text.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? (words.shift() ?? '').slice('--from='.length) : null;
  return { from, sources: words.slice(0, -1), to: words.at(-1) ?? '' };
}

/** A stage with the instructions of its base stages before its own. */
export function findStage(name: string, stages = readStages()): Stage {
  const stage = stages.find((other) => other.name === name);
  if (stage === undefined) throw new Error(`expected a stage ${name} in the Dockerfile`);
  const base = stages.some((other) => other.name === stage.image) ? findStage(stage.image, stages) : null;
  if (base === null) return stage;
  return { image: base.image, name, instructions: [...base.instructions, ...stage.instructions] };
}

/** The arguments of the last instruction of that name, which overrides the earlier ones. */
export function lastInstruction(stage: Stage, name: string): string | undefined {
  return stage.instructions.filter((instruction) => instruction.name === name).at(-1)?.text;
}

function parseInstructions(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  const joined = lines.join('\n').replace(/\\\n\s*/g, ' ');
  return joined
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [name = ''] = line.split(/\s/, 1);
      return { name: name.toUpperCase(), text: line.slice(name.length).trim() };
    });
}
