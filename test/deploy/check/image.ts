import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOf, type Instruction, readStages, type Stage, stageOf } from '../dockerfile';
import { run } from './child';

const ROOT = join(__dirname, '..', '..', '..');

/** Runs the Dockerfile's steps, each stage in a folder of its own that stands for `/` and has the stage's name. */
export async function buildImages(folder: string): Promise<void> {
  for (const { name } of readStages()) if (name !== null) await buildStage(folder, stageOf(name));
}

async function buildStage(folder: string, { name, instructions }: Stage): Promise<void> {
  const root = join(folder, name ?? '');
  let workdir = '/';
  const env: Record<string, string> = {};
  await mkdir(root, { recursive: true });
  for (const instruction of instructions) {
    if (instruction.name === 'WORKDIR') {
      workdir = instruction.text;
      await mkdir(join(root, workdir), { recursive: true });
    } else if (instruction.name === 'ENV') {
      const [key = '', value = ''] = instruction.text.split('=');
      env[key] = value;
    } else if (instruction.name === 'RUN') await runStep(root, workdir, env, instruction);
    else if (instruction.name === 'COPY') await copyStep(folder, root, workdir, instruction);
    else if (!['USER', 'ENTRYPOINT', 'CMD', 'HEALTHCHECK'].includes(instruction.name))
      throw new Error(`expected an instruction that this check knows, got ${instruction.name}`);
  }
}

/** In the stage's folder instead of `/`: the one absolute path that a step names is that of the volumes. */
async function runStep(
  root: string,
  workdir: string,
  env: Record<string, string>,
  { text }: Instruction,
): Promise<void> {
  const command = text.replaceAll('/var/lib/chartway', join(root, 'var/lib/chartway'));
  // Of this environment what npm needs to find its registry, and nothing that a build could take for a setting of its own.
  const inherited = Object.entries(process.env).filter(([key]) =>
    /^(PATH|HOME|npm_config_.*|SSL_.*|NODE_EXTRA_.*)$/i.test(key),
  );
  await run(`RUN ${text}`, ['/bin/sh', '-c', command], {
    cwd: join(root, workdir),
    env: { ...Object.fromEntries(inherited), ...env },
  });
}

async function copyStep(folder: string, root: string, workdir: string, instruction: Instruction): Promise<void> {
  const { from, sources, to } = copyOf(instruction);
  for (const source of sources) {
    const found = from === null ? join(ROOT, source) : join(folder, from, source);
    if (!existsSync(found)) throw new Error(`expected ${source} for COPY ${instruction.text}`);
    // "a/" is a folder to copy into.
    const place = to.endsWith('/') ? join(to, source.split('/').at(-1) ?? '') : to;
    await cp(found, join(root, workdir, place), { recursive: true, verbatimSymlinks: true });
  }
}
