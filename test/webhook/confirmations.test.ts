import { createLogger } from '../../src/observability/log';
import { createConfirmations } from '../../src/webhook/confirmations';

/** Confirmations over a sender whose answers the test gives. */
function setup() {
  const asked: string[] = [];
  const answers = new Map<string, (owner: string | null) => void>();
  const ask = (what: string) => {
    asked.push(what);
    return new Promise<string | null>((resolve) => answers.set(what, resolve));
  };
  const confirmations = createConfirmations({
    sender: {
      readHumanId: (clientUserId) => ask(`describe ${clientUserId}`),
      waitForMailboxOwner: (humanId) => ask(`mailbox ${humanId}`),
    },
    log: createLogger({ process: 'webhook', level: 'silent' }),
  });
  const turn = () => new Promise(setImmediate);
  return {
    confirmations,
    asked,
    start: () => {
      confirmations.startPending();
      return turn();
    },
    answer: (what: string, owner: string | null) => {
      answers.get(what)?.(owner);
      return turn();
    },
  };
}

test('a mailbox or the applicant itself confirms an owner, and the latest confirmation counts', async () => {
  const { confirmations, start, answer } = setup();
  confirmations.confirmByMailbox('h');
  await start();
  await answer('mailbox h', 'POL-1');
  expect(confirmations.findOwner('h')).toBe('POL-1');
  confirmations.confirmByApplicant('h', 'POL-2');
  await start();
  await answer('describe POL-2', 'h');
  expect(confirmations.findOwner('h')).toBe('POL-2');
});

test('no claim is confirmed whose applicant has another humanId or none', async () => {
  const { confirmations, start, answer } = setup();
  confirmations.confirmByApplicant('h', 'POL-1');
  confirmations.confirmByApplicant('i', 'POL-2');
  await start();
  await answer('describe POL-1', 'another');
  await answer('describe POL-2', null);
  expect([confirmations.findOwner('h'), confirmations.findOwner('i')]).toEqual([null, null]);
});

test('nothing is asked before the start, then a bounded number at a time', async () => {
  const { confirmations, asked, start, answer } = setup();
  for (let n = 0; n < 20; n += 1) {
    confirmations.confirmByMailbox(`h-${n}`);
    confirmations.confirmByApplicant(`h-${n}`, `POL-${n}`);
  }
  expect(asked).toEqual([]);
  await start();
  await start();
  expect(asked.filter((what) => what.startsWith('describe'))).toHaveLength(4);
  expect(asked.filter((what) => what.startsWith('mailbox'))).toHaveLength(16);
  await answer('describe POL-0', null);
  expect(asked.at(-1)).toBe('describe POL-4');
});

test('a person is asked for once, and again after the answer', async () => {
  const { confirmations, asked, start, answer } = setup();
  confirmations.confirmByMailbox('h');
  confirmations.confirmByMailbox('h');
  await start();
  confirmations.confirmByMailbox('h');
  await start();
  expect(asked).toEqual(['mailbox h']);
  await answer('mailbox h', null);
  confirmations.confirmByMailbox('h');
  await start();
  expect(asked).toEqual(['mailbox h', 'mailbox h']);
});

test('people beyond 1,000 that wait are not asked for', async () => {
  const { confirmations, asked, start, answer } = setup();
  for (let n = 0; n < 1_100; n += 1) confirmations.confirmByMailbox(`h-${n}`);
  await start();
  for (let n = 0; n < 1_100; n += 1) await answer(`mailbox h-${n}`, null);
  expect(asked).toHaveLength(1_000);
});
