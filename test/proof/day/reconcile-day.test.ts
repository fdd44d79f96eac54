import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { reconcileDay } from '../../../src/proof/day/reconcile-day.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, idFrom } from '../archive-fixture.ts';
import { contentsOf } from '../plain-store.ts';

const D = '2026-03-02';
let fixture: ArchiveFixture;
beforeEach(() => {
  fixture = new ArchiveFixture();
});

const reconcile = (change: Partial<ReturnType<ArchiveFixture['ports']>> = {}) =>
  reconcileDay({ ...fixture.ports(), ...change }, D, unlimited);

/** State and reason by the word that names the recording. */
function reasonsOf(
  differences: Awaited<ReturnType<typeof reconcile>>['differences'],
  words: readonly string[],
) {
  return Object.fromEntries(
    differences.map(({ recordingId, state, reason }) => [
      words.find((word) => idFrom(word) === recordingId) ?? recordingId,
      `${state} ${reason}`,
    ]),
  );
}

describe('a day that is compared', () => {
  it('has each recording once: held by both, or with the reason why only one side has it', async () => {
    const words = [
      'both',
      'never',
      'failed',
      'uploading',
      'sensitive',
      'odd',
      'gone',
      'lost',
      'erased',
      'neighbour',
      'ended',
      'back',
    ];
    await fixture.archive('both', D);
    fixture.record('never', D);
    fixture.record('failed', D);
    fixture.record('uploading', D, { state: 'pending', reason: 'restoring' });
    fixture.record('sensitive', D, { state: 'excluded', reason: 'sensitive' });
    fixture.record('odd', D, { state: 'excluded', reason: 'a reason of its own' });
    await fixture.hold('gone', D);
    fixture.record('lost', D);
    await fixture.hold('lost', D, { isLost: true });
    fixture.record('erased', D);
    await fixture.erase(await fixture.hold('erased', D), D);
    fixture.record('neighbour', D);
    await fixture.hold('neighbour', '2026-03-03');
    fixture.record('ended', D, { state: 'pending' });
    await fixture.hold('ended', D, { kind: 'terminal' });
    fixture.record('back', D);
    await fixture.hold('back', D, { kind: 'terminal' });
    const before = contentsOf(fixture.store);
    const { day, held, recordings, counts, differences, source } = await reconcile({
      failed: new Map([[idFrom('failed'), 'MEDIA_TRUNCATED']]),
    });
    expect([day, held, recordings, source.method]).toEqual([D, 2, 11, 'fake']);
    expect(reasonsOf(differences, words)).toEqual({
      never: 'missing never-announced',
      failed: 'missing failed:MEDIA_TRUNCATED',
      uploading: 'pending restoring',
      sensitive: 'excluded sensitive',
      odd: 'excluded no-media',
      gone: 'unexpected gone-at-source',
      lost: 'missing lost',
      erased: 'excluded erased',
      neighbour: 'excluded other-day',
      ended: 'excluded deleted-at-source',
      back: 'missing failed:TERMINAL',
    });
    expect(counts).toEqual({
      both: 1,
      missing: {
        total: 4,
        byReason: { 'never-announced': 1, 'failed:MEDIA_TRUNCATED': 1, lost: 1, 'failed:TERMINAL': 1 },
      },
      pending: { total: 1, byReason: { restoring: 1 } },
      excluded: {
        total: 5,
        byReason: { sensitive: 1, 'no-media': 1, erased: 1, 'other-day': 1, 'deleted-at-source': 1 },
      },
      unexpected: { total: 1, byReason: { 'gone-at-source': 1 } },
      byMedia: { call: { both: 1, excluded: 5, missing: 4, pending: 1 } },
    });
    // the equations of a statement hold of it, and nothing was written
    expect(recordings).toBe(
      counts.both + counts.missing.total + counts.pending.total + counts.excluded.total,
    );
    expect(held).toBe(counts.both + counts.unexpected.total);
    expect(contentsOf(fixture.store)).toEqual(before);
  });

  it('is compared with nothing when the platform does not answer: that is an error, and no number', async () => {
    await fixture.hold('call', D);
    fixture.isDown = true;
    expect(await failure(reconcile())).toMatchObject({ code: 'GENESYS_UNAVAILABLE' });
  });

  it('reads no receipt of what it holds', async () => {
    await fixture.archive('held', D);
    const lost = await fixture.hold('lost', D, { isLost: true });
    const read: string[] = [];
    const { store } = fixture;
    const get: typeof store.get = (...given) => {
      read.push(given[0]);
      return store.get(...given);
    };
    await reconcile({ store: { ...store, get } });
    expect(read.filter((key) => key.startsWith('receipts/'))).toEqual([receiptKey(lost.key)]);
  });

  it('of which neither side has anything is zero by both', async () => {
    expect(await reconcile()).toMatchObject({
      held: 0,
      recordings: 0,
      differences: [],
      counts: { both: 0, byMedia: {} },
    });
  });

  it('says what is gone at the platform, and what the client may not see, apart', async () => {
    await fixture.hold('call', D);
    fixture.divisions = 'unknown';
    expect((await reconcile()).differences.map(({ reason }) => reason)).toEqual(['outside-visibility']);
    fixture.divisions = ['a division'];
    expect((await reconcile()).differences.map(({ reason }) => reason)).toEqual(['outside-visibility']);
    fixture.divisions = 'all';
    expect((await reconcile()).differences.map(({ reason }) => reason)).toEqual(['gone-at-source']);
  });

  it('counts a recording that the platform lists twice, or in other letters, once', async () => {
    const { recordingId } = await fixture.archive('call', D);
    fixture.record('call', D);
    fixture.record('call', D, { recordingId: recordingId.toUpperCase() });
    expect(await reconcile()).toMatchObject({ recordings: 1, differences: [], counts: { both: 1 } });
  });

  it('leaves what began on another day to that day, unless it is held under this one', async () => {
    const startedAt = Date.parse('2026-03-03T00:00:00Z');
    fixture.record('later', D, { startedAt });
    await fixture.archive('later and here', D, { startedAt });
    fixture.record('just before', D, { startedAt: startedAt - 1 });
    const { recordings, differences } = await reconcile();
    expect([recordings, reasonsOf(differences, ['just before'])]).toEqual([
      2,
      { 'just before': 'missing never-announced' },
    ]);
  });
});
