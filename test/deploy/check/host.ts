import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { until } from '../../support/condition';
import { isOurs, readCompose, type Service, secretsOf, serviceOf, variablesOf } from '../compose';
import { lastOf, stageOf } from '../dockerfile';
import { type Running, run, start } from './child';

const ROOT = join(__dirname, '..', '..', '..');
/** Of the image, and of Temporal's: who owns nothing here but the volumes. */
const UID = 1000;
/** Below the ports that the system gives to outgoing connections, any of which may be in use for a moment. */
const PORTS_FROM = 20_000;
const PORTS_TO = 32_000;

/** Where the names and paths of docker-compose.yml are on this machine. */
export class Host {
  private readonly ports = new Map<string, number>();
  private nextPort = PORTS_FROM + Math.floor(process.pid % (PORTS_TO - PORTS_FROM - 1_000));

  constructor(
    readonly folder: string,
    /** Holds a folder for each of our images, which stands for its `/`. */
    private readonly images: string,
    /** On the PATH of every container. */
    private readonly binaries: string,
  ) {}

  /** The port here of what listens on `port` in a service's network namespace: each has its own. */
  async port(service: string, port: number): Promise<number> {
    const namespace = serviceOf(service).network_mode?.replace('service:', '') ?? service;
    const key = `${namespace}:${port}`;
    const known = this.ports.get(key);
    if (known !== undefined) return known;
    while (!(await isFree(this.nextPort))) this.nextPort += 1;
    this.ports.set(key, this.nextPort);
    return this.nextPort++;
  }

  volume(name: string): string {
    return join(this.folder, 'volumes', name);
  }

  /** Starts a service as compose would: its command, its environment, its secrets, its user. */
  async up(name: string): Promise<Running> {
    return start(name, await this.command(name), await this.options(name));
  }

  /** Runs a service to its end, for compose's one-shot ones and for `docker compose run SERVICE ARGS`. */
  async runOnce(name: string, args?: readonly string[]): Promise<string> {
    return run(name, await this.command(name, args), await this.options(name));
  }

  /** Waits until the health check of a service passes. */
  async healthy(service: Running, withinMs: number): Promise<void> {
    const check = serviceOf(service.name).healthcheck?.test ?? imageHealthCheck(serviceOf(service.name));
    const [kind, ...command] = await this.here(service.name, check);
    if (kind !== 'CMD') throw new Error(`expected a health check in exec form, got ${kind}`);
    const options = await this.options(service.name);
    let ended = false;
    void service.ended.then(() => {
      ended = true;
    });
    await until(`${service.name} to be healthy: ${service.said()}`, withinMs, async () => {
      if (ended) throw new Error(`expected ${service.name} to stay up: ${service.said()}`);
      return (await start('health check', command, options).ended) === 0;
    });
  }

  private async command(name: string, args?: readonly string[]): Promise<string[]> {
    const service = serviceOf(name);
    const { entrypoint = imageEntryPoint(service), command = [] } = service;
    return this.here(name, [...entrypoint, ...(args ?? command)]);
  }

  private async options(name: string) {
    const service = serviceOf(name);
    const variables = Object.entries(variablesOf(service));
    const values = await this.here(
      name,
      variables.map(([, value]) => value),
      service,
    );
    const env = {
      PATH: [this.binaries, process.env['PATH']].join(delimiter),
      TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
      SECRETS_FOLDER: this.secretsFolder(name, service),
      ...Object.fromEntries(variables.map(([key], index) => [key, values[index]])),
      ...(name === 'temporal' ? await this.temporalPorts() : {}),
    };
    for (const volume of service.volumes ?? []) this.makeVolume(volume.split(':')[0] ?? '');
    const user = process.getuid?.() === 0 ? { uid: UID, gid: UID } : {};
    return { cwd: isOurs(service.image) ? join(this.imageOf(service), 'app') : this.folder, env, ...user };
  }

