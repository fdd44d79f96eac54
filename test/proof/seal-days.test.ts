import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { gunzipSync } from 'node:zlib';
import { parseEntry } from '../../src/proof/formats/entry.ts';
import { listRoot } from '../../src/proof/formats/list-lines.ts';
import { brokenEquations, type Statement } from '../../src/proof/formats/statement.ts';
import type { NoteKey } from '../../src/proof/formats/note.ts';
import { noteRemovals } from '../../src/keep/retention/removal-notes.ts';
import { initLog } from '../../src/proof/init-log.ts';
import { openCheckpoint, readRawEntries } from '../../src/proof/log/place.ts';
import { createLogSigner, type LogSigner } from '../../src/proof/log/signer.ts';
import { sealDays, type SealDaysOptions } from '../../src/proof/seal-days.ts';
import { auditLog } from '../../src/proof/verify/audit-log.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { formatSigned, type ReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { putSmall } from '../../src/record/small-object.ts';
import {
  SOURCE_DELETION_SCHEMA,
  type SourceDeletion,
  sourceDeletionKey,
} from '../../src/record/source-deletion.ts';
import { failure } from '../failure.ts';
import { ArchiveFixture, DAY, HOUR, idFrom, RECEIPT_SIGNER } from './archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, signerFrom } from './log-fixture.ts';

const D = '2026-03-02';
const NEXT = '2026-03-03';

async function begun(): Promise<ArchiveFixture> {
  const fixture = new ArchiveFixture();
  await fixture.init();
  return fixture;
}

const seal = (fixture: ArchiveFixture, options: SealDaysOptions = {}) =>
  sealDays(fixture.ports(), options, unlimited);

/** Seals, and expects exactly these days to be stated. */
async function sealed(fixture: ArchiveFixture, days: readonly string[]): Promise<readonly Statement[]> {
  const { statements } = await seal(fixture);
  expect(statements.map(({ day }) => day)).toEqual(days);
  for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  return statements;
}

async function entriesOf(fixture: ArchiveFixture, size: number): Promise<string[]> {
  const entries: string[] = [];
  const place = placeIn(fixture.store);
  for await (const { bytes } of readRawEntries(place, { start: 0, end: size }, size, unlimited)) {
    const entry = parseEntry(bytes.toString());
    entries.push(`${entry?.kind} ${entry?.day}`);
  }
  return entries;
}

