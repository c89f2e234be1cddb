import { valueAt } from './json-schema';

/** A JSON Schema, a parameter, an operation or another object of an OpenAPI document. */
interface Node {
  readonly [name: string]: unknown;
}

/** `request`: what callers may send must stay accepted. `response`: what callers read must stay there. */
type Direction = 'request' | 'response';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'];
/** A schema may refer to itself. */
const MAX_DEPTH = 12;
/** A larger value of the first three, and a smaller one of the others, accepts less. */
const LOWER_BOUNDS = ['minimum', 'minLength', 'minItems'];
const UPPER_BOUNDS = ['maximum', 'maxLength', 'maxItems'];

/**
 * What a caller of the released API may lose by the current one, as `GET /applicants 200 /items/0: ...`. Additions are no breaking change; enums of
 * responses may grow.
 */
export function breakingChanges(released: Node, current: Node): string[] {
  const [before, now] = [new Document(released), new Document(current)];
  return Object.entries(nodes(released['paths'])).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method] as Node | undefined;
      if (operation === undefined) return [];
      const name = `${method.toUpperCase()} ${path}`;
      const other = nodes(current['paths'])[path]?.[method] as Node | undefined;
      return other === undefined ? [`${name} is removed`] : operationBreaks(name, [before, operation], [now, other]);
    }),
  );
}

function operationBreaks(name: string, before: [Document, Node], now: [Document, Node]): string[] {
  const [[old, operation], [fresh, other]] = [before, now];
  const role = operation['x-role'] === other['x-role'] ? [] : [`${name}: x-role changes`];
  return [...role, ...parameterBreaks(name, before, now), ...bodyBreaks(name, before, now), ...answers()];

  function answers(): string[] {
    return Object.entries(nodes(operation['responses'])).flatMap(([status, answer]) => {
      const next = nodes(other['responses'])[status];
      if (next === undefined) return [`${name}: status ${status} is removed`];
      const [was, is] = [old.resolve(answer), fresh.resolve(next)];
      const headers = Object.keys(nodes(was['headers'])).filter((header) => !(header in nodes(is['headers'])));
      return [
        ...headers.map((header) => `${name} ${status}: header ${header} is removed`),
        ...contentBreaks(`${name} ${status}`, [old, was], [fresh, is], 'response'),
      ];
    });
  }
}

function parameterBreaks(name: string, [old, operation]: [Document, Node], [fresh, other]: [Document, Node]): string[] {
  const list = (document: Document, node: Node) =>
    new Map(
      ((node['parameters'] ?? []) as Node[]).map((entry) => {
        const parameter = document.resolve(entry);
        return [`${parameter['in']} ${parameter['name']}`, parameter];
      }),
    );
  const [was, is] = [list(old, operation), list(fresh, other)];
  const added = [...is].filter(([key, { required }]) => required === true && was.get(key)?.['required'] !== true);
  return [
    ...added.map(([key]) => `${name}: parameter ${key} is newly required`),
    ...[...was].flatMap(([key, { schema }]) => {
      const next = is.get(key);
      // The API refuses unknown parameters, so a removed one is an error for its callers.
      if (next === undefined) return [`${name}: parameter ${key} is removed`];
      return schemaBreaks(`${name} ${key}`, [old, schema as Node], [fresh, next['schema'] as Node], 'request');
    }),
  ];
}

function bodyBreaks(name: string, [old, operation]: [Document, Node], [fresh, other]: [Document, Node]): string[] {
  const [was, is] = [operation['requestBody'], other['requestBody']] as [Node?, Node?];
  if (was === undefined) return is?.['required'] === true ? [`${name}: a body is newly required`] : [];
  if (is === undefined) return [`${name}: the body is removed`];
  return contentBreaks(`${name} body`, [old, old.resolve(was)], [fresh, fresh.resolve(is)], 'request');
}

function contentBreaks(
  name: string,
  [old, was]: [Document, Node],
  [fresh, is]: [Document, Node],
  direction: Direction,
) {
  return Object.entries(nodes(was['content'])).flatMap(([type, media]) => {
    const next = nodes(is['content'])[type];
    if (next === undefined) return [`${name}: ${type} is removed`];
    return schemaBreaks(name, [old, media['schema'] as Node], [fresh, next['schema'] as Node], direction);
  });
}

