import type { FastifyRequest } from 'fastify';
import type { Role } from './keys';

/** A caller, identified by a key or by a session that was opened with one. */
export interface Caller {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly by: 'key' | 'session';
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function setCaller(request: FastifyRequest, caller: Caller): void {
  callers.set(request, caller);
}

/** Null for an anonymous caller, of a public route or the open codec endpoint. */
export function callerOf(request: FastifyRequest): Caller | null {
  return callers.get(request) ?? null;
}

/** The caller in the audit log. A caller of the open codec endpoint has no name. */
export function readActor(request: FastifyRequest): string {
  return callerOf(request)?.name ?? 'open:loopback';
}
