import fs, { type FileHandle } from 'node:fs/promises';

export interface Fault {
  /** The first call that fails, counted from 1. */
  readonly from: number;
  /** Each later call that needs disk space fails too, until `repair`. */
  readonly lasting: boolean;
  readonly code: string;
}

const CALLS = [
  ...([
    ...['open', 'rename', 'writeFile', 'readdir', 'rm', 'rmdir', 'unlink', 'mkdir', 'stat', 'lstat'],
    ...['chmod', 'link'],
  ] as const),
];
/** Calls of an open file. */
const FILE_CALLS: readonly string[] = ['writeFile', 'sync', 'close', 'read'];
/** Calls that a full disk rejects. */
const NEEDS_SPACE: readonly string[] = ['writeFile', 'mkdir', 'file.writeFile'];

// biome-ignore lint/suspicious/noExplicitAny: stands in for functions of many shapes
type AnyCall = (...args: any[]) => Promise<any>;

/** Replaces functions of `node:fs/promises`: counts the calls, and makes one call, or all from one on, fail as a disk does. */
export class FaultyDisk {
  private readonly real = new Map<string, AnyCall>();
  private fault: Fault | null = null;
  private calls = 0;
  /** The calls that failed, in order: `rename`, `file.sync`. */
  readonly failed: string[] = [];

  constructor() {
    const target = fs as unknown as Record<string, AnyCall>;
    for (const name of CALLS) {
      const real = target[name] as AnyCall;
      this.real.set(name, real);
      target[name] = async (...args) => {
        if (this.fails(name)) return this.reject(name, args);
        const result = await real(...args);
        return name === 'open' ? this.handle(result as FileHandle) : result;
      };
    }
  }

  break(fault: Fault): void {
    this.fault = fault;
    this.calls = 0;
    this.failed.length = 0;
  }

  repair(): void {
    this.fault = null;
  }

  /** Restores the original functions. */
  remove(): void {
    for (const [name, real] of this.real) (fs as unknown as Record<string, AnyCall>)[name] = real;
  }

  private fails(name: string): boolean {
    if (this.fault === null) return false;
    this.calls += 1;
    const { from, lasting } = this.fault;
    const again = lasting && this.calls > from && NEEDS_SPACE.includes(name) && this.failed.length > 0;
    if (this.calls !== from && !again) return false;
    this.failed.push(name);
    return true;
  }

  private async reject(name: string, args: readonly unknown[]): Promise<never> {
    const [path, content] = args as [string, string | Uint8Array | undefined];
    // Leaves a partial file.
    if (name === 'writeFile') await this.real.get('writeFile')?.(path, half(content), args[2]);
    throw this.error(name);
  }

  private handle(real: FileHandle): FileHandle {
    return new Proxy(real, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (!FILE_CALLS.includes(String(name))) return value.bind(target);
        return async (...args: unknown[]) => {
          if (!this.fails(`file.${String(name)}`)) {
            // A sync has no visible effect without a power cut, and takes time.
            return name === 'sync' ? undefined : value.apply(target, args);
          }
          // A short write; a failed close closes the file too.
          if (name === 'writeFile') await target.writeFile(half(args[0] as string | Uint8Array));
          if (name === 'close') await target.close();
          throw this.error(String(name));
        };
      },
    });
  }

  private error(call: string): Error {
    const code = this.fault?.code ?? 'EIO';
    return Object.assign(new Error(`${code}: injected, ${call} '/secret/place'`), { code, errno: -5, syscall: call });
  }
}

function half(content: string | Uint8Array | undefined): Uint8Array {
  const bytes = Buffer.from(content ?? '');
  return bytes.subarray(0, bytes.byteLength >> 1);
}
