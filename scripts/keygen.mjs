// npm run keygen: prints a new entry of PAYLOAD_KEYS or AUDIT_KEY, or a new API key with its entry of API_KEYS. Stores nothing.
import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

const USAGE = `expected one of
  npm run keygen -- <id>                          an entry of PAYLOAD_KEYS or AUDIT_KEY (id: 1 to 32 letters, digits, "_", "." or "-")
  npm run keygen -- --api-key <name> <role+role>  an API key and its entry of API_KEYS (roles: intake, read, contact, records, operate, audit)`;
const ROLES = ['intake', 'read', 'contact', 'records', 'operate', 'audit'];

function failWithUsage() {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}

function parseArguments() {
  try {
    return parseArgs({ options: { 'api-key': { type: 'boolean' } }, allowPositionals: true });
  } catch {
    return failWithUsage();
  }
}

function printKey([id, ...others]) {
  if (id === undefined || others.length > 0 || !/^[\w.-]{1,32}$/.test(id)) failWithUsage();
  // 32 bytes: a key of AES-256 or HMAC-SHA-256.
  process.stdout.write(`${id}:${randomBytes(32).toString('base64')}\n`);
}

function printApiKey([name, roleList, ...others]) {
  const roles = roleList?.split('+') ?? [];
  const areValid = roles.every((role, at) => ROLES.includes(role) && roles.indexOf(role) === at);
  const isNamed = name !== undefined && /^[A-Za-z0-9][\w.-]{0,63}$/.test(name);
  if (!isNamed || roles.length === 0 || others.length > 0 || !areValid) failWithUsage();
  // Random and so long that it cannot be guessed, so a plain hash of it is safe.
  const key = randomBytes(32).toString('base64url');
  process.stdout.write(`${key}\n`);
  process.stdout.write(`${name}:${roleList}:${createHash('sha256').update(key).digest('hex')}\n`);
  process.stderr.write(
    'Line 1 is the key: give it to its holder; it is not shown again. Line 2 is its entry of API_KEYS.\n',
  );
}

const { values, positionals } = parseArguments();
if (values['api-key']) printApiKey(positionals);
else printKey(positionals);
