import type { SpawnOptions } from 'node:child_process';
import { type RunningCommand, spawnCommand } from '../../support/command';

/** A started program of the check. */
export interface RunningProgram extends RunningCommand {
  readonly name: string;
}

export function start(name: string, command: readonly string[], options: SpawnOptions): RunningProgram {
  return { ...spawnCommand(command, options), name };
}

/** Runs a program; resolves to its stdout, throws if its exit status is not 0. */
export async function run(name: string, command: readonly string[], options: SpawnOptions): Promise<string> {
  const program = start(name, command, options);
  const status = await program.exited;
  if (status !== 0)
    throw new Error(`expected ${name} to end with status 0, got ${status}: ${program.output().slice(-6_000)}`);
  return program.lines().join('\n');
}
