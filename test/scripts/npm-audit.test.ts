import { SmallProject } from './small-project';

describe('scripts/npm-audit.mjs', () => {
  let project: SmallProject;
  afterEach(() => project.remove());

  /** Runs the script with an npm that prints this and ends with this status. */
  async function audit(output: string, npmStatus: number) {
    project = new SmallProject();
    const PATH = project.program('npm', `process.stdout.write(${JSON.stringify(output)}); process.exit(${npmStatus});`);
    const command = project.node(['scripts/npm-audit.mjs'], { PATH });
    return { status: await command.exited, stdout: command.stdout };
  }

  const report = (severity: string) =>
    JSON.stringify({ vulnerabilities: { undici: { name: 'undici', severity, range: '<7.30.3' } } });

  it.each(['high', 'critical'])('fails for a vulnerability of severity %s and prints the package', async (severity) => {
    const { status, stdout } = await audit(report(severity), 1);
    expect([status, stdout]).toEqual([1, `${severity}: undici <7.30.3\nFAILED: npm audit, 1 high or critical\n`]);
  });

  it('passes without a vulnerability, or with one of lower severity', async () => {
    expect(await audit(JSON.stringify({ vulnerabilities: {} }), 0)).toMatchObject({
      status: 0,
      stdout: 'ok: npm audit, 0 high or critical\n',
    });
    project.remove();
    expect(await audit(report('moderate'), 0)).toMatchObject({ status: 0 });
  });

  it.each([
    ['405 Method Not Allowed - POST https://registry.example.org/', '405 Method Not Allowed'],
    [undefined, 'npm ended with status 1 and no report'],
  ])('passes if the registry does not answer: %s', async (message, reason) => {
    const { status, stdout } = await audit(message === undefined ? 'no JSON' : JSON.stringify({ message }), 1);
    expect([status, stdout]).toEqual([0, `skipped: npm audit, ${reason}\n`]);
  });
});