describe('the statement of a day', () => {
  it('says what was recorded, what is held, and why the two differ', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    await fixture.archive('two', D, { media: 'screen' });
    await fixture.hold('gone', D);
    fixture.record('never announced', D);
    fixture.record('being uploaded', D, { state: 'pending', reason: 'uploading' });
    fixture.record('sensitive', D, { state: 'excluded', reason: 'sensitive' });
    fixture.record('deleted', D, { state: 'excluded', reason: 'deleted-at-source' });
    await fixture.hold('deleted', D, { kind: 'terminal' });
    fixture.record('lost', D);
    await fixture.hold('lost', D, { isLost: true });
    const [statement] = await sealed(fixture, [D]);
    expect(statement).toMatchObject({
      revision: 0,
      status: 'provisional',
      archive: {
        recordings: 3,
        receipts: 5,
        archived: 4,
        terminal: 1,
        unsigned: 0,
        objects: { listed: 3, receipts: 5, absent: 1, withoutReceipt: 0, compared: 3, sizeDiffers: 0 },
      },
      source: { recordings: 7, byMedia: { call: 6, screen: 1 } },
      differences: {
        both: 2,
        missing: { total: 2, byReason: { 'never-announced': 1, lost: 1 } },
        pending: { total: 1, byReason: { uploading: 1 } },
        excluded: { total: 2, byReason: { sensitive: 1, 'deleted-at-source': 1 } },
        unexpected: { total: 1, byReason: { 'gone-at-source': 1 } },
      },
    });
  });

  it('says that the platform has a recording no more because this archive deleted it, by signed steps alone', async () => {
    const fixture = await begun();
    const planted = { ours: await fixture.hold('ours', D), forged: await fixture.hold('forged', D) };
    await fixture.hold('ahead', D);
    await fixture.hold('other', D);
    const step = (word: string, deleteDate: string): SourceDeletion => ({
      schema: SOURCE_DELETION_SCHEMA,
      n: 1,
      step: 'marked',
      day: D,
      ids: { conversation: 'c', recording: idFrom(word) },
      by: 'A. Brandt',
      deleteDate,
      times: { issued: `${D}T12:00:00.000Z` },
      tool: { name: 'genesys-media-archive', version: '1' },
    });
    const write = async (word: string, deleteDate: string, signer?: ReceiptSigner) => {
      const key = sourceDeletionKey({ day: D, recording: idFrom(word), n: 1 });
      await putSmall(fixture.store, key, await formatSigned(step(word, deleteDate), signer), unlimited);
    };
    await write('ours', `${D}T00:00:00.000Z`, RECEIPT_SIGNER);
    await write('forged', `${D}T00:00:00.000Z`);
    await write('ahead', '2027-01-01T00:00:00.000Z', RECEIPT_SIGNER);
    expect(Object.keys(planted)).toHaveLength(2);
    const [statement] = await sealed(fixture, [D]);
    expect(statement?.differences?.unexpected).toEqual({
      total: 4,
      byReason: { 'deleted-by-archive': 1, 'gone-at-source': 3 },
    });
  });

  it('tells what a rule of retention let go from what is missing, by signed notes alone', async () => {
    const fixture = await begun();
    const gone = async (word: string) => {
      fixture.record(word, D);
      return (await fixture.hold(word, D, { isLost: true })).key;
    };
    const noted = async (key: string, from: string, signer?: ReceiptSigner) =>
      noteRemovals(
        { store: fixture.store, keys: new Map(), clock: { now: () => fixture.now } },
        { dayOf: () => D, signer: () => Promise.resolve(signer) },
        new Map([[key, { from: Date.parse(from), until: undefined }]]),
        unlimited,
      );
    const [due, early, forged] = [await gone('due'), await gone('early'), await gone('forged')];
    await fixture.archive('both', D);
    await noted(due, `${D}T00:00:00.000Z`, RECEIPT_SIGNER);
    await noted(early, `${NEXT}T23:00:00.000Z`, RECEIPT_SIGNER);
    await noted(forged, `${D}T00:00:00.000Z`);
    const [statement] = await sealed(fixture, [D]);
    expect(statement).toMatchObject({
      archive: { recordings: 1, receipts: 4, objects: { listed: 1, absent: 2, expired: 1 } },
      differences: {
        both: 1,
        missing: { total: 2, byReason: { lost: 2 } },
        excluded: { total: 1, byReason: { 'policy:retention': 1 } },
      },
    });
    fixture.now += DAY;
    const [later] = await sealed(fixture, [D, NEXT]);
    expect(later?.archive.objects).toMatchObject({ absent: 1, expired: 2 });
    expect(later?.differences?.missing.byReason).toEqual({ lost: 1 });
  });

  it('of an empty day states zeros, with the platform’s own zero', async () => {
    const fixture = await begun();
    const [statement] = await sealed(fixture, [D]);
    expect(statement).toMatchObject({
      archive: { recordings: 0, receipts: 0 },
      source: { recordings: 0, conversations: 0 },
      differences: { both: 0 },
    });
  });

  it('says unavailable when the platform could not be asked, and never zero', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    fixture.isDown = true;
    const [statement] = await sealed(fixture, [D]);
    expect(statement?.source).toEqual({
      unavailable: { code: 'GENESYS_UNAVAILABLE', asked: '2026-03-03T03:00:00.000Z' },
    });
    expect(statement?.differences).toBeUndefined();
    expect(statement).toMatchObject({ status: 'provisional', archive: { recordings: 1 } });
    fixture.isDown = false;
    fixture.now += 5 * DAY;
    const later = await seal(fixture);
    expect(later.statements.find(({ day }) => day === D)).toMatchObject({
      revision: 1,
      status: 'final',
      differences: { both: 1 },
      supersedes: { index: statement?.log.index },
    });
  });

  it('states every day that was not sealed, in order, and skips none', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    await fixture.archive('three', '2026-03-04');
    fixture.now = Date.parse('2026-03-06T03:00:00Z');
    const statements = await sealed(fixture, [D, NEXT, '2026-03-04', '2026-03-05']);
    expect(statements.map(({ archive }) => archive.recordings)).toEqual([1, 0, 1, 0]);
    expect(statements.map(({ log }) => log.through)).toEqual(Array.from({ length: 4 }, () => '2026-03-05'));
  });

  it('is amended by a new revision when a recording arrives late, and the old one stays', async () => {
    const fixture = await begun();
    await fixture.archive('on time', D);
    fixture.record('late', D);
    const [first] = await sealed(fixture, [D]);
    expect(first?.differences?.missing).toEqual({ total: 1, byReason: { 'never-announced': 1 } });
    const before = fixture.store.bodyOf(placeIn(fixture.store).keys.statement(D, first?.log.index ?? -1));
    fixture.now += DAY;
    await fixture.hold('late', D);
    const [amended, next] = await sealed(fixture, [D, NEXT]);
    expect(amended).toMatchObject({
      revision: 1,
      archive: { archived: 2 },
      differences: { both: 2, missing: { total: 0 } },
    });
    expect(next).toMatchObject({ day: NEXT, revision: 0 });
    expect(fixture.store.bodyOf(placeIn(fixture.store).keys.statement(D, first?.log.index ?? -1))).toEqual(
      before,
    );
    const { head } = await seal(fixture);
    expect(await entriesOf(fixture, head.size)).toEqual([
      `archived ${D}`,
      `statement ${D}`,
      `archived ${D}`,
      `statement ${D}`,
      `statement ${NEXT}`,
    ]);
  });

  it('is amended when an object is found to be gone', async () => {
    const fixture = await begun();
    const planted = await fixture.archive('one', D);
    await sealed(fixture, [D]);
    fixture.store.objects.delete(planted.key);
    fixture.now += DAY;
    const [amended] = await sealed(fixture, [D, NEXT]);
    expect(amended).toMatchObject({
      revision: 1,
      archive: { recordings: 0, archived: 1, objects: { absent: 1 } },
      differences: { both: 0, missing: { total: 1, byReason: { lost: 1 } } },
    });
  });

  it('counts an erasure beside the receipts, and does not call the recording missing', async () => {
    const fixture = await begun();
    const planted = await fixture.archive('one', D);
    await fixture.archive('two', D);
    await sealed(fixture, [D]);
    fixture.now += DAY;
    await fixture.erase(planted, D);
    const [amended] = await sealed(fixture, [D, NEXT]);
    expect(amended).toMatchObject({
      revision: 1,
      archive: { recordings: 1, archived: 2, erased: 1, objects: { listed: 1, receipts: 1 } },
      differences: { both: 1, missing: { total: 0 }, excluded: { total: 1, byReason: { erased: 1 } } },
    });
    fixture.now += DAY;
    await sealed(fixture, ['2026-03-04']);
    const { head } = await seal(fixture);
    expect((await entriesOf(fixture, head.size)).filter((entry) => entry.startsWith('erasure'))).toHaveLength(
      1,
    );
  });

  it('keeps ids out of the log and of everything that may be locked', async () => {
    const fixture = await begun();
    const planted = await fixture.archive('one', D);
    fixture.record('missing', D);
    await seal(fixture);
    const texts = [...fixture.store.objects]
      .filter(([key]) => key.startsWith('proof/') && !key.includes('/lists/'))
      .map(([key, { body }]) => (key.endsWith('.gz') ? gunzipSync(body) : body).toString('latin1'));
    expect(texts.length).toBeGreaterThan(5);
    for (const text of texts) {
      expect(text).not.toContain(planted.recordingId);
      expect(text).not.toContain(planted.conversationId);
      expect(text).not.toContain(idFrom('missing'));
    }
  });

  it('commits to lists that name each recording and what became of it', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    fixture.record('missing', D);
    const [statement] = await sealed(fixture, [D]);
    const source = statement?.source;
    if (source === undefined || 'unavailable' in source) throw new Error('asked');
    const { keys } = placeIn(fixture.store);
    const linesOf = (kind: 'source' | 'exceptions', root: string) =>
      gunzipSync(fixture.store.bodyOf(keys.list(D, root, kind)))
        .toString()
        .trimEnd()
        .split('\n');
    const lines = linesOf('source', source.list.root);
    expect(listRoot(lines)).toBe(source.list.root);
    const exceptions = linesOf('exceptions', statement?.differences?.list.root ?? '');
    expect(exceptions).toHaveLength(1);
    expect(JSON.parse(exceptions[0] ?? '')).toMatchObject({
      recording: idFrom('missing'),
      state: 'missing',
      reason: 'never-announced',
    });
  });

  it('counts receipts that must not be logged, and says why', async () => {
    const fixture = await begun();
    await fixture.hold('foreign', D, { organization: idFrom('another organization') });
    await fixture.hold('unsigned terminal', D, { kind: 'terminal', isUnsigned: true });
    await fixture.hold('unsigned', D, { isUnsigned: true });
    const malformed = await fixture.hold('malformed', D);
    fixture.store.plant(receiptKey(malformed.key), '{}');
    const moved = await fixture.hold('moved', NEXT);
    const body = fixture.store.bodyOf(receiptKey(moved.key));
    fixture.store.plant(receiptKey(moved.key.replace('/03/03/', '/03/02/')), body);
    const [statement] = await sealed(fixture, [D]);
    expect(statement?.archive).toMatchObject({
      receipts: 1,
      unsigned: 1,
      refused: {
        total: 4,
        byReason: { 'other-organization': 1, 'unsigned-terminal': 1, malformed: 1, 'other-day': 1 },
      },
    });
  });

  it('takes a recording that is filed a day earlier or later for held', async () => {
    const fixture = await begun();
    fixture.record('midnight', D, { startedAt: Date.parse(`${D}T23:59:59Z`) });
    await fixture.hold('midnight', NEXT);
    const [statement] = await sealed(fixture, [D]);
    expect(statement?.differences).toMatchObject({
      missing: { total: 0 },
      excluded: { byReason: { 'other-day': 1 } },
    });
    fixture.now += DAY;
    fixture.record('midnight', NEXT, { startedAt: Date.parse(`${D}T23:59:59Z`) });
    const [next] = await sealed(fixture, [NEXT]);
    expect(next?.differences).toMatchObject({ both: 1, unexpected: { total: 0 } });
  });

  it('does not call a recording gone at the source that the client may not see', async () => {
    const fixture = await begun();
    fixture.divisions = ['division-1'];
    await fixture.hold('elsewhere', D);
    const [statement] = await sealed(fixture, [D]);
    expect(statement?.differences?.unexpected.byReason).toEqual({ 'outside-visibility': 1 });
    expect(statement?.source).toMatchObject({ visibility: { divisions: ['division-1'] } });
  });
});

