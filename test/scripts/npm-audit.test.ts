import { SmallProject } from './small-project';

describe('scripts/npm-audit.mjs', () => {
  let project: SmallProject;
  afterEach(() => project.remove());

  /** With an npm that prints this and ends with this status. */
  async function ask(printed: string, npmStatus: number) {
    project = new SmallProject();
    const PATH = project.program(
      'npm',
      `process.stdout.write(${JSON.stringify(printed)}); process.exit(${npmStatus});`,
    );
    const command = project.node(['scripts/npm-audit.mjs'], { PATH });
    return { status: await command.ended, said: command.stdout };
  }

  const report = (severity: string) =>
    JSON.stringify({ vulnerabilities: { undici: { name: 'undici', severity, range: '<7.30.3' } } });

  it.each(['high', 'critical'])(
    'fails for a known vulnerability that is %s, and names the package',
    async (severity) => {
      const { status, said } = await ask(report(severity), 1);
      expect([status, said]).toEqual([1, `${severity}: undici <7.30.3\nFAULTS: npm audit, 1 high or critical\n`]);
    },
  );

  it('passes where there is none, or a lesser one', async () => {
    expect(await ask(JSON.stringify({ vulnerabilities: {} }), 0)).toMatchObject({
      status: 0,
      said: 'ok: npm audit, 0 high or critical\n',
    });
    project.remove();
    expect(await ask(report('moderate'), 0)).toMatchObject({ status: 0 });
  });

  it.each([
    ['405 Method Not Allowed - POST https://registry.example.org/', '405 Method Not Allowed'],
    [undefined, 'npm ended with status 1 and no report'],
  ])('says that it was not asked where the registry does not answer: %s', async (message, why) => {
    const { status, said } = await ask(message === undefined ? 'no JSON' : JSON.stringify({ message }), 1);
    expect([status, said]).toEqual([0, `not asked: npm audit, ${why}\n`]);
  });
});
