import { createLogger } from '../../src/observability/log';
import { sdkLogger } from '../../src/observability/sdk-log';

function setup() {
  const lines: string[] = [];
  const log = createLogger({ process: 'worker', level: 'trace' }, { write: (line: string) => lines.push(line) });
  return { sdk: sdkLogger(log), lines, last: () => JSON.parse(lines.at(-1) ?? 'null') };
}

describe("the SDK's log lines", () => {
  test('keep only ids, attempt, failure type and category', () => {
    const { sdk, lines, last } = setup();
    const error = Object.assign(new Error('Max Muster', { cause: new Error('max@example.org') }), {
      type: 'Unavailable',
      category: 'BENIGN',
      details: ['Max Muster'],
    });
    const meta = { workflowId: 'applicant-POL-1', attempt: 2, error, input: 'max@example.org', stack: 'Max Muster' };
    sdk.warn('Activity failed\nMax Muster', meta);
    const { level, msg, workflowId, attempt, failure, category } = last();
    expect({ level, msg, workflowId, attempt, failure, category }).toEqual({
      level: 'warn',
      msg: 'Activity failed',
      workflowId: 'applicant-POL-1',
      attempt: 2,
      failure: 'Unavailable',
      category: 'BENIGN',
    });
    expect(lines.join()).not.toMatch(/Muster|max@|\.ts:/);
  });

  test("show upstream's request id of a failure, if it has the form of one", () => {
    const { sdk, last } = setup();
    const failed = (requestId: unknown) => {
      sdk.warn('Activity failed', { error: Object.assign(new Error('x'), { requestId }) });
      return last().requestId;
    };
    const id = '1f0c3b1d-2a4f-4788-990a-010203040506';
    expect([id, 'Max Muster', 7, undefined].map(failed)).toEqual([id, undefined, undefined, undefined]);
  });

  test('omit a type, class or category that is not an identifier, and an id that is not a plain value', () => {
    const { sdk, lines, last } = setup();
    const error = Object.assign(new Error('x'), {
      type: 'Max Muster',
      name: 'max@example.org',
      category: 'Max Muster',
    });
    sdk.error('Workflow failed', { error, workflowId: { of: 'Max Muster' } });
    expect(last()).toMatchObject({ failure: 'Error', msg: 'Workflow failed' });
    expect(lines.join()).not.toMatch(/Muster|max@/);
  });
});