describe('when a day is final', () => {
  it('is four days after its end, when the platform has all data of it and nothing is pending', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    const [first] = await sealed(fixture, [D]);
    expect(first?.status).toBe('provisional');
    for (let day = 1; day <= 3; day += 1) {
      fixture.now += DAY;
      expect((await seal(fixture)).statements.filter((each) => each.day === D)).toEqual([]);
    }
    fixture.now += DAY;
    const [final] = (await seal(fixture)).statements;
    expect(final).toMatchObject({ day: D, revision: 1, status: 'final' });
    expect(final?.open).toBeUndefined();
  });

  it('waits for the platform, and after 35 days is final with what is open named', async () => {
    const fixture = await begun();
    fixture.dataAvailableUntil = (day) => Date.parse(`${day}T12:00:00Z`);
    fixture.record('stuck', D, { state: 'pending', reason: 'uploading' });
    await sealed(fixture, [D]);
    const states: string[] = [];
    for (let day = 1; day <= 36; day += 1) {
      fixture.now += DAY;
      for (const each of (await seal(fixture)).statements) if (each.day === D) states.push(each.status);
    }
    expect(states).toEqual(['final']);
    fixture.now += DAY;
    const { statements } = await seal(fixture);
    expect(statements.filter((each) => each.day === D)).toEqual([]);
    const stored = [...fixture.store.objects.keys()]
      .filter((key) => key.includes('/days/2026/03/02/'))
      .sort();
    const last = JSON.parse(fixture.store.bodyOf(stored.at(-1) ?? '').toString()) as Statement;
    expect(last).toMatchObject({ status: 'final', open: ['pending', 'source-late'] });
  });

  it('is looked at again after 14 and 35 days, and stated anew only if something differs', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    const revised: string[] = [];
    const looked: string[] = [];
    const seen = new Map<string, number>();
    for (let day = 0; day <= 40; day += 1) {
      const through = new Date(fixture.now - DAY).toISOString().slice(0, 10);
      if (day === 16) fixture.platform.set(D, []);
      for (const each of (await seal(fixture)).statements) {
        if (each.day === D)
          revised.push(`${day} ${each.revision} ${each.status} ${each.differences?.unexpected.total}`);
        if (each.looked?.includes(D) === true) looked.push(`${day}`);
        seen.set(each.day, each.revision);
      }
      expect(seen.has(through)).toBe(true);
      fixture.now += DAY;
    }
    expect(revised).toEqual(['0 0 provisional 0', '4 1 final 0', '35 2 final 1']);
    expect(looked).toEqual(['14']);
  });

  it('is stated again once it has ended, when it was sealed before', async () => {
    const fixture = await begun();
    fixture.now = Date.parse(`${D}T13:00:00Z`);
    await fixture.archive('before', D);
    const today = await seal(fixture, { through: D });
    expect(today.statements.map(({ day, revision }) => [day, revision])).toEqual([[D, 0]]);
    await fixture.archive('after', D);
    fixture.now = Date.parse(`${NEXT}T03:00:00Z`);
    const [again] = await sealed(fixture, [D]);
    expect(again).toMatchObject({ revision: 1, archive: { archived: 2 }, differences: { both: 2 } });
  });
});

