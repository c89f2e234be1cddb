import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { until } from '../../support/condition';
import { findService, isBuiltHere, listSecrets, readCompose, readVariables, type Service } from '../compose';
import { findStage, lastInstruction } from '../dockerfile';
import { type RunningProgram, run, start } from './child';

const ROOT = join(__dirname, '..', '..', '..');
/** The user of the images. */
const UID = 1000;
/** Below the ports of outgoing connections. */
const PORTS_FROM = 20_000;
const PORTS_TO = 32_000;

/** Runs services of docker-compose.yml on this machine: maps their ports, paths and host names. */
export class Host {
  private readonly ports = new Map<string, number>();
  private nextPort = PORTS_FROM + Math.floor(process.pid % (PORTS_TO - PORTS_FROM - 1_000));

  constructor(
    readonly folder: string,
    /** Contains one folder for each image, the root of its file system. */
    private readonly images: string,
    /** On the PATH of each service. */
    private readonly binaries: string,
  ) {}

  /** The port on this machine for `port` in the network namespace of a service. */
  async port(service: string, port: number): Promise<number> {
    const namespace = findService(service).network_mode?.replace('service:', '') ?? service;
    const key = `${namespace}:${port}`;
    const mapped = this.ports.get(key);
    if (mapped !== undefined) return mapped;
    while (!(await isFree(this.nextPort))) this.nextPort += 1;
    this.ports.set(key, this.nextPort);
    return this.nextPort++;
  }

  volume(name: string): string {
    return join(this.folder, 'volumes', name);
  }

  /** The content of the file of a secret. */
  secret(name: string): string {
    return readFileSync(join(this.folder, readCompose().secrets[name]?.file ?? name), 'utf8').trim();
  }

  /** Starts a service with its command, environment, secrets and user. */
  async up(name: string): Promise<RunningProgram> {
    return start(name, await this.command(name), await this.options(name));
  }

  /** Runs a service to its end, as `docker compose run SERVICE ARGS` does. */
  async runOnce(name: string, args?: readonly string[]): Promise<string> {
    return run(name, await this.command(name, args), await this.options(name));
  }

  /** Waits until the health check of a service passes. */
  async waitUntilHealthy(service: RunningProgram, timeoutMs: number): Promise<void> {
    const check = findService(service.name).healthcheck?.test ?? imageHealthCheck(findService(service.name));
    const [kind, ...command] = await this.translate(service.name, check);
    if (kind !== 'CMD') throw new Error(`expected a health check in exec form, got ${kind}`);
    const options = await this.options(service.name);
    let hasExited = false;
    void service.exited.then(() => {
      hasExited = true;
    });
    await until(
      `${service.name} to be healthy: ${service.output()}`,
      async () => {
        if (hasExited) throw new Error(`expected ${service.name} to stay up: ${service.output()}`);
        return (await start('health check', command, options).exited) === 0;
      },
      timeoutMs,
    );
  }

  /** Replaces what the images of Temporal contain and this machine may lack: the entry point, and `nc -z -w SECONDS HOST PORT`. */
  writeImageScripts(): void {
    const script = (path: string, lines: string) => writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    script(join(this.folder, 'temporal-entrypoint.sh'), 'exec temporal-server start');
    const connect = `require('node:net').connect(process.argv[2], process.argv[1], () => process.exit(0)).on('error', () => process.exit(1))`;
    script(join(this.binaries, 'nc'), `exec "${process.execPath}" -e "${connect}" "$4" "$5"`);
  }

  private async command(name: string, args?: readonly string[]): Promise<string[]> {
    const service = findService(name);
    const { entrypoint = imageEntryPoint(service), command = [] } = service;
    return this.translate(name, [...entrypoint, ...(args ?? command)]);
  }

