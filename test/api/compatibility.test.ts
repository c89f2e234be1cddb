import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { breakingChanges } from './breaking-changes';

const DOCS = join(__dirname, '../../docs');
/** As the last release served it. A release replaces it with docs/openapi.json (docs/versioning.md). */
const RELEASED = join(DOCS, 'openapi/v1.json');
const CURRENT = join(DOCS, 'openapi.json');

test('the API keeps what the last release offered: v1 changes only by addition', () => {
  const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  expect(breakingChanges(read(RELEASED), read(CURRENT))).toEqual([]);
});

type Json = Record<string, unknown>;
const A = ['paths', '/a', 'get'];
const BODY = ['paths', '/b', 'post', 'requestBody', 'content', 'application/json', 'schema'];
const VIEW = ['components', 'schemas', 'View'];

/** Each change: the place, its new value (undefined: removed) and the message; null: not breaking. */
const CHANGES: readonly (readonly [string, readonly string[], unknown, string | null])[] = [
  ['a removed path', ['paths', '/a'], undefined, 'GET /a is removed'],
  ['a removed operation', ['paths', '/b', 'post'], undefined, 'POST /b is removed'],
  ['another role', [...A, 'x-role'], 'operate', 'x-role changes'],
  ['a removed parameter', [...A, 'parameters'], [], 'parameter query limit is removed'],
  ['a newly required parameter', [...A, 'parameters', '0', 'required'], true, 'query limit is newly required'],
  ['a lower limit', [...A, 'parameters', '0', 'schema', 'maximum'], 50, 'maximum is lower'],
  ['a removed status', [...A, 'responses', '404'], undefined, 'status 404 is removed'],
  ['a removed header', [...A, 'responses', '200', 'headers'], {}, 'header ETag is removed'],
  ['a removed field of an answer', [...VIEW, 'properties', 'stage'], undefined, '/stage is removed'],
  ['an answer that may be null', [...VIEW, 'properties', 'stage', 'type'], ['string', 'null'], 'type null is new'],
  ['another type', [...VIEW, 'properties', 'stage', 'type'], 'number', 'type number is new'],
  ['a field that may be absent', [...VIEW, 'required'], ['id'], '/stage is no longer certain'],
  ['a removed field of a body', [...BODY, 'properties', 'note'], undefined, '/note is removed'],
  ['a newly required field of a body', [...BODY, 'required'], ['code', 'note'], '/note is newly required'],
  ['a narrower enum of a body', [...BODY, 'properties', 'code', 'enum'], ['one'], 'other is refused'],
  // What v1 may do.
  ['a new path', ['paths', '/c'], { get: {} }, null],
  ['a new field of an answer', [...VIEW, 'properties', 'more'], {}, null],
  ['a new optional field of a body', [...BODY, 'properties', 'more'], {}, null],
  ['a wider enum of an answer', [...VIEW, 'properties', 'stage', 'enum'], ['open', 'closed', 'new'], null],
  ['a new status', [...A, 'responses', '503'], {}, null],
];

test.each(CHANGES)('the check recognizes whether %s breaks callers', (_name, place, value, message) => {
  const found = breakingChanges(SMALL, changed(SMALL, place, value));
  expect(found).toEqual(message === null ? [] : [expect.stringContaining(message)]);
});

/** A document with every part that the check compares. */
const SMALL = {
  paths: {
    '/a': {
      get: {
        'x-role': 'read',
        parameters: [{ name: 'limit', in: 'query', required: false, schema: { type: 'integer', maximum: 200 } }],
        responses: {
          '200': {
            headers: { ETag: { schema: { type: 'string' } } },
            content: { 'application/json': { schema: { $ref: '#/components/schemas/View' } } },
          },
          '404': {},
        },
      },
    },
    '/b': {
      post: {
        requestBody: {
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['code'],
                properties: { code: { type: 'string', enum: ['one', 'other'] }, note: { type: 'string' } },
              },
            },
          },
        },
        responses: {},
      },
    },
  },
  components: {
    schemas: {
      View: {
        type: 'object',
        required: ['id', 'stage'],
        properties: { id: { type: 'string' }, stage: { type: 'string', enum: ['open', 'closed'] } },
      },
    },
  },
};

/** A copy with another value at a place; undefined: without it. */
function changed(document: unknown, [key = '', ...rest]: readonly string[], value: unknown): Json {
  const copy = (Array.isArray(document) ? [...document] : { ...(document as object) }) as Json;
  if (rest.length > 0) copy[key] = changed(copy[key], rest, value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}
