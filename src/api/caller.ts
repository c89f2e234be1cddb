import type { FastifyRequest } from 'fastify';
import { CARRIER_CODE, CARRIER_CODE_EXPECTED } from '../observability/audit-chain';
import type { Actor } from '../use-cases/use-cases';
import type { Role } from './keys';
import { Problem } from './problem';

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

const ON_BEHALF_OF = 'X-On-Behalf-Of';

/** The user of the caller's system, as it claims; null if it names none. @throws {Problem} 400 for another alphabet than that of audit ids */
export function readOnBehalfOf(request: FastifyRequest): string | null {
  const claimed = request.headers[ON_BEHALF_OF.toLowerCase()];
  if (claimed === undefined) return null;
  if (typeof claimed === 'string' && CARRIER_CODE.test(claimed)) return claimed;
  const errors = [{ parameter: ON_BEHALF_OF, code: 'format', expected: CARRIER_CODE_EXPECTED }];
  throw new Problem('invalid-parameter', 'expected valid parameters', { errors });
}

/** The caller in the audit log. A caller of the open codec endpoint has no name. */
export function readActor(request: FastifyRequest): Actor {
  const who = callerOf(request)?.name ?? 'open:loopback';
  const onBehalfOf = readOnBehalfOf(request);
  return onBehalfOf === null ? { who } : { who, onBehalfOf };
}