/** Compares the variants of two schemas (type, nullable, anyOf) pairwise by type. */
function schemaBreaks(
  at: string,
  [old, was]: [Document, Node | undefined],
  [fresh, is]: [Document, Node | undefined],
  direction: Direction,
  depth = 0,
): string[] {
  if (was === undefined || is === undefined || depth > MAX_DEPTH) return [];
  const [variantsBefore, variantsNow] = [old.variants(was), fresh.variants(is)];
  const [lost, gained] = [missingTypes(variantsBefore, variantsNow), missingTypes(variantsNow, variantsBefore)];
  const changed = direction === 'request' ? lost : gained;
  // A response whose type changes completely has lost its type and gained another.
  if (changed.length > 0)
    return [`${at}: type ${changed.join(', ')} is ${direction === 'request' ? 'refused' : 'new'}`];
  return variantsBefore.flatMap((variant, index) => {
    const sameType = variantsNow.filter(({ type }) => type === variant.type);
    const position = variantsBefore.slice(0, index).filter(({ type }) => type === variant.type).length;
    const next = sameType[Math.min(position, sameType.length - 1)];
    return next === undefined ? [] : variantBreaks(at, [old, variant.schema], [fresh, next.schema], direction, depth);
  });
}

function variantBreaks(
  at: string,
  [old, was]: [Document, Node],
  [fresh, is]: [Document, Node],
  direction: Direction,
  depth: number,
): string[] {
  const compare = (name: string, a: unknown, b: unknown) =>
    schemaBreaks(`${at}/${name}`, [old, a as Node], [fresh, b as Node], direction, depth + 1);
  const [before, now] = [nodes(was['properties']), nodes(is['properties'])];
  const [requiredBefore, requiredNow] = [was, is].map(({ required }) => new Set((required ?? []) as string[]));
  const requirements =
    direction === 'request'
      ? Object.keys(now).filter((name) => requiredNow?.has(name) && !requiredBefore?.has(name))
      : Object.keys(before).filter((name) => name in now && requiredBefore?.has(name) && !requiredNow?.has(name));
  return [
    ...Object.keys(before).flatMap((name) => (name in now ? [] : [`${at}/${name} is removed`])),
    ...requirements.map(
      (name) => `${at}/${name} is ${direction === 'request' ? 'newly required' : 'no longer certain'}`,
    ),
    ...Object.keys(before).flatMap((name) => compare(name, before[name], now[name])),
    ...compare('0', was['items'], is['items']),
    ...(direction === 'request' ? limitBreaks(at, was, is) : []),
  ];
}

/** Values that were accepted and are refused now. */
function limitBreaks(at: string, was: Node, is: Node): string[] {
  const values = (node: Node) =>
    (node['enum'] ?? (node['const'] === undefined ? undefined : [node['const']])) as unknown[];
  const [allowedBefore, allowedNow] = [values(was), values(is)];
  const refused = allowedNow === undefined ? [] : (allowedBefore ?? ['any']).filter((one) => !allowedNow.includes(one));
  const tighter = (names: readonly string[], isTighter: (a: number, b: number) => boolean, none: number) =>
    names.filter((name) => isTighter(Number(is[name] ?? none), Number(was[name] ?? none)));
  return [
    ...refused.map((value) => `${at}: ${value} is refused`),
    ...tighter(LOWER_BOUNDS, (a, b) => a > b, Number.NEGATIVE_INFINITY).map((name) => `${at}: ${name} is higher`),
    ...tighter(UPPER_BOUNDS, (a, b) => a < b, Number.POSITIVE_INFINITY).map((name) => `${at}: ${name} is lower`),
    ...(is['pattern'] !== undefined && is['pattern'] !== was['pattern'] ? [`${at}: the pattern changes`] : []),
  ];
}

interface Variant {
  readonly type: string;
  readonly schema: Node;
}

function missingTypes(from: readonly Variant[], other: readonly Variant[]): string[] {
  const types = new Set(other.map(({ type }) => type));
  // A schema without a type is anything.
  return types.has('any') ? [] : [...new Set(from.map(({ type }) => type))].filter((type) => !types.has(type));
}

class Document {
  constructor(private readonly root: Node) {}

  resolve(node: Node): Node {
    const reference = node['$ref'];
    if (typeof reference !== 'string') return node;
    const target = valueAt(this.root, reference.slice(1));
    if (target === undefined) throw new Error(`expected the target of ${reference}`);
    return this.resolve(target as Node);
  }

  variants(schema: Node): Variant[] {
    const resolved = this.resolve(schema);
    const union = (resolved['anyOf'] ?? resolved['oneOf']) as Node[] | undefined;
    if (union !== undefined) return union.flatMap((one) => this.variants(one));
    const types = resolved['type'] === undefined ? ['any'] : [resolved['type']].flat();
    return types.map((type) => ({ type: String(type), schema: resolved }));
  }
}

function nodes(value: unknown): Readonly<Record<string, Node>> {
  return (value ?? {}) as Record<string, Node>;
}