describe('sealing every night', () => {
  it('reads a receipt once, and asks the platform only for days that are due', async () => {
    const fixture = await begun();
    for (let at = 0; at < 20; at += 1) await fixture.archive(`call ${at}`, D);
    fixture.now += 2 * HOUR;
    await seal(fixture);
    const reads = new Map<string, number>();
    for (let night = 0; night < 3; night += 1) {
      fixture.now += DAY;
      const ports = fixture.ports();
      const counting = {
        ...ports,
        store: {
          ...fixture.store,
          get: (key: string, ...rest: [never]) => {
            if (key.startsWith('receipts/')) reads.set(key, (reads.get(key) ?? 0) + 1);
            return fixture.store.get(key, ...rest);
          },
        },
      };
      fixture.asked = 0;
      await sealDays(counting, {}, unlimited);
      expect(fixture.asked).toBe(1);
    }
    expect(reads.size).toBe(0);
  });

  it('finds what was stored out of order, also while as much has gone', async () => {
    const fixture = await begun();
    const gone = await fixture.archive('one', D);
    await fixture.archive('two', D);
    fixture.now += 3 * HOUR;
    await seal(fixture);
    fixture.now += DAY;
    fixture.store.objects.delete(receiptKey(gone.key));
    await fixture.hold('three', D);
    const [amended] = await sealed(fixture, [D, NEXT]);
    expect(amended?.archive).toMatchObject({ archived: 3, objects: { receipts: 2, withoutReceipt: 1 } });
  });
});

