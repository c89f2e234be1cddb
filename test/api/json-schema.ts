import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** Returns the value at a JSON pointer (RFC 6901), such as `/paths/~1summary/get`; undefined if there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[unescaped(key)],
    document,
  );
}

export function pointerTo(...keys: readonly string[]): string {
  return keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Returns a function that checks a value by the schema at a pointer of the OpenAPI document; null: it fits. */
export function createSchemaCheck(document: object): (pointer: string, value: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'api');
  return (pointer, value) => {
    const schema = encodeURI(`api#${pointer}`);
    const validate = ajv.getSchema(schema) ?? ajv.compile({ $ref: schema });
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
}

function unescaped(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~');
}
