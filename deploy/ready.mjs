// `ready.mjs [URL]`: the health check of a container. Ends with status 0 if the URL answers with 2xx. Default: /readyz on
// METRICS_PORT.
const url = process.argv[2] ?? `http://127.0.0.1:${process.env.METRICS_PORT}/readyz`;

// With NODE_USE_ENV_PROXY, fetch reads it: a proxy cannot reach into this container.
process.env.no_proxy = '*';

// Shorter than the time-out of the health check, so that this script prints the reason.
const LIMIT_MS = 3_000;

try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
  process.stdout.write(`${url}: ${answer.status}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.code ?? error.name}\n`);
  process.exitCode = 1;
}
