import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { isKnownType } from '../domain/reports';
import { BASE } from './access';
import { Problem } from './problem';

type Issue = z.core.$ZodIssue;

/** Validates each part of a request by its zod schema. All faults of the part are in one problem, without values or names that came. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const names = documentedNames(schema);
  return (data: unknown) => {
    const checked = schema.safeParse(data, { error: describeExpected, reportInput: true });
    if (checked.success) return { value: checked.data };
    const faults = checked.error.issues.flatMap((issue) => toFaults(issue, names));
    if (httpPart === 'body') {
      const errors = faults.map(({ path, code, expected }) => ({ pointer: toPointer(path), code, expected }));
      return { error: new Problem('invalid', 'expected valid fields', { errors: firstFaults(errors, 'pointer') }) };
    }
    const errors = faults.map(({ path, code, expected }) => ({ parameter: path[0] ?? '', code, expected }));
    return {
      error: new Problem('invalid-parameter', 'expected valid parameters', {
        errors: firstFaults(errors, 'parameter'),
      }),
    };
  };
};

/** Refuses every query parameter on the routes of the API that declare none; call it before they are added. */
export function refuseUndeclaredParameters(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(`${BASE}/`)) route.schema = { querystring: NO_PARAMETERS, ...route.schema };
  });
}

const NO_PARAMETERS = z.strictObject({});

interface Fault {
  readonly path: readonly string[];
  readonly code: string;
  readonly expected: string;
}

/** RFC 6901. */
function toPointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The first fault of each field or parameter, in the order of the schema. */
function firstFaults<Key extends string>(faults: readonly Readonly<Record<Key, string>>[], key: Key) {
  const seen = new Set<string>();
  return faults.filter((fault) => !seen.has(fault[key]) && seen.add(fault[key]));
}

/** The names of the fields of a body, or of the parameters. */
function documentedNames(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodNullable) return documentedNames(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function toFaults(issue: Issue, names: readonly string[]): Fault[] {
  const known = new Set(names.map(foldName));
  const isKnown = (name: string) => known.has(foldName(name));
  if (issue.code === 'unrecognized_keys') {
    const expected = names.length === 0 ? 'no fields or parameters' : `only ${names.join(', ')}`;
    return issue.keys.map((name) => ({ path: isKnown(name) ? [name] : [], code: 'unknown', expected }));
  }
  // A name that came is text of the caller, which can be personal, unless it is documented. An index of an array is a number.
  const end = issue.path.findIndex(
    (part) => typeof part !== 'number' && !isKnown(String(part)) && !isKnownType(String(part)),
  );
  const path = (end === -1 ? issue.path : issue.path.slice(0, end)).map(String);
  return [{ path, code: codeOf(issue), expected: issue.message }];
}

/** Other spellings of a name have the same: `first_name` and `firstName`. */
function foldName(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/** A closed vocabulary, which may grow. */
function codeOf({ code, input }: Issue): string {
  if (input === undefined && (code === 'invalid_type' || code === 'invalid_value')) return 'required';
  if (code === 'invalid_type') return 'type';
  if (code === 'invalid_value') return 'value';
  return code === 'too_big' || code === 'too_small' ? 'size' : 'format';
}

/** For checks without a text of their own. zod's texts quote what came. */
function describeExpected(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `a value of the type ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    default:
      return 'a value of the documented form';
  }
}
