import { auditingCancels } from '../../src/activities/audited-cancels';
import { type AuditEntry, AuditUnavailable } from '../../src/observability/audit';
import type { ManifestChange } from '../../src/report-store/port';

function setup(record?: () => Promise<void>, stands?: ManifestChange['outcome']) {
  const written: ManifestChange[] = [];
  const audited: AuditEntry[] = [];
  const { recordManifest } = auditingCancels(
    {
      recordManifest: async (change: ManifestChange) => {
        written.push(change);
        return { round: 1, revision: 1, outcome: stands ?? change.outcome };
      },
    },
    { record: record ?? (async (entry) => void audited.push(entry)) },
  );
  const close = (outcome: ManifestChange['outcome'], reason: ManifestChange['reason']) =>
    recordManifest({
      ...{ clientUserId: 'POL-1', humanId: 'h-1', outcome, reason, wanted: {}, detailsDigest: null },
      ...{ openedAt: null, closedAt: null, documents: [], missing: [] },
    });
  return { close, written, audited };
}

test('who was cancelled by an operator stands in the audit log once the manifest says so', async () => {
  const { close, written, audited } = setup();
  await close('cancelled', 'operator');
  expect(written).toHaveLength(1);
  expect(audited).toMatchObject([{ who: 'worker', did: 'cancel', clientUserId: 'POL-1' }]);
});

test('a cancel that came after another outcome was written cancelled no one', async () => {
  const { close, audited } = setup(undefined, 'collected');
  expect(await close('cancelled', 'operator')).toMatchObject({ outcome: 'collected' });
  expect(audited).toEqual([]);
});

test.each([
  ['cancelled', 'deleted-upstream'],
  ['expired', null],
  [null, null],
] as const)('who ended %s (%s) was cancelled by nobody', async (outcome, reason) => {
  const { close, written, audited } = setup();
  await close(outcome, reason);
  expect([written.length, audited]).toEqual([1, []]);
});

test('a log that cannot be written holds up no closing', async () => {
  const { close, written } = setup(() => Promise.reject(new AuditUnavailable(null)));
  await close('cancelled', 'operator');
  expect(written).toHaveLength(1);
});
