// The health check of a container: exit status 0 where the process says that it serves. `ready.mjs [URL]`; by default
// /readyz on METRICS_PORT, which worker and webhook answer with 200 once they have what they need.
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.METRICS_PORT}/readyz`;

// Read by fetch where NODE_USE_ENV_PROXY is set: a proxy does not reach into this container.
process.env.no_proxy = '*';

// Shorter than the health check's own limit, so that what it waited for is said.
const LIMIT_MS = 3_000;

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  process.stdout.write(`${url}: ${answer.status}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.code ?? error.name}\n`);
  process.exitCode = 1;
}
