// node scripts/npm-audit.mjs: fails if a package that ships has a known vulnerability of severity high or critical. If the
// registry of npm does not answer, prints this and passes.
import { capture } from './set-up/child.mjs';
import { ROOT, runCommand } from './set-up/project.mjs';

const LIMIT_MS = 60_000;

await runCommand(async () => {
  const args = ['audit', '--omit=dev', '--audit-level=high', '--json'];
  const { status, output } = await capture('npm', args, { cwd: ROOT, timeoutMs: LIMIT_MS });
  const report = parseReport(output);
  if (report.vulnerabilities === undefined) {
    const reason = report.message ?? `npm ended with status ${status} and no report`;
    process.stdout.write(`skipped: npm audit, ${reason.split(/\n| - /)[0]}\n`);
    return 0;
  }
  const severe = Object.values(report.vulnerabilities).filter(({ severity }) => /^(high|critical)$/.test(severity));
  for (const { name, severity, range } of severe) process.stdout.write(`${severity}: ${name} ${range}\n`);
  process.stdout.write(`${severe.length === 0 ? 'ok' : 'FAILED'}: npm audit, ${severe.length} high or critical\n`);
  return severe.length === 0 ? 0 : 1;
});

/** The JSON in the output of npm (stdout and stderr); an empty object if it contains none. */
function parseReport(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  } catch {
    return {};
  }
}
