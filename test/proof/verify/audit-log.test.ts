import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { MAX_NOTE_BYTES } from '../../../src/proof/formats/note.ts';
import type { Statement } from '../../../src/proof/formats/statement.ts';
import type { LogPlace } from '../../../src/proof/log/place.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { auditLog, type KnownCheckpoint } from '../../../src/proof/verify/audit-log.ts';
import { failure } from '../../failure.ts';
import { ORIGIN, signerFrom } from '../log-fixture.ts';
import { forgeLog, type ForgedDay, noteOf } from './forged-log.ts';

const [FIRST, SECOND, FOURTH] = ['2026-03-02', '2026-03-03', '2026-03-05'];
const DAYS: readonly ForgedDay[] = [{ day: FIRST }, { day: SECOND }, { day: FIRST }];
/** Entries of {@link DAYS}. */
const SIZE = 23;

const audit = (place: LogPlace, known: readonly KnownCheckpoint[] = []) => auditLog(place, known, unlimited);

/** What is found about a log of these days, as `revision: problem`. */
async function findingsOf(days: readonly ForgedDay[]): Promise<readonly string[]> {
  const { place, statements } = await forgeLog(days);
  return (await audit(place)).findings.map(
    ({ where, problem }) => `${statements.indexOf(where)}: ${problem}`,
  );
}

const changing = (at: number, change: ForgedDay['change']) =>
  DAYS.map((day, index) => (index === at && change !== undefined ? { ...day, change } : day));
const counting = (counts: Partial<Statement['archive']>) => (honest: Statement) => ({
  archive: { ...honest.archive, ...counts },
});
const OTHER = sha256Hex('another');

