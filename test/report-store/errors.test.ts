import { translateStoreErrors } from '../../src/activities/store';
import { runForExitStatus } from '../../src/cli/exit-status';
import * as errors from '../../src/report-store/errors';

/** An error for each class that has a message for the operator. */
const ERRORS: readonly errors.StoreError[] = [
  new errors.AlteredDocument('the message'),
  new errors.LinkInStore('the message'),
  new errors.NoSuchDocument('the message'),
  new errors.StoreNotFound('the message'),
  new errors.StoreUnavailable('EBUSY', 'rmdir', 'the message'),
  new errors.UnreadableManifest('the message'),
];

/** The base class, two that activities handle themselves, and two that only a bug throws. */
const OTHERS = [
  errors.StoreError,
  errors.NotTheDocument,
  errors.WrongFolder,
  errors.InvalidShelfName,
  errors.InvalidRange,
];

test('each class of error is listed above', () => {
  const listed = [...ERRORS.map((error) => error.constructor), ...OTHERS].map(({ name }) => name);
  expect(listed.sort()).toEqual(Object.keys(errors).sort());
});

test.each(ERRORS.map((error) => [error.constructor.name, error] as const))(
  'the message of %s is shown by a command and by the failure of an activity',
  async (_, error) => {
    const written: string[] = [];
    const terminal = { clearProgress: () => undefined, write: (text: string) => void written.push(text) };
    const fail = () => Promise.reject(error);
    const signal = new AbortController().signal;
    // 3: the disk failed, so nothing could be found out.
    const expected = error instanceof errors.StoreUnavailable ? 3 : 1;
    expect(await runForExitStatus(fail, { terminal: terminal as never, signal })).toBe(expected);
    expect(written).toEqual(['the message']);
    await expect(translateStoreErrors(fail)).rejects.toMatchObject({
      message: 'the message; retried',
      type: 'StoreUnavailable',
      nonRetryable: false,
    });
  },
);
