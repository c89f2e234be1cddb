import { STATUS_CODES } from 'node:http';

/** What servers write after a status instead of the phrase of the status. */
const OTHER_WORDS = ['error', 'page', 'file', 'proxy', 'server', 'backend', 'gateway', 'please', 'moved'];
/** The phrases of errors, and those of firewalls, proxies and portals (from public reports). */
const PHRASES: ReadonlySet<string> = new Set([
  ...Object.entries(STATUS_CODES).flatMap(([code, phrase = '']) => (Number(code) >= 400 ? [phrase.toLowerCase()] : [])),
  ...['error', 'gateway time-out', 'service temporarily unavailable', 'temporarily unavailable', 'proxy error'],
  ...['server error', 'application error', 'site maintenance', 'under maintenance', 'no healthy upstream'],
  ...['maintenance', 'scheduled maintenance', 'down for maintenance', 'site under maintenance', 'just a moment'],
  ...['access blocked', 'web filter violation', 'internet security by zscaler'],
  ...['login', 'log in', 'sign in', 'sign on', 'single sign-on', 'please sign in', 'please log in', 'captive portal'],
]);
/** Texts that begin so are errors, whatever follows. */
const BEGINNINGS = [
  ...['access denied', 'access to this page has been denied', 'request rejected', 'the requested url was rejected'],
  ...['error: the request could not be satisfied', 'error: the requested url could not be retrieved'],
  ...['the request could not be satisfied', 'the requested url could not be retrieved', 'invalid url'],
  ...['web page blocked', 'website blocked', 'page blocked', 'attention required! | cloudflare'],
  ...['pardon our interruption', 'upstream connect error', 'default backend', 'an error occurred'],
  ...['web server is returning', 'web server is down'],
];
/** `HTTP Status 404`, `Error 503`, `Status code: 500`. */
const STATUS_NAMED = /^(?:error|http|status)(?:[/\d. ]|error|status|code|[:#–-])* ?\(?[345]\d\d\b/;
/** Of Cloudflare: `example.org | 502: Bad gateway` and `Bad gateway Error code 502`. */
const STATUS_LAST = /\| ?[45]\d\d: |\berror code:? [45]\d\d$/;
const STATUS_FIRST = /^([345]\d\d)(?:[ :.|–-]*$|[ :.|–-]+([a-z']+))/;

/** Whether a title or heading is that of an error, a block or a login. `500 mg daily` and `404 Main Street` are not. */
export function isErrorText(text: string): boolean {
  const words = normalize(text);
  const [, code, word = ''] = STATUS_FIRST.exec(words) ?? [];
  if (code !== undefined) {
    const own = STATUS_CODES[code]?.split(' ')[0]?.toLowerCase();
    return word === '' || word === own || OTHER_WORDS.includes(word);
  }
  if (PHRASES.has(words.replace(/[.!…]+$/, '')) || STATUS_NAMED.test(words) || STATUS_LAST.test(words)) return true;
  return BEGINNINGS.some((beginning) => words.startsWith(beginning));
}

/** Lower case, single spaces, one kind of dash. */
function normalize(text: string): string {
  return text
    .replace(/&(?:n|m)dash;|&#821[12];|\xE2\x80[\x93\x94]|[\x96\x97]/gi, '–')
    .replace(/&nbsp;|\s+/gi, ' ')
    .trim()
    .toLowerCase();
}