describe('the statements of a log', () => {
  it('are counted with its days and what is missing by the newest revision of each', async () => {
    const missing =
      (total: number) =>
      ({ differences }: Statement) =>
        differences === undefined
          ? {}
          : { differences: { ...differences, missing: { ...differences.missing, total } } };
    const { place } = await forgeLog(DAYS);
    expect(await audit(place)).toEqual({
      size: SIZE,
      checkpoints: 1,
      statements: 3,
      first: FIRST,
      last: SECOND,
      missing: 2,
      findings: [],
    });
    const days = [
      { day: SECOND, change: missing(5) },
      { day: FIRST, change: missing(7) },
      { day: FIRST, change: missing(10) },
    ];
    expect(await audit((await forgeLog(days)).place)).toMatchObject({
      first: FIRST,
      last: SECOND,
      missing: 15,
    });
    expect(await audit((await forgeLog([])).place)).toMatchObject({ size: 0, statements: 0, missing: 0 });
  });

  it.each([
    ['the place of the one before it', { index: 3, sha256: OTHER }],
    ['nothing', undefined],
  ])('have to name the statement before them: %s is not enough', async (_what, previous) => {
    const expected = ['1: it does not name the statement before it'];
    expect(await findingsOf(changing(1, () => ({ previous: previous as never })))).toEqual(expected);
  });

  it('have to name place and hash of the statement before them, and the first of them none', async () => {
    const problem = 'it does not name the statement before it';
    const other = (change: Partial<NonNullable<Statement['previous']>>) =>
      changing(1, ({ previous }) => (previous === undefined ? {} : { previous: { ...previous, ...change } }));
    expect(await findingsOf(other({ index: 3 }))).toEqual([`1: ${problem}`]);
    expect(await findingsOf(other({ sha256: OTHER }))).toEqual([`1: ${problem}`]);
    expect(await findingsOf(changing(0, () => ({ previous: { index: 1, sha256: OTHER } })))).toEqual([
      `0: ${problem}`,
    ]);
  });

  it('have to be the next revision of their day, and to name the one before it', async () => {
    const revision = 'it is not the next revision of its day';
    const named = 'it does not name the revision before it';
    expect(await findingsOf(changing(0, () => ({ revision: 1 })))).toEqual([`0: ${revision}`]);
    expect(await findingsOf(changing(2, () => ({ revision: 0 })))).toEqual([`2: ${revision}`]);
    expect(await findingsOf(changing(2, () => ({ revision: 2 })))).toEqual([`2: ${revision}`]);
    expect(await findingsOf(changing(2, () => ({ supersedes: undefined as never })))).toEqual([
      `2: ${named}`,
    ]);
    const supersedes = { index: 10, sha256: OTHER };
    expect(await findingsOf(changing(1, () => ({ supersedes })))).toEqual([`1: ${named}`]);
  });

  it('have to count what the log holds of their day, of each kind', async () => {
    const counts = { archived: 7, adopted: 2, completed: 1, terminal: 0 };
    expect(await findingsOf(changing(1, counting(counts)))).toEqual([
      '1: it counts 7 archived, and the log holds 8',
      '1: it counts 2 adopted, and the log holds 1',
      '1: it counts 1 completed, and the log holds 0',
      '1: it counts 0 terminal, and the log holds 1',
    ]);
    const erasures = '1: it counts other erasures than the log holds';
    expect(await findingsOf(changing(1, counting({ erased: 1 })))).toEqual([erasures]);
    const logged = { archived: 8, adopted: 1, terminal: 1, erasure: 2 };
    const erased = (count: number) => [
      { day: FIRST },
      { day: SECOND, logged, change: counting({ erased: count }) },
    ];
    expect(await findingsOf(erased(2))).toEqual([]);
    expect(await findingsOf(erased(0))).toEqual([erasures]);
  });

  it('of a day of which nothing is logged, or whose source did not answer, count nothing', async () => {
    const none = { archived: 0, adopted: 0, terminal: 0, receipts: 0, recordings: 0 };
    const unavailable = { code: 'GENESYS_UNAVAILABLE', asked: '2026-03-04T03:00:00.000Z' };
    const { place } = await forgeLog([
      { day: FIRST },
      {
        day: SECOND,
        logged: {},
        change: (honest) => ({
          ...counting(none)(honest),
          source: { unavailable },
          differences: undefined as never,
        }),
      },
    ]);
    expect(await audit(place)).toMatchObject({ last: SECOND, missing: 1, findings: [] });
  });

  it('have to list the access entries that the revision before them lists', async () => {
    const listing = (count: number) => () => ({
      access: { list: { count, root: sha256Hex('') }, missing: 0, refused: 0 },
    });
    const revisions = (second: ForgedDay['change']) => [
      { day: FIRST, change: listing(0) },
      second === undefined ? { day: FIRST } : { day: FIRST, change: second },
    ];
    expect(await findingsOf(revisions(listing(0)))).toEqual([]);
    expect(await findingsOf(revisions(listing(1)))).toEqual([
      '1: its list of access entries is missing, or another one',
    ]);
    const dropped = '1: it no longer lists the access entries that the revision before it lists';
    expect(await findingsOf(revisions(undefined))).toEqual([dropped]);
    const unavailable = () => ({ access: { unavailable: { code: 'STORE_DENIED' } } });
    expect(await findingsOf(revisions(unavailable))).toEqual([dropped]);
  });

  it('must not break an equation: each that is broken is named', async () => {
    const receipts = '1: broken: receipts = archived + adopted + completed + terminal';
    expect(await findingsOf(changing(1, counting({ receipts: 11 })))).toEqual([receipts]);
    expect(await findingsOf(changing(1, counting({ receipts: 11, recordings: 8 })))).toEqual([
      receipts,
      '1: broken: archive.recordings = both + unexpected',
    ]);
  });

  it('have to be there; the one after it is held to the entry', async () => {
    const { store, place, statements } = await forgeLog(DAYS);
    const [, where = ''] = statements;
    const expected = [{ where, problem: 'it is missing, or not the statement that the log holds' }];
    store.plant(where, '{}\n');
    expect(await audit(place)).toMatchObject({ statements: 3, findings: expected });
    store.objects.delete(where);
    expect(await audit(place)).toMatchObject({ statements: 3, last: FIRST, findings: expected });
  });

  it('have to be of every day without a gap', async () => {
    const { place } = await forgeLog([{ day: FIRST }, { day: FOURTH }, { day: '2026-03-06' }]);
    expect((await audit(place)).findings).toEqual([
      { where: '2026-03-03', problem: `no statement of this day, and of ${FOURTH} there is one` },
    ]);
  });
});

