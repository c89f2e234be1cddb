import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionLike, isGrpcServiceError } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/contract';
import { callWithDeadline, GRPC, hasStatus, isNotAllowed } from './rpc';

/** Search attributes are missing and may not be registered here, or have another type. The message contains an administrator's command. */
export class SearchAttributesUnusable extends Error {
  override readonly name = 'SearchAttributesUnusable';
  readonly kind = 'search-attributes';
}

/** A client's connection, or a worker's. */
type Services = Pick<ConnectionLike, 'operatorService' | 'workflowService' | 'withDeadline' | 'withAbortSignal'>;
type Name = keyof typeof SEARCH_ATTRIBUTES;

const { IndexedValueType } = temporal.api.enums.v1;
const TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};
/** As the temporal CLI spells them. */
const CLI_TYPES = { KEYWORD: 'Keyword', DATETIME: 'Datetime' };
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as Name[];

/** SQL visibility has columns for 10 of type Keyword and for 3 of most other types; the server (1.32) answers INVALID_ARGUMENT with this text. */
const NO_SLOT = /cannot have more than \d+ search attributes? of type/;

/** A new one is usable after some milliseconds on one server, and after the refresh of a cache, at most a minute, on a cluster. */
const USABLE_WITHIN_MS = 75_000;
const CHECK_EVERY_MS = 100;

/**
 * Registers the missing search attributes of the namespace and returns when all are usable; one call if none is missing. Any number of processes
 * may do so at once. @throws SearchAttributesUnusable; what the connection throws
 */
export async function ensureSearchAttributes(
  connection: Services,
  namespace: string,
  { log }: { readonly log: { info(fields: object, text: string): void } },
): Promise<void> {
  const registered = await readRegisteredTypes(connection, namespace);
  if (registered === 'not-allowed') {
    // A query still finds out: one that names an unknown attribute is rejected.
    const usable = await Promise.all(NAMES.map((name) => isUsable(connection, namespace, [name])));
    const unusable = NAMES.filter((_, index) => !usable[index]);
    if (unusable.length > 0) throw missingError(namespace, unusable);
    return;
  }
  const mistyped = NAMES.filter((name) => ![undefined, TYPES[SEARCH_ATTRIBUTES[name]]].includes(registered[name]));
  if (mistyped.length > 0) throw mistypedError(namespace, mistyped);
  const missing = NAMES.filter((name) => registered[name] === undefined);
  if (missing.length === 0) return;
  await register(connection, namespace, missing);
  await waitUntilUsable(connection, namespace);
  log.info({ namespace, searchAttributes: missing }, 'registered search attributes with Temporal');
}

async function readRegisteredTypes(connection: Services, namespace: string) {
  try {
    return await listAttributes(connection, namespace);
  } catch (error) {
    if (isNotAllowed(error)) return 'not-allowed';
    throw error;
  }
}

async function listAttributes(connection: Services, namespace: string) {
  const list = () => connection.operatorService.listSearchAttributes({ namespace });
  return (await callWithDeadline(connection, list)).customAttributes;
}

async function register(connection: Services, namespace: string, missing: readonly Name[]): Promise<void> {
  for (const name of missing) {
    try {
      // One by one: the server rejects a whole request if another process was faster with one of its names.
      const searchAttributes = { [name]: TYPES[SEARCH_ATTRIBUTES[name]] };
      await callWithDeadline(connection, () =>
        connection.operatorService.addSearchAttributes({ namespace, searchAttributes }),
      );
    } catch (error) {
      if (isNotAllowed(error)) throw missingError(namespace, missing);
      if (isGrpcServiceError(error) && NO_SLOT.test(error.details))
        throw await noSlotError(connection, namespace, name);
      if (!hasStatus(error, GRPC.ALREADY_EXISTS)) throw error;
    }
  }
}

async function waitUntilUsable(connection: Services, namespace: string): Promise<void> {
  const untilMs = performance.now() + USABLE_WITHIN_MS;
  while (!(await isUsable(connection, namespace, NAMES))) {
    if (performance.now() > untilMs) {
      throw new SearchAttributesUnusable(
        `expected the search attributes ${NAMES.join(', ')} to be usable in the namespace "${namespace}" ` +
          `within ${USABLE_WITHIN_MS / 1_000} s after they were registered; run this again once the server has them`,
      );
    }
    await sleep(CHECK_EVERY_MS);
  }
}

/** Whether a query may name them. */
async function isUsable(connection: Services, namespace: string, names: readonly Name[]): Promise<boolean> {
  const query = names.map((name) => `${name} IS NULL`).join(' AND ');
  try {
    await callWithDeadline(connection, () => connection.workflowService.countWorkflowExecutions({ namespace, query }));
    return true;
  } catch (error) {
    if (hasStatus(error, GRPC.INVALID_ARGUMENT)) return false;
    throw error;
  }
}

function missingError(namespace: string, names: readonly Name[]): SearchAttributesUnusable {
  return new SearchAttributesUnusable(
    `expected the search attributes ${names.join(', ')} in the namespace "${namespace}", and registering them is not allowed here; ` +
      `an administrator has to run: ${commandFor(namespace, names)}`,
  );
}

function mistypedError(namespace: string, names: readonly Name[]): SearchAttributesUnusable {
  const removal = names.map((name) => `--name ${name}`).join(' ');
  return new SearchAttributesUnusable(
    `expected ${names.map((name) => `${name} to be of type ${CLI_TYPES[SEARCH_ATTRIBUTES[name]]}`).join(', ')} ` +
      `in the namespace "${namespace}", got another type; use another namespace, or have an administrator run: ` +
      `temporal operator search-attribute remove --namespace ${namespace} ${removal}, ` +
      `then ${commandFor(namespace, names)}`,
  );
}

async function noSlotError(connection: Services, namespace: string, name: Name): Promise<SearchAttributesUnusable> {
  const type = SEARCH_ATTRIBUTES[name];
  const customAttributes = await listAttributes(connection, namespace);
  const taken = Object.keys(customAttributes).filter((each) => customAttributes[each] === TYPES[type]);
  const others = taken.filter((each) => !NAMES.some((own) => own === each)).sort();
  const missing = NAMES.filter((each) => customAttributes[each] === undefined);
  const needed = missing.filter((each) => SEARCH_ATTRIBUTES[each] === type).length;
  return new SearchAttributesUnusable(
    `expected the search attribute ${name} of type ${CLI_TYPES[type]} in the namespace "${namespace}", and all ${taken.length} ` +
      `of that type are taken, by ${others.join(', ')}${others.length < taken.length ? ' and our own' : ''}; use another namespace, ` +
      `or have an administrator remove ${needed} that no one uses, and register ours: ` +
      `temporal operator search-attribute remove --namespace ${namespace} --name NAME, ` +
      `then ${commandFor(namespace, missing)}`,
  );
}

/** The CLI pairs the first name with the first type and so on; it silently drops a name without a type of its own (1.9.1). */
function commandFor(namespace: string, names: readonly Name[]): string {
  const flags = names.map((name) => `--name ${name} --type ${CLI_TYPES[SEARCH_ATTRIBUTES[name]]}`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
}
