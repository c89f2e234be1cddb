import type { FastifyInstance } from 'fastify';
import { exceedsDepth } from '../process/json-depth';
import { Problem } from './problem';

/** Valid bodies have a depth of three. */
const MAX_JSON_DEPTH = 16;

/** Accepts JSON that is not nested too deeply, and the one field of the login form. */
export function addBodyParsers(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (exceedsDepth(Buffer.from(text), MAX_JSON_DEPTH)) done(new Problem(400, 'expected JSON with less nesting'));
    else parse(request, text, done);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, { key: new URLSearchParams(String(body)).get('key') });
  });
}