describe('a change of keys', () => {
  it('is logged once, and both keys sign', async () => {
    const fixture = await begun();
    await fixture.archive('one', D);
    await seal(fixture);
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    fixture.now += DAY;
    const refused = await failure(
      sealDays({ ...fixture.ports([next]), trusted: [next.key, LOG_SIGNER.key] }, {}, unlimited),
    );
    expect(refused.code).toBe('LOG_KEY_UNKNOWN');
    await sealDays(fixture.ports([next, LOG_SIGNER]), {}, unlimited);
    fixture.now += DAY;
    const { head } = await sealDays(fixture.ports([next, LOG_SIGNER]), {}, unlimited);
    expect((await entriesOf(fixture, head.size)).filter((entry) => entry.startsWith('key'))).toEqual([
      'key 2026-03-04',
    ]);
    expect(head.note?.match(/— /g)).toHaveLength(2);
    // later only the new one
    fixture.now += DAY;
    const alone = await sealDays(
      { ...fixture.ports([next]), trusted: [next.key, LOG_SIGNER.key] },
      {},
      unlimited,
    );
    expect(alone.head.note?.match(/— /g)).toHaveLength(1);
  });

  it('leaves every reader with a note to verify: with the old key, with the new one, and with neither it is unknown', async () => {
    const fixture = await begun();
    await seal(fixture);
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    fixture.now += DAY;
    const { head } = await sealDays(fixture.ports([next, LOG_SIGNER]), {}, unlimited);
    const verdict = (keys: readonly NoteKey[], note = head.note ?? '') =>
      openCheckpoint({ origin: ORIGIN, trusted: keys }, note).verdict;
    expect([verdict([LOG_SIGNER.key]), verdict([next.key]), verdict([])]).toEqual([
      'valid',
      'valid',
      'unknown-key',
    ]);
    // one of two that are known and wrong spoils the note
    const lines = (head.note ?? '').split('\n');
    const swapped = lines.map((line) => (line.startsWith('— ') ? line.replace(/.{7}=$/, 'AAAAAAA=') : line));
    expect(verdict([next.key, LOG_SIGNER.key], swapped.join('\n'))).toBe('invalid');
  });

  it('after a key was lost is vouched for by the recovery key, which was named when the log was begun', async () => {
    const fixture = new ArchiveFixture();
    const recovery = createLogSigner(ORIGIN, signerFrom('kept offline'));
    const first = { first: D, vkey: LOG_SIGNER.key.vkey, recoveryVkey: recovery.key.vkey, now: fixture.now };
    await initLog(placeIn(fixture.store), first, unlimited);
    await fixture.archive('one', D);
    await seal(fixture);
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    const trusting = (signers: readonly [LogSigner, ...LogSigner[]]) => ({
      ...fixture.ports(signers),
      trusted: [next.key, recovery.key, LOG_SIGNER.key],
    });
    fixture.now += DAY;
    expect((await failure(sealDays(trusting([next]), {}, unlimited))).code).toBe('LOG_KEY_UNKNOWN');
    const stranger = createLogSigner(ORIGIN, signerFrom('another offline key'));
    expect((await failure(sealDays(trusting([next, stranger]), {}, unlimited))).code).toBe('LOG_KEY_UNKNOWN');
    const { head } = await sealDays(trusting([next, recovery]), {}, unlimited);
    expect(openCheckpoint({ origin: ORIGIN, trusted: [recovery.key] }, head.note ?? '').verdict).toBe(
      'valid',
    );
    const record = [...fixture.store.objects.keys()].filter((key) => key.includes('/keys/'));
    expect(record).toHaveLength(1);
    expect(JSON.parse(fixture.store.bodyOf(record[0] ?? '').toString())).toMatchObject({
      vkey: next.key.vkey,
      replaces: LOG_SIGNER.key.vkey,
    });
    fixture.now += DAY;
    await sealDays(trusting([next]), {}, unlimited);
    const audited = await auditLog(trusting([next]), [], unlimited);
    expect(audited.findings).toEqual([]);
    // who knows the first key alone cannot tell, and is told so
    const early = await auditLog({ ...trusting([next]), trusted: [next.key] }, [], unlimited);
    expect([...new Set(early.findings.map(({ problem }) => problem))]).toEqual([
      'it is signed with a key that is not known',
    ]);
  });

  it('to a key that nothing vouches for has to be asked for', async () => {
    const fixture = await begun();
    await seal(fixture);
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    const ports = { ...fixture.ports([next]), trusted: [next.key, LOG_SIGNER.key] };
    fixture.now += DAY;
    expect((await failure(sealDays(ports, {}, unlimited))).code).toBe('LOG_KEY_UNKNOWN');
    const { staged } = await sealDays(ports, { unvouchedKey: true }, unlimited);
    expect(staged).toBe(1);
  });
});

describe('an archive without a log', () => {
  it('is not sealed', async () => {
    const fixture = new ArchiveFixture();
    expect((await failure(seal(fixture))).code).toBe('LOG_MISSING');
    expect([...fixture.store.objects.keys()]).toEqual([]);
  });

  it('that has one of another origin is refused', async () => {
    const fixture = await begun();
    const error = await failure(sealDays({ ...fixture.ports(), origin: 'another/origin' }, {}, unlimited));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
