import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/contract';

/** The namespace lacks search attributes that we may not register, or has one of another type: the message says what an administrator runs. */
export class SearchAttributesUnusable extends Error {
  override readonly name = 'SearchAttributesUnusable';
  readonly kind = 'search-attributes';
}

/** What of a connection is needed: a client's or a worker's. */
type Services = Pick<ConnectionLike, 'operatorService' | 'workflowService'>;
type Name = keyof typeof SEARCH_ATTRIBUTES;

const { IndexedValueType } = temporal.api.enums.v1;
const TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};
/** As the temporal CLI spells them. */
const CLI_TYPES = { KEYWORD: 'Keyword', DATETIME: 'Datetime' };
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as Name[];

/** gRPC's numbers (grpc.io, "Status codes"). */
const INVALID_ARGUMENT = 3;
const ALREADY_EXISTS = 6;
/** Temporal Cloud has no operator service, and an account may not be allowed to use it. */
const NOT_ALLOWED: readonly unknown[] = [7 /* PERMISSION_DENIED */, 12 /* UNIMPLEMENTED */, 16 /* UNAUTHENTICATED */];

/** SQL visibility has columns for 10 of type Keyword and for 3 of most others; the server (1.32) answers INVALID_ARGUMENT with this. */
const NO_SLOT = /cannot have more than \d+ search attributes? of type/;

/** A new one is usable some milliseconds later on one server, and after its cache's refresh, a minute at most, on a cluster. */
const USABLE_WITHIN_MS = 75_000;
const LOOK_AGAIN_MS = 100;

/**
 * Registers the search attributes that the namespace lacks and returns when all can be used; one call where there is nothing to do.
 * Any number of processes may do so at once. @throws SearchAttributesUnusable; what the connection throws
 */
export async function ensureSearchAttributes(
  connection: Services,
  namespace: string,
  { log }: { readonly log: { info(fields: object, text: string): void } },
): Promise<void> {
  const registered = await registeredTypes(connection, namespace);
  if (registered === 'not-allowed') {
    // What must not be listed can still be asked for: a query that names an unknown attribute is refused.
    const usable = await Promise.all(NAMES.map((name) => isUsable(connection, namespace, [name])));
    const unusable = NAMES.filter((_, index) => !usable[index]);
    if (unusable.length > 0) throw missing(namespace, unusable);
    return;
  }
  const wrong = NAMES.filter((name) => ![undefined, TYPES[SEARCH_ATTRIBUTES[name]]].includes(registered[name]));
  if (wrong.length > 0) throw ofOtherType(namespace, wrong);
  const absent = NAMES.filter((name) => registered[name] === undefined);
  if (absent.length === 0) return;
  await register(connection, namespace, absent);
  await untilUsable(connection, namespace);
  log.info({ namespace, searchAttributes: absent }, 'registered search attributes with Temporal');
}

async function registeredTypes(connection: Services, namespace: string) {
  try {
    return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  } catch (error) {
    if (isGrpcServiceError(error) && NOT_ALLOWED.includes(error.code)) return 'not-allowed';
    throw error;
  }
}

async function register(connection: Services, namespace: string, absent: readonly Name[]): Promise<void> {
  for (const name of absent) {
    try {
      // One by one: a request is refused as a whole when another process was faster with one of its names.
      const searchAttributes = { [name]: TYPES[SEARCH_ATTRIBUTES[name]] };
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    } catch (error) {
      const code = isGrpcServiceError(error) ? error.code : null;
      if (NOT_ALLOWED.includes(code)) throw missing(namespace, absent);
      if (isGrpcServiceError(error) && NO_SLOT.test(error.details)) throw await noSlot(connection, namespace, name);
      if (code !== ALREADY_EXISTS) throw error;
    }
  }
}

async function untilUsable(connection: Services, namespace: string): Promise<void> {
  const untilMs = performance.now() + USABLE_WITHIN_MS;
  while (!(await isUsable(connection, namespace, NAMES))) {
    if (performance.now() > untilMs) {
      throw new SearchAttributesUnusable(
        `expected the search attributes ${NAMES.join(', ')} to be usable in the namespace "${namespace}" ` +
          `within ${USABLE_WITHIN_MS / 1_000} s after they were registered; run this again once the server knows them`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Whether a query may name them. */
async function isUsable(connection: Services, namespace: string, names: readonly Name[]): Promise<boolean> {
  const query = names.map((name) => `${name} IS NULL`).join(' AND ');
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === INVALID_ARGUMENT) return false;
    throw error;
  }
}

function missing(namespace: string, names: readonly Name[]): SearchAttributesUnusable {
  return new SearchAttributesUnusable(
    `expected the search attributes ${names.join(', ')} in the namespace "${namespace}", and registering them is not allowed here; ` +
      `an administrator has to run: ${commandFor(namespace, names)}`,
  );
}

function ofOtherType(namespace: string, names: readonly Name[]): SearchAttributesUnusable {
  const removal = names.map((name) => `--name ${name}`).join(' ');
  return new SearchAttributesUnusable(
    `expected ${names.map((name) => `${name} to be of type ${CLI_TYPES[SEARCH_ATTRIBUTES[name]]}`).join(', ')} ` +
      `in the namespace "${namespace}", another type came; use another namespace, or have an administrator run: ` +
      `temporal operator search-attribute remove --namespace ${namespace} ${removal}, ` +
      `then ${commandFor(namespace, names)}`,
  );
}

async function noSlot(connection: Services, namespace: string, name: Name): Promise<SearchAttributesUnusable> {
  const type = SEARCH_ATTRIBUTES[name];
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const taken = Object.keys(customAttributes).filter((each) => customAttributes[each] === TYPES[type]);
  const foreign = taken.filter((each) => !NAMES.some((own) => own === each)).sort();
  const stillAbsent = NAMES.filter((each) => customAttributes[each] === undefined);
  const needed = stillAbsent.filter((each) => SEARCH_ATTRIBUTES[each] === type).length;
  return new SearchAttributesUnusable(
    `expected the search attribute ${name} of type ${CLI_TYPES[type]} in the namespace "${namespace}", and all ${taken.length} ` +
      `of that type are taken, by ${foreign.join(', ')}${foreign.length < taken.length ? ' and our own' : ''}; use another namespace, ` +
      `or have an administrator remove ${needed} that no one uses, and register ours: ` +
      `temporal operator search-attribute remove --namespace ${namespace} --name NAME, ` +
      `then ${commandFor(namespace, stillAbsent)}`,
  );
}

/** The CLI pairs the first name with the first type and so on; a name without a type of its own is dropped without a word (1.9.1). */
function commandFor(namespace: string, names: readonly Name[]): string {
  const flags = names.map((name) => `--name ${name} --type ${CLI_TYPES[SEARCH_ATTRIBUTES[name]]}`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
}
