import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  describeEntry,
  listAuditDays,
  matchesAudit,
  readAuditDay,
} from '../../../src/backfill/audits/read-audits.ts';
import { isAuditDue, updateAudits } from '../../../src/backfill/audits/update-audits.ts';
import { unlimited } from '../../../src/clock.ts';
import { createEnvelopeReader } from '../../../src/envelope/envelope-reader.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { AuditedAct } from '../../../src/ports.ts';
import { auditsKey, packAudits, parseAuditsKey, readAudits } from '../../../src/record/audits-file.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { versionedStore } from '../../catalogue/versioned-store.ts';
import { fastClock } from '../../fast-clock.ts';

const DAY = Date.UTC(2026, 10, 20);
const END = DAY + DAY_MS;

const act = (id: string, at: number, more: object = {}): AuditedAct => ({
  id,
  at,
  stated: { id, eventDate: new Date(at).toISOString(), action: 'Export', ...more },
});

function setUp() {
  const key = randomBytes(32);
  const clock = fastClock(END + 1);
  const store = versionedStore();
  const acts = new Map<string, AuditedAct[]>();
  let failure: ArchiveError | undefined;
  const ports = {
    store,
    clock,
    envelope: () => Promise.resolve(createStaticEnvelope(key)),
    audits: {
      async *read(day: number) {
        await Promise.resolve();
        yield* acts.get(dayOf(day)) ?? [];
        if (failure !== undefined) throw failure;
      },
    },
  };
  return {
    store,
    clock,
    acts,
    fail: (error: ArchiveError | undefined) => (failure = error),
    run: (options: Parameters<typeof updateAudits>[1] = {}) =>
      updateAudits(ports, { from: DAY, to: DAY, ...options }, unlimited),
    read: (day = dayOf(DAY)) =>
      readAuditDay({ store, reader: createEnvelopeReader({ staticKey: key }) }, day, unlimited),
  };
}

describe('the audit of a day', () => {
  it('is fetched when the day is over, and again after two and ten days for what came late', () => {
    expect(isAuditDue(DAY, undefined, END - 1)).toBe(false);
    expect(isAuditDue(DAY, undefined, END)).toBe(true);
    expect(isAuditDue(DAY, END + 1, END + 2 * DAY_MS - 1)).toBe(false);
    expect(isAuditDue(DAY, END + 1, END + 2 * DAY_MS)).toBe(true);
    expect(isAuditDue(DAY, END + 2 * DAY_MS, END + 10 * DAY_MS)).toBe(true);
    expect(isAuditDue(DAY, END + 10 * DAY_MS, END + 99 * DAY_MS)).toBe(false);
  });

  it('is one sealed object, in the order of times, with every entry as the platform stated it', async () => {
    const { run, read, acts, store } = setUp();
    acts.set(dayOf(DAY), [act('b', DAY + 5, { odd: ['kept', 1] }), act('a', DAY + 1)]);
    expect(await run()).toEqual([{ day: '2026-11-20', outcome: 'written', entries: 2 }]);
    expect((await read())?.map(({ entry }) => entry)).toMatchObject([
      { id: 'a' },
      { id: 'b', odd: ['kept', 1] },
    ]);
    const objects = [];
    for await (const { key } of store.list('', unlimited)) objects.push(key);
    expect(objects).toEqual([auditsKey('2026-11-20')]);
    const { body } = await store.get(auditsKey('2026-11-20'), unlimited);
    const sealed: Uint8Array[] = [];
    for await (const chunk of body) sealed.push(chunk);
    expect(Buffer.concat(sealed).includes('Export')).toBe(false);
    expect(() => readAudits('x', Buffer.concat(sealed))).toThrow('not complete gzip');
  });

  it('without entries is another thing than one that was refused, and than one that was never fetched', async () => {
    const { run, read, store, fail } = setUp();
    await run();
    expect(await read()).toEqual([]);
    fail(new ArchiveError('GENESYS_FORBIDDEN', 'forbidden'));
    await expect(run({ from: DAY - DAY_MS })).rejects.toMatchObject({ code: 'GENESYS_FORBIDDEN' });
    const days = await listAuditDays(store, unlimited);
    expect([...days].map(([day, { state }]) => `${day} ${state}`)).toEqual([
      '2026-11-19 forbidden',
      '2026-11-20 read',
    ]);
    expect(await read('2026-11-19')).toBeUndefined();
    fail(undefined);
    await run({ from: DAY - DAY_MS });
    expect((await listAuditDays(store, unlimited)).get('2026-11-19')).toMatchObject({ state: 'read' });
  });

  it('is never replaced by fewer entries, and is by as many or more', async () => {
    const { run, read, acts } = setUp();
    acts.set(dayOf(DAY), [act('a', DAY), act('b', DAY)]);
    await run();
    acts.set(dayOf(DAY), [act('c', DAY)]);
    expect(await run({ anew: true })).toMatchObject([{ outcome: 'kept', entries: 1 }]);
    expect(await read()).toHaveLength(2);
    acts.set(dayOf(DAY), [act('a', DAY), act('b', DAY), act('late', DAY)]);
    expect(await run({ anew: true })).toMatchObject([{ outcome: 'written', entries: 3 }]);
    expect(await read()).toHaveLength(3);
  });

  it('of which half was read is not stored, and the other days are', async () => {
    const { run, read, acts, fail } = setUp();
    acts.set(dayOf(DAY), [act('a', DAY)]);
    fail(new ArchiveError('GENESYS_BAD_RESPONSE', 'odd', { retryable: false }));
    expect(await run()).toMatchObject([{ outcome: 'failed', error: { code: 'GENESYS_BAD_RESPONSE' } }]);
    expect(await read()).toBeUndefined();
  });

  it('that is not whole is refused', () => {
    const head = {
      schema: 'genesys-media-archive/audits/v1',
      day: '2026-11-20',
      source: 'quality-audit-query',
      fetchedAt: '2026-11-21T00:00:00.000Z',
      entityTypes: ['Recording'],
    } as const;
    const lines = [JSON.stringify(act('a', DAY).stated)];
    const pack = (given: readonly string[]) => packAudits({ ...head, entityTypes: ['Recording'] }, given);
    expect(readAudits('x', pack(lines)).entries).toHaveLength(1);
    for (const given of [['{}'], ['no json'], ['{"id":"a"}\n{"id":"b"}']])
      expect(() => readAudits('x', pack(given))).toThrow(/line 2|has not the 1 entries/);
    expect(() => readAudits('x', pack(lines).subarray(0, 40))).toThrow('not complete gzip');
    expect(parseAuditsKey('audits/2026/13/40/forbidden.json')).toBeUndefined();
  });
});

describe('an entry of the audit', () => {
  const known = describeEntry({
    id: 'x',
    eventDate: '2026-11-20T08:00:00Z',
    action: 'Export',
    entity: { id: 'R-1' },
    context: { somethingElse: 'C-1' },
    user: { id: 'U-1', name: 'Mara Vogel' },
  });

  it.each([
    ['its recording', { ids: new Set(['R-1']) }, true],
    ['its conversation, wherever the platform names it', { ids: new Set(['C-1']) }, true],
    ['another recording', { ids: new Set(['R-2']) }, false],
    ['a part of the name', { person: 'vogel' }, true],
    ['the id of the user', { person: 'u-1' }, true],
    ['a part of the id', { person: 'u-' }, false],
    ['its action in any case', { actions: new Set(['export']) }, true],
    ['another action', { actions: new Set(['delete']) }, false],
  ])('is found, or not, by %s', (_what, query, found) => {
    expect(matchesAudit(known, query)).toBe(found);
  });
});
