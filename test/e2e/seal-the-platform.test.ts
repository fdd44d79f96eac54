import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { brokenEquations } from '../../src/proof/formats/statement.ts';
import { DAY, endPlatforms, HOUR, startPlatform } from './start-platform.ts';

afterEach(endPlatforms);

describe('a day of the platform', () => {
  it('is compared recording by recording, and what was never announced is named', async () => {
    const { sealer, clock, ids } = await startPlatform(
      [
        { recordings: [{}, { kind: 'screen' }] },
        { recordings: [{}] },
        { recordings: [{}], unannounced: true },
        {},
      ],
      2,
    );
    clock.advance(48 * HOUR);
    const day = await sealer.reconcile(DAY);
    expect(day).toMatchObject({ held: 3, recordings: 4, counts: { both: 3, missing: { total: 1 } } });
    expect(day.differences).toEqual([
      expect.objectContaining({ state: 'missing', reason: 'never-announced', conversationId: ids[2] }),
    ]);
    expect(day.source).toMatchObject({ visibility: { divisions: 'unknown' }, conversations: 4 });
    expect((await sealer.reconcile('2026-05-19')).recordings).toBe(0);
  });

  it('is sealed, amended when the missing recording arrives, and final after four days', async () => {
    const { sealer, clock, archive, ids } = await startPlatform(
      [{ recordings: [{}] }, { recordings: [{}], unannounced: true }],
      1,
    );
    await sealer.init({ first: DAY });
    clock.advance(15 * HOUR);
    const [first] = (await sealer.sealDueDays()).statements;
    expect(first).toMatchObject({ day: DAY, status: 'provisional', revision: 0 });
    await archive(ids[1] ?? '');
    clock.advance(24 * HOUR);
    await sealer.sealDueDays();
    clock.advance(4 * 24 * HOUR);
    const { statements } = await sealer.sealDueDays();
    const last = statements.findLast(({ day }) => day === DAY);
    expect(last).toMatchObject({
      status: 'final',
      differences: { both: 2, missing: { total: 0 } },
      archive: { archived: 2 },
    });
    for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  });

  it('with one recording that comes late, one that the platform deletes, one that it never announces, after a day without any: each is what it was, revision by revision', async () => {
    const { sealer, clock, archive, ids } = await startPlatform(
      [
        { recordings: [{}] },
        { recordings: [{ deletedAfterS: 3_600 }] },
        { recordings: [{}], unannounced: true },
        { recordings: [{}], arrivesAt: Date.UTC(2026, 4, 20, 12) + 40 * HOUR },
      ],
      1,
    );
    await sealer.init({ first: '2026-05-19' });
    clock.advance(29 * HOUR);
    const first = (await sealer.sealDueDays()).statements;
    expect(
      first.map(({ day, source, differences }) => [
        day,
        'recordings' in source && source.recordings,
        differences?.both,
      ]),
    ).toEqual([
      ['2026-05-19', 0, 0],
      [DAY, 3, 1],
    ]);
    expect(first[1]?.differences).toMatchObject({
      missing: { total: 1, byReason: { 'never-announced': 1 } },
      excluded: { total: 1, byReason: { 'deleted-at-source': 1 } },
      unexpected: { total: 0 },
    });
    clock.advance(24 * HOUR);
    for (const id of ids.slice(2)) await archive(id);
    const statements = [...first];
    for (const hours of [0, 5 * 24]) {
      clock.advance(hours * HOUR);
      statements.push(...(await sealer.sealDueDays()).statements);
    }
    const revisions = statements.filter(({ day }) => day === DAY);
    expect(revisions.length).toBeGreaterThanOrEqual(2);
    expect(revisions.map(({ revision }) => revision)).toEqual(revisions.map((_, at) => at));
    expect(revisions.at(-1)).toMatchObject({
      status: 'final',
      source: { recordings: 4 },
      differences: { both: 3, missing: { total: 0 }, excluded: { byReason: { 'deleted-at-source': 1 } } },
    });
    expect(statements.findLast(({ day }) => day === '2026-05-19')?.source).toMatchObject({ recordings: 0 });
    for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  });

  it('whose recordings were deleted or are still uploaded is told apart from one that lacks them', async () => {
    const { sealer, clock } = await startPlatform(
      [{ recordings: [{ fate: 'error' }, { fate: 'deleted' }] }, { recordings: [{}] }],
      0,
    );
    clock.advance(48 * HOUR);
    const { counts } = await sealer.reconcile(DAY);
    expect(counts.missing.byReason).toEqual({ 'never-announced': 1 });
    expect(counts.excluded.byReason).toEqual({ 'deleted-at-source': 1, 'errored-at-source': 1 });
  });

  it('of more conversations than a run can ask about is counted over several runs, none of them twice', async () => {
    const conversations = Array.from({ length: 24 }, () => ({ recordings: [{}] }));
    const { sealer, clock, simulator } = await startPlatform(conversations, 0, {
      ARCHIVE_RATE_SHARE: '1/60',
    });
    await sealer.init({ first: DAY });
    clock.advance(30 * HOUR);
    const before = simulator.requests.length;
    const states: string[] = [];
    for (let run = 0; run < 12 && !states.includes('asked'); run += 1) {
      // five minutes, two of which are kept for the store
      const budget = { ...unlimited, deadline: clock.now() + 300_000 };
      const { statements } = await sealer.sealDueDays({}, budget);
      for (const { source, differences } of statements) {
        states.push('unavailable' in source ? source.unavailable.code : 'asked');
        if (differences !== undefined) expect(differences.missing.total).toBe(24);
      }
      clock.advance(HOUR);
    }
    expect(states).toEqual(['GENESYS_THROTTLED', 'asked']);
    const listings = simulator.requests
      .slice(before)
      .filter(({ route }) => route.endsWith('/recordingmetadata'));
    expect(listings).toHaveLength(24);
  });

  it('that cannot be asked about is stated as unavailable', async () => {
    const { sealer, clock, simulator } = await startPlatform([{ recordings: [{}] }], 1);
    await sealer.init({ first: DAY });
    clock.advance(15 * HOUR);
    await simulator.close();
    const [statement] = (await sealer.sealDueDays()).statements;
    expect(statement?.source).toMatchObject({ unavailable: { code: 'GENESYS_UNAVAILABLE' } });
    expect(statement?.archive).toMatchObject({ recordings: 1, receipts: 1 });
  });
});
