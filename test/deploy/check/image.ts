import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { findStage, type Instruction, parseCopy, readStages, type Stage } from '../dockerfile';
import { run } from './child';

const ROOT = join(__dirname, '..', '..', '..');

/** Runs the steps of the Dockerfile. Each stage has a folder with its name, the root of its file system. */
export async function buildImages(folder: string): Promise<void> {
  for (const { name } of readStages()) if (name !== null) await buildStage(folder, findStage(name));
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
      throw new Error(`expected an instruction that this check supports, got ${instruction.name}`);
  }
}

/** Runs a step in the folder of the stage. The only absolute paths in the steps are those of the volumes. */
async function runStep(
  root: string,
  workdir: string,
  env: Record<string, string>,
  { text }: Instruction,
): Promise<void> {
  const command = text.replaceAll('/var/lib/chartway', join(root, 'var/lib/chartway'));
  // Only what npm needs to reach its registry, so that settings of this machine do not change the build.
  const inherited = Object.entries(process.env).filter(([key]) =>
    /^(PATH|HOME|npm_config_.*|SSL_.*|NODE_EXTRA_.*)$/i.test(key),
  );
  await run(`RUN ${text}`, ['/bin/sh', '-c', command], {
    cwd: join(root, workdir),
    env: { ...Object.fromEntries(inherited), ...env },
  });
}

async function copyStep(folder: string, root: string, workdir: string, instruction: Instruction): Promise<void> {
  const { from, sources, to } = parseCopy(instruction);
  for (const source of sources) {
    const path = from === null ? join(ROOT, source) : join(folder, from, source);
    if (!existsSync(path)) throw new Error(`expected ${source} for COPY ${instruction.text}`);
    const target = to.endsWith('/') ? join(to, basename(source)) : to;
    await cp(path, join(root, workdir, target), { recursive: true, verbatimSymlinks: true });
  }
}
