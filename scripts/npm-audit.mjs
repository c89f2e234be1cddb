// node scripts/npm-audit.mjs: fails where what ships has a known vulnerability of severity high or critical. Says so, and does not fail, where
// npm's registry does not answer that question.
import { capture } from './set-up/child.mjs';
import { command, ROOT } from './set-up/project.mjs';

const LIMIT_MS = 60_000;

await command(async () => {
  const args = ['audit', '--omit=dev', '--audit-level=high', '--json'];
  const { status, output } = await capture('npm', args, { cwd: ROOT, timeoutMs: LIMIT_MS });
  const report = reportIn(output);
  if (report.vulnerabilities === undefined) {
    const why = report.message ?? `npm ended with status ${status} and no report`;
    process.stdout.write(`not asked: npm audit, ${why.split(/\n| - /)[0]}\n`);
    return 0;
  }
  const grave = Object.values(report.vulnerabilities).filter(({ severity }) => /^(high|critical)$/.test(severity));
  for (const { name, severity, range } of grave) process.stdout.write(`${severity}: ${name} ${range}\n`);
  process.stdout.write(`${grave.length === 0 ? 'ok' : 'FAULTS'}: npm audit, ${grave.length} high or critical\n`);
  return grave.length === 0 ? 0 : 1;
});

/** The JSON among what npm printed, on whichever stream; an empty object where there is none. */
function reportIn(output) {
  try {
    return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  } catch {
    return {};
  }
}
