import type { FastifyInstance } from 'fastify';
import { exceedsDepth } from '../process/json-depth';
import { Problem } from './problem';

/** Valid bodies have a depth of three. */
const MAX_JSON_DEPTH = 16;

/** Accepts JSON that is not nested too deeply, and the one field of the login form. */
export function addBodyParsers(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (exceedsDepth(body, MAX_JSON_DEPTH)) done(new Problem(400, 'expected JSON with less nesting'));
    else parse(request, String(body), done);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, { key: new URLSearchParams(String(body)).get('key') });
  });
}