  /** The same texts with the paths, names and ports of this machine in them. */
  private async here(name: string, texts: readonly string[], service = serviceOf(name)): Promise<string[]> {
    const temporal = await this.port('temporal', 7233);
    const ports = [3000, 3001, 3002, 9464, 9465, 7233];
    const mapped = await Promise.all(
      ports.map(async (port) => [String(port), String(await this.port(name, port))] as const),
    );
    const volumes = (service.volumes ?? [])
      .map((volume) => volume.split(':'))
      .filter(([source = '']) => !source.startsWith('.'));
    return texts.map((given) => {
      let text = given;
      for (const [source = '', place = ''] of volumes) text = text.replace(place, this.volume(source));
      text = text.replace(/^\/app\//, `${this.imageOf(service)}/app/`).replace(/^\/deploy\//, `${ROOT}/deploy/`);
      text = text.replace('/etc/temporal/entrypoint.sh', join(this.folder, 'temporal-entrypoint.sh'));
      // No network of their own: what listens to others listens on loopback here.
      text = text.replace(/^temporal:7233$/, `127.0.0.1:${temporal}`).replace(/^postgresql$|^0\.0\.0\.0$/, '127.0.0.1');
      if (text === '5432') return text.replace('5432', String(this.ports.get('postgresql:5432')));
      for (const [port, free] of mapped) text = text.replace(new RegExp(`(^|127\\.0\\.0\\.1:)${port}\\b`), `$1${free}`);
      return text;
    });
  }

  private imageOf({ build }: Service): string {
    return join(this.images, build?.target ?? '');
  }

  /** What Temporal listens on besides 7233, all below the system's own. */
  private async temporalPorts(): Promise<Record<string, string>> {
    const names = ['FRONTEND_HTTP', 'MATCHING_GRPC', 'HISTORY_GRPC', 'WORKER_GRPC'];
    const members = ['FRONTEND', 'MATCHING', 'HISTORY', 'WORKER'].map((name) => `${name}_MEMBERSHIP`);
    const all = { FRONTEND_GRPC_PORT: String(await this.port('temporal', 7233)) };
    const others = [...names, ...members].map(async (name, index) => [
      `${name}_PORT`,
      String(await this.port('temporal', index + 1)),
    ]);
    return { ...all, ...Object.fromEntries(await Promise.all(others)) };
  }

  /** `/run/secrets` of a service. */
  private secretsFolder(name: string, service: Service): string {
    const folder = join(this.folder, 'run-secrets', name);
    mkdirSync(folder, { recursive: true });
    const { secrets } = readCompose();
    for (const { source, target } of secretsOf(service))
      copyFileSync(join(this.folder, secrets[source]?.file ?? source), join(folder, target));
    return folder;
  }

  private makeVolume(name: string): void {
    if (name.startsWith('.')) return;
    // The folder around them is everybody's to come through.
    mkdirSync(join(this.folder, 'volumes'), { recursive: true });
    if (!existsSync(this.volume(name))) mkdirSync(this.volume(name), { mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(this.volume(name), UID, UID);
  }

  /** What Temporal's images have and this machine need not: their entry point, once it knows its address, and BusyBox's `nc -z -w SECONDS HOST PORT`. */
  writeStandIns(): void {
    const script = (path: string, lines: string) => writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    script(join(this.folder, 'temporal-entrypoint.sh'), 'exec temporal-server start');
    const connect = `require('node:net').connect(process.argv[2], process.argv[1], () => process.exit(0)).on('error', () => process.exit(1))`;
    script(join(this.binaries, 'nc'), `exec "${process.execPath}" -e "${connect}" "$4" "$5"`);
  }

  /** The text of a secret's file. */
  secret(name: string): string {
    return readFileSync(join(this.folder, readCompose().secrets[name]?.file ?? name), 'utf8').trim();
  }
}

function imageEntryPoint({ build }: Service): string[] {
  return JSON.parse(lastOf(stageOf(build?.target ?? ''), 'ENTRYPOINT') ?? '[]');
}

function imageHealthCheck({ build }: Service): string[] {
  const [, command = '[]'] = lastOf(stageOf(build?.target ?? ''), 'HEALTHCHECK')?.split(' CMD ') ?? [];
  return ['CMD', ...JSON.parse(command)];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
