import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

// Prints a new entry of PAYLOAD_KEYS, or a new API key with its entry of API_KEYS. Nothing is kept: what is printed is all there is.

const USAGE = `expected one of
  npm run keygen -- <id>                          an entry of PAYLOAD_KEYS (id: 1 to 32 letters, digits, "_", "." or "-")
  npm run keygen -- --api-key <name> <role+role>  an API key and its entry of API_KEYS (roles: intake, read, records, operate, audit)`;
const ROLES = ['intake', 'read', 'records', 'operate', 'audit'];

function usage() {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

function given() {
  try {
    return parseArgs({ options: { 'api-key': { type: 'boolean' } }, allowPositionals: true });
  } catch {
    return usage();
  }
}

function payloadKey([id, ...more]) {
  if (id === undefined || more.length > 0 || !/^[\w.-]{1,32}$/.test(id)) usage();
  // As long as AES-256 takes.
  process.stdout.write(`${id}:${randomBytes(32).toString('base64')}\n`);
}

function apiKey([name, roles, ...more]) {
  const given = roles?.split('+') ?? [];
  const known = given.every((role, at) => ROLES.includes(role) && given.indexOf(role) === at);
  if (name === undefined || given.length === 0 || more.length > 0 || !known || !/^[A-Za-z0-9][\w.-]{0,63}$/.test(name))
    usage();
  // So long that nobody guesses it: that is why its plain hash may be kept.
  const key = randomBytes(32).toString('base64url');
  process.stdout.write(`${key}\n`);
  process.stdout.write(`${name}:${roles}:${createHash('sha256').update(key).digest('hex')}\n`);
  process.stderr.write(
    'The first line is the key, for its holder, and is shown this once; the second is its entry of API_KEYS.\n',
  );
}

const { values, positionals } = given();
if (values['api-key']) apiKey(positionals);
else payloadKey(positionals);
