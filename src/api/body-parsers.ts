import type { FastifyInstance } from 'fastify';
import { Problem } from './problem';

/** Valid bodies have a depth of three. */
const MAX_JSON_DEPTH = 16;

/** Accepts JSON that is not nested too deeply, and the one field of the login form. */
export function addBodyParsers(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    if (isDeeperThan(text, MAX_JSON_DEPTH)) done(new Problem(400, 'expected JSON with less nesting'));
    else parse(request, text, done);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, { key: new URLSearchParams(String(body)).get('key') });
  });
}

/** Whether a JSON text is nested deeper than this. Checked before the text is parsed, in one pass without recursion. */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isInString) {
      if (character === '\\') at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (character === ']' || character === '}') depth -= 1;
  }
  return false;
}
