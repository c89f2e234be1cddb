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
/** The server's number of a type, and how the temporal CLI spells it. */
const TYPES = {
  KEYWORD: { code: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD, cli: 'Keyword' },
  DATETIME: { code: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_DATETIME, cli: 'Datetime' },
  KEYWORD_LIST: { code: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST, cli: 'KeywordList' },
  INT: { code: temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_INT, cli: 'Int' },
};
type Name = keyof typeof SEARCH_ATTRIBUTES;
const NAMES = Object.keys(SEARCH_ATTRIBUTES) as Name[];
const typeOf = (name: Name) => TYPES[SEARCH_ATTRIBUTES[name]];

/** SQL visibility has columns for 10 of type Keyword and for 3 of most other types; the server (1.32) answers INVALID_ARGUMENT with this text. */
const NO_SLOT = /cannot have more than \d+ search attributes? of type/;

/** A new attribute is usable within milliseconds on a single server, and within a minute on a cluster, whose caches refresh by then. */
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
  const { missing, mayList } = await findMissing(connection, namespace);
  if (missing.length === 0) return;
  if (!mayList) throw missingError(namespace, missing);
  await register(connection, namespace, missing);
  await waitUntilUsable(connection, namespace);
  log.info({ namespace, searchAttributes: missing }, 'registered search attributes with Temporal');
}

/** The names of the search attributes that the namespace lacks. @throws SearchAttributesUnusable for another type; what the connection throws */
export async function findMissingSearchAttributes(connection: Services, namespace: string): Promise<readonly string[]> {
  return (await findMissing(connection, namespace)).missing;
}

async function findMissing(connection: Services, namespace: string) {
  const registered = await readRegisteredTypes(connection, namespace);
  if (registered === 'not-allowed') {
    // Tries a query instead: the server rejects a query that names an unknown attribute.
    const usable = await Promise.all(NAMES.map((name) => isUsable(connection, namespace, [name])));
    return { missing: NAMES.filter((_, index) => !usable[index]), mayList: false };
  }
  const mistyped = NAMES.filter((name) => ![undefined, typeOf(name).code].includes(registered[name]));
  if (mistyped.length > 0) throw mistypedError(namespace, mistyped);
  return { missing: NAMES.filter((name) => registered[name] === undefined), mayList: true };
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
      const searchAttributes = { [name]: typeOf(name).code };
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

/** Whether a query can name these attributes. */
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
    `the namespace "${namespace}" lacks the search attributes ${names.join(', ')}, and this account may not register them; ` +
      `an administrator has to run: ${commandFor(namespace, names)}`,
  );
}

function mistypedError(namespace: string, names: readonly Name[]): SearchAttributesUnusable {
  const removal = names.map((name) => `--name ${name}`).join(' ');
  return new SearchAttributesUnusable(
    `search attributes of the namespace "${namespace}" have another type than ` +
      `${names.map((name) => `${name} (${typeOf(name).cli})`).join(', ')}; use another namespace, or ask an administrator to run: ` +
      `temporal operator search-attribute remove --namespace ${namespace} ${removal}, ` +
      `then ${commandFor(namespace, names)}`,
  );
}

async function noSlotError(connection: Services, namespace: string, name: Name): Promise<SearchAttributesUnusable> {
  const { code, cli } = typeOf(name);
  const customAttributes = await listAttributes(connection, namespace);
  const taken = Object.keys(customAttributes).filter((each) => customAttributes[each] === code);
  const others = taken.filter((each) => !NAMES.some((own) => own === each)).sort();
  const missing = NAMES.filter((each) => customAttributes[each] === undefined);
  const needed = missing.filter((each) => typeOf(each).code === code).length;
  return new SearchAttributesUnusable(
    `cannot register ${name}: the namespace "${namespace}" allows no more search attributes of type ${cli} ` +
      `(taken by ${others.join(', ')}${others.length < taken.length ? ' and our own' : ''}). Use another namespace, ` +
      `or ask an administrator to remove ${needed} unused ones and to register ours: ` +
      `temporal operator search-attribute remove --namespace ${namespace} --name NAME, ` +
      `then ${commandFor(namespace, missing)}`,
  );
}

/** The CLI pairs the first name with the first type and so on; it silently drops a name without a type of its own (1.9.1). */
function commandFor(namespace: string, names: readonly Name[]): string {
  const flags = names.map((name) => `--name ${name} --type ${typeOf(name).cli}`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${flags}`;
}
