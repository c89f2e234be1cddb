import { SmallProject } from './small-project';

const report = (severity: string) =>
  JSON.stringify({ vulnerabilities: { undici: { name: 'undici', severity, range: '<7.30.3' } } });

const project = new SmallProject();
afterAll(() => project.remove());

test.each([
  ['a vulnerability', report('high'), 1, 1, 'high: undici <7.30.3\nFAILED: npm audit, 1 high or critical\n'],
  ['a vulnerability', report('critical'), 1, 1, 'critical: undici <7.30.3\nFAILED: npm audit, 1 high or critical\n'],
  ['a moderate one', report('moderate'), 0, 0, 'ok: npm audit, 0 high or critical\n'],
  ['none', JSON.stringify({ vulnerabilities: {} }), 0, 0, 'ok: npm audit, 0 high or critical\n'],
  [
    'an error of the registry',
    JSON.stringify({ message: '405 Method Not Allowed - POST https://registry.example.org/' }),
    1,
    0,
    'skipped: npm audit, 405 Method Not Allowed\n',
  ],
  ['no report', 'no JSON', 1, 0, 'skipped: npm audit, npm ended with status 1 and no report\n'],
])(
  'for %s of npm audit (%s, status %d) scripts/npm-audit.mjs ends with %d',
  async (_title, output, npmStatus, status, stdout) => {
    const PATH = project.program('npm', `process.stdout.write(${JSON.stringify(output)}); process.exit(${npmStatus});`);
    const command = project.node(['scripts/npm-audit.mjs'], { PATH });
    expect([await command.exited, command.stdout()]).toEqual([status, stdout]);
  },
);