describe('the checkpoints of a log', () => {
  it('cannot be of more entries than there are', async () => {
    const { place, rootAt } = await forgeLog(DAYS);
    const root = rootAt(SIZE).toString('base64');
    const known = ['one', 'other'].map((where) => ({ size: SIZE + 1, root, where }));
    expect((await audit(place, known)).findings).toEqual(
      known.map(({ where }) => ({
        where,
        problem: `entries are missing from ${SIZE} although it is signed for ${SIZE + 1}`,
      })),
    );
  });

  it('are missed where they are gone since they were listed', async () => {
    const { store, place } = await forgeLog(DAYS);
    const where = place.keys.note(SIZE);
    const get: typeof store.get = (key, ...rest) =>
      key === where ? Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'gone')) : store.get(key, ...rest);
    const { findings } = await audit({ ...place, store: { ...store, get } });
    expect(findings).toContainEqual({
      where,
      problem: 'it is not a checkpoint of this log with a valid signature',
    });
  });

  it('have to be signed with a known key, and to be of the size that their name states', async () => {
    const { store, place, rootAt } = await forgeLog(DAYS);
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const key = (size: number) => place.keys.note(size);
    store.plant(key(2), 'x'.repeat(MAX_NOTE_BYTES + 1));
    store.plant(key(3), 'no note');
    store.plant(key(4), await noteOf(4, rootAt(4), { signed: 'another text\n' }));
    store.plant(key(5), await noteOf(6, rootAt(6)));
    store.plant(key(7), await noteOf(7, rootAt(7), { signer: stranger }));
    store.plant(key(8), await noteOf(8, rootAt(9), { signer: stranger }));
    store.plant(`${place.keys.checkpoints}notes.txt`, 'none of the log');
    const { findings, checkpoints } = await audit(place);
    const unsigned = 'it is not a checkpoint of this log with a valid signature';
    const unknown = 'it is signed with a key that is not known';
    expect(findings).toEqual([
      { where: key(2), problem: unsigned },
      { where: key(3), problem: unsigned },
      { where: key(4), problem: unsigned },
      { where: key(5), problem: 'it is the checkpoint of another size' },
      { where: key(7), problem: unknown },
      { where: key(8), problem: unknown },
      { where: key(8), problem: 'the first 8 entries do not make the root that it states' },
    ]);
    expect(checkpoints).toBe(3);
  });
});

describe('a log that cannot be read to its end', () => {
  it('is read up to the entry that is damaged, and what follows is missing', async () => {
    const { store, place } = await forgeLog(DAYS);
    store.objects.delete(place.keys.path(`tile/entries/000.p/${SIZE}`));
    const { findings, size } = await audit(place);
    expect(size).toBe(0);
    expect(findings[0]).toMatchObject({
      where: 'entry 0',
      problem: expect.stringMatching(/ is missing$/) as string,
    });
    expect(findings.at(-1)).toEqual({
      where: place.keys.note(SIZE),
      problem: `entries are missing from 0 although it is signed for ${SIZE}`,
    });
  });

  it.each(['tile/entries/', 'days/'])('is not judged when the store does not answer: %s', async (part) => {
    const { store, place } = await forgeLog(DAYS);
    const get: typeof store.get = (key, ...rest) =>
      key.includes(part)
        ? Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'no answer'))
        : store.get(key, ...rest);
    const error = await failure(audit({ ...place, store: { ...store, get } }));
    expect(error.code).toBe('STORE_UNAVAILABLE');
  });
});
