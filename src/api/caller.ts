import type { FastifyRequest } from 'fastify';
import type { Role } from './keys';

/** Who calls, known by a key or by a session that was begun with one. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly by: 'key' | 'session';
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Null where nobody is known, which only a route for everybody and the open codec endpoint let in. */
export function callerOf(request: FastifyRequest): Caller | null {
  return callers.get(request) ?? null;
}

/** For the audit log; whoever uses the open codec endpoint has no name but the machine's. */
export function readActor(request: FastifyRequest): string {
  return callerOf(request)?.name ?? 'open:loopback';
}
