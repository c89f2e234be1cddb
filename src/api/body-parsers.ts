import type { FastifyInstance } from 'fastify';
import { exceedsDepth } from '../process/json-depth';
import { Problem } from './problem';

/** Valid bodies have a depth of at most five. */
const MAX_JSON_DEPTH = 16;

/** Accepts JSON that is not nested too deeply. */
export function addBodyParsers(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity';
    // Many clients name the type of a body that they do not send.
    if (body.byteLength === 0) done(null, undefined);
    else if (encoding.toLowerCase() !== 'identity')
      done(new Problem('unsupported-media-type', 'expected a body without Content-Encoding'));
    else if (exceedsDepth(body, MAX_JSON_DEPTH)) done(new Problem('malformed', 'expected JSON with less nesting'));
    else parse(request, String(body), done);
  });
}

/** Accepts the one field of the login form. */
export function addFormParser(app: Pick<FastifyInstance, 'addContentTypeParser'>): void {
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, { key: new URLSearchParams(String(body)).get('key') ?? undefined });
  });
}
