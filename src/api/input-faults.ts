import type { FastifyInstance, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import type { InputFault } from '../use-cases/errors';
import { BASE } from './access';
import { Problem } from './problem';

/** A name that may be repeated in an answer: one that looks like the name of a field. Any other text could be personal data. */
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;

type Issue = z.core.$ZodIssue;

/** Validates each part of a request by its zod schema. All faults of the part are in one problem, without the values. */
export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    const checked = schema.safeParse(data, { error: describeExpected, reportInput: true });
    if (checked.success) return { value: checked.data };
    const faults = listFaults(checked.error.issues);
    if (httpPart === 'body')
      return { error: new Problem('invalid', 'expected valid fields', { errors: bodyFaults(faults) }) };
    const errors = faults.map(({ path, code, expected }) => ({ parameter: path[0] ?? '', code, expected }));
    return { error: new Problem('invalid-parameter', 'expected valid parameters', { errors }) };
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

function bodyFaults(faults: readonly Fault[]): InputFault[] {
  return faults.map(({ path, code, expected }) => ({ pointer: toPointer(path), code, expected }));
}

/** RFC 6901. */
function toPointer(path: readonly string[]): string {
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** One fault per field, in the order of the schema. */
function listFaults(issues: readonly Issue[]): Fault[] {
  const faults = issues.flatMap(toFaults);
  const isFirst = ({ path }: Fault, index: number) => faults.findIndex((fault) => samePath(fault.path, path)) === index;
  return faults.filter(isFirst);
}

function samePath(a: readonly string[], b: readonly string[]): boolean {
  return toPointer(a) === toPointer(b);
}

function toFaults(issue: Issue): Fault[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => (FIELD_NAME.test(name) ? [...path, name] : path));
    return names.map((name) => ({ path: name, code: 'unknown', expected: 'only the documented names' }));
  }
  return [{ path, code: codeOf(issue), expected: issue.message }];
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