  private async options(name: string) {
    const service = findService(name);
    const variables = Object.entries(readVariables(service));
    const texts = variables.map(([, value]) => value);
    const values = await this.translate(name, texts);
    const env = {
      PATH: [this.binaries, process.env['PATH']].join(delimiter),
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      SECRETS_FOLDER: this.createSecretsFolder(name, service),
      ...Object.fromEntries(variables.map(([key], index) => [key, values[index]])),
      ...(name === 'temporal' ? await this.temporalPorts() : {}),
    };
    for (const volume of service.volumes ?? []) this.createVolume(volume.split(':')[0] ?? '');
    const user = process.getuid?.() === 0 ? { uid: UID, gid: UID } : {};
    return { cwd: isBuiltHere(service.image) ? join(this.imageFolder(service), 'app') : this.folder, env, ...user };
  }

  /** Replaces the paths, host names and ports of a service by those of this machine. */
  private async translate(name: string, texts: readonly string[]): Promise<string[]> {
    const service = findService(name);
    const temporal = await this.port('temporal', 7233);
    const ports = [3000, 3001, 3002, 9464, 9465, 9466, 7233];
    const mapped = await Promise.all(ports.map(async (port) => [port, await this.port(name, port)] as const));
    const mounts = (service.volumes ?? []).map((volume) => volume.split(':'));
    const volumes = mounts.filter(([source = '']) => !source.startsWith('.'));
    return texts.map((original) => {
      let text = original;
      for (const [source = '', target = ''] of volumes) text = text.replace(target, this.volume(source));
      text = text.replace(/^\/app\//, `${this.imageFolder(service)}/app/`).replace(/^\/deploy\//, `${ROOT}/deploy/`);
      text = text.replace('/etc/temporal/entrypoint.sh', join(this.folder, 'temporal-entrypoint.sh'));
      // All services share the network of this machine, so they listen on loopback.
      text = text.replace(/^temporal:7233$/, `127.0.0.1:${temporal}`).replace(/^postgresql$|^0\.0\.0\.0$/, '127.0.0.1');
      if (text === '5432') return String(this.ports.get('postgresql:5432'));
      for (const [port, free] of mapped) text = text.replace(new RegExp(`(^|127\\.0\\.0\\.1:)${port}\\b`), `$1${free}`);
      return text;
    });
  }

  private imageFolder({ build }: Service): string {
    return join(this.images, build?.target ?? '');
  }

  /** The other ports of Temporal, instead of its defaults. */
  private async temporalPorts(): Promise<Record<string, string>> {
    const ports: Record<string, string> = { FRONTEND_GRPC_PORT: String(await this.port('temporal', 7233)) };
    const names = ['FRONTEND_HTTP', 'MATCHING_GRPC', 'HISTORY_GRPC', 'WORKER_GRPC'];
    const members = ['FRONTEND', 'MATCHING', 'HISTORY', 'WORKER'].map((name) => `${name}_MEMBERSHIP`);
    for (const [index, name] of [...names, ...members].entries())
      ports[`${name}_PORT`] = String(await this.port('temporal', index + 1));
    return ports;
  }

  /** `/run/secrets` of a service. */
  private createSecretsFolder(name: string, service: Service): string {
    const folder = join(this.folder, 'run-secrets', name);
    mkdirSync(folder, { recursive: true });
    const { secrets } = readCompose();
    for (const { source, target } of listSecrets(service))
      copyFileSync(join(this.folder, secrets[source]?.file ?? source), join(folder, target));
    return folder;
  }

  private createVolume(name: string): void {
    if (name.startsWith('.')) return;
    // The users of the services must be able to enter the parent folder.
    mkdirSync(join(this.folder, 'volumes'), { recursive: true });
    if (!existsSync(this.volume(name))) mkdirSync(this.volume(name), { mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(this.volume(name), UID, UID);
  }
}

function imageEntryPoint({ build }: Service): string[] {
  return JSON.parse(lastInstruction(findStage(build?.target ?? ''), 'ENTRYPOINT') ?? '[]');
}

function imageHealthCheck({ build }: Service): string[] {
  const [, command = '[]'] = lastInstruction(findStage(build?.target ?? ''), 'HEALTHCHECK')?.split(' CMD ') ?? [];
  return ['CMD', ...JSON.parse(command)];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
