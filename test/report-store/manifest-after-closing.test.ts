import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MissingDocument } from '../../src/domain/reports';
import { createFolderStore } from '../../src/report-store/folder/store';
import { mergeManifest } from '../../src/report-store/manifest';
import type { Manifest, RefreshChange, WithdrawalChange } from '../../src/report-store/port';
import { change, entry, ORGANIZATION } from './fixtures';

const V1 = '2026-03-01T10:00:00.000Z';
const V2 = '2026-03-02T10:00:00.000Z';
const V3 = '2026-03-03T10:00:00.000Z';

function missing(changed: Partial<MissingDocument> = {}): MissingDocument {
  return { type: 'unity', organization: ORGANIZATION, format: 'pdf', reason: 'missing', detail: '', ...changed };
}

function refresh(changed: Partial<RefreshChange> = {}): RefreshChange {
  return {
    kind: 'refresh',
    clientUserId: 'POL-1',
    closedAt: V2,
    refreshedAt: V3,
    documents: [],
    missing: [],
    ...changed,
  };
}

function withdrawal(changed: Partial<WithdrawalChange> = {}): WithdrawalChange {
  return {
    kind: 'withdrawal',
    clientUserId: 'POL-1',
    humanId: 'h-1',
    closedAt: V3,
    wanted: { unity: ['pdf'] },
    ...changed,
  };
}

/** A round that closed at V2 with one document. */
function closed(changed: Parameters<typeof change>[0] = {}): Manifest {
  return mergeManifest(null, change({ outcome: 'partial', closedAt: V2, documents: [entry()], ...changed }));
}

describe('a refresh', () => {
  it('adds the newer version, says when, and leaves the outcome and the closing as they were', () => {
    const newer = entry({ updatedAt: V3, sha256: 'other' });
    const after = mergeManifest(closed(), refresh({ documents: [newer] }));
    expect(after).toMatchObject({ outcome: 'partial', reason: null, closedAt: V2, refreshedAt: V3 });
    expect(after.documents.map(({ updatedAt, superseded }) => [updatedAt, superseded])).toEqual([
      [V1, true],
      [V3, false],
    ]);
  });

  it('removes what arrived from what is missing, and nothing else', () => {
    const elsewhere = missing({ organization: { id: 'o-2', name: 'Elsewhere' } });
    const before = closed({ documents: [], missing: [missing(), missing({ format: 'json' }), elsewhere] });
    const after = mergeManifest(before, refresh({ documents: [entry({ format: 'pdf' })] }));
    expect(after.missing).toEqual(expect.arrayContaining([missing({ format: 'json' }), elsewhere]));
    expect(after.missing).toHaveLength(2);
  });

  it('of one of two reports leaves the other one missing while it cannot be had', () => {
    const before = closed({ missing: [missing({ reason: 'failed' })] });
    const newer = entry({ updatedAt: V3, sha256: 'other' });
    const stillFailing = refresh({ documents: [newer], missing: [missing({ reason: 'failed' })] });
    expect(mergeManifest(before, stillFailing).missing).toEqual([missing({ reason: 'failed' })]);
    expect(mergeManifest(before, { ...stillFailing, missing: [] }).missing).toEqual([]);
  });

  it('that brings the first provider ends "no such report at all"', () => {
    const before = closed({ documents: [], missing: [missing({ organization: null })] });
    expect(mergeManifest(before, refresh({ documents: [entry()] })).missing).toEqual([]);
  });

  it('finds the applicant open again: the documents join, the manifest stays open and not refreshed', () => {
    const before = mergeManifest(closed(), change({ openedAt: V3, missing: [missing({ format: 'json' })] }));
    const after = mergeManifest(before, refresh({ documents: [entry({ reportId: 'late' })] }));
    expect(after).toEqual({ ...before, documents: after.documents });
    expect(after).toMatchObject({ outcome: null, closedAt: null, refreshedAt: null });
    expect(after.missing).toEqual([missing({ format: 'json' })]);
    expect(after.documents.map(({ reportId }) => reportId).sort()).toEqual(['late', 'report-1']);
  });

  it('of an earlier round says nothing of the one that has closed since', () => {
    const before = closed({ closedAt: V3, outcome: 'declined', reason: 'declined' });
    const after = mergeManifest(before, refresh({ documents: [entry({ reportId: 'late' })] }));
    expect(after).toMatchObject({ outcome: 'declined', closedAt: V3, refreshedAt: null });
    expect(after.documents).toHaveLength(2);
  });

  it('is no reason to make up a manifest that is gone', () => {
    expect(() => mergeManifest(null, refresh())).toThrow('POL-1: expected the manifest');
  });

  it('that is older does not set the time back', () => {
    const before = mergeManifest(closed(), refresh({ refreshedAt: V3 }));
    expect(mergeManifest(before, refresh({ refreshedAt: V2 })).refreshedAt).toBe(V3);
  });
});

describe('a withdrawal by hand', () => {
  it('closes what has no outcome, and keeps what is known', () => {
    const before = mergeManifest(null, change({ documents: [entry()] }));
    expect(mergeManifest(before, withdrawal())).toEqual({
      ...before,
      outcome: 'cancelled',
      reason: 'operator',
      revision: 1,
      closedAt: V3,
    });
  });

  it('leaves an outcome as it is', () => {
    const before = closed();
    expect(mergeManifest(before, withdrawal())).toEqual(before);
  });

  it('of somebody without a manifest makes one, so that no later start invites again', () => {
    expect(mergeManifest(null, withdrawal())).toEqual({
      clientUserId: 'POL-1',
      humanId: 'h-1',
      outcome: 'cancelled',
      reason: 'operator',
      ...{ round: 1, detailsRound: 1, revision: 1 },
      wanted: { unity: ['pdf'] },
      detailsDigest: null,
      openedAt: null,
      closedAt: V3,
      refreshedAt: null,
      documents: [],
      missing: [],
    });
  });
});

it('is all written to a folder as it is merged', async () => {
  const root = await mkdtemp(join(tmpdir(), 'chartway-after-closing-'));
  const store = createFolderStore(root);
  await store.init();
  await store.updateManifest(change({ outcome: 'partial', closedAt: V2 }));
  const refreshed = await store.updateManifest(refresh({ documents: [entry()] }));
  expect(refreshed).toMatchObject({ outcome: 'partial', refreshedAt: V3, documents: [{ reportId: 'report-1' }] });
  expect(await store.readManifest('POL-1')).toEqual(refreshed);
  await expect(store.updateManifest(refresh({ clientUserId: 'POL-2' }))).rejects.toThrow(
    'POL-2: expected the manifest',
  );
  const withdrawn = await store.updateManifest(withdrawal({ clientUserId: 'POL-3' }));
  expect(await store.readManifest('POL-3')).toEqual(withdrawn);
  await rm(root, { recursive: true });
});
