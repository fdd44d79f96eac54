import { beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { openProver } from '../../../src/proof/prove/prove-entry.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { checkProof } from '../../../src/proof/verify/check-proof.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, DAY, type Planted } from '../archive-fixture.ts';
import { ORIGIN, placeIn } from '../log-fixture.ts';
import { plainStore } from '../plain-store.ts';

const D = '2026-03-02';
const fixture = new ArchiveFixture();
const planted: Planted[] = [];

/** A day of recordings of each kind, some of them late, among other days. */
beforeAll(async () => {
  await fixture.init();
  const kinds = ['archived', 'adopted', 'completed', 'terminal'] as const;
  for (let at = 0; at < 23; at += 1)
    planted.push(await fixture.hold(`call ${at}`, D, { kind: kinds[at % 4] ?? 'archived' }));
  await sealDays(fixture.ports(), {}, unlimited);
  fixture.now += DAY;
  for (let at = 0; at < 5; at += 1) planted.push(await fixture.hold(`late ${at}`, D));
  planted.push(await fixture.hold('next day', '2026-03-03'));
  await sealDays(fixture.ports(), {}, unlimited);
});

const open = (store = fixture.store) => openProver(placeIn(store), DATE_LAYOUT, unlimited);

describe('a prover', () => {
  it('finds every receipt of the log, whichever kind it is and when it came, and its proof verifies', async () => {
    const prover = await open();
    const places = new Set<number>();
    for (const { key } of planted) {
      const proved = await prover.recording(key, unlimited);
      expect(proved.key).toBe(key);
      expect(proved.file.equals(fixture.store.bodyOf(receiptKey(key)))).toBe(true);
      expect(checkProof(proved.file, proved.proof, placeIn(fixture.store))).toMatchObject({
        state: 'valid',
        index: proved.index,
        size: prover.head.size,
        entry: proved.entry,
      });
      places.add(proved.index);
    }
    expect(places.size).toBe(planted.length);
  });

  it('proves every revision of a day, in their order', async () => {
    const prover = await open();
    const days = await prover.day(D, unlimited);
    expect(days.map(({ statement }) => statement.revision)).toEqual([0, 1]);
    for (const { file, proof, index, entry, statement } of days) {
      expect(statement.log.index).toBe(index);
      expect(checkProof(file, proof, placeIn(fixture.store))).toMatchObject({ state: 'valid', entry, index });
    }
    expect(await prover.day('2026-03-03', unlimited)).toHaveLength(1);
  });

  it('says of what is not in the log that its day was not sealed since', async () => {
    const prover = await open();
    const { key, recordingId } = await fixture.hold('too late', D);
    expect(await failure(prover.recording(key, unlimited))).toMatchObject({
      code: 'NOT_SEALED',
      message: `recording ${recordingId} is not in the log: ${D} was not sealed since it was archived`,
    });
    // also where it would stand behind everything, or before it
    for (let at = 0; at < 12; at += 1) {
      const other = await fixture.hold(`too late ${at}`, D);
      expect((await failure(prover.recording(other.key, unlimited))).code).toBe('NOT_SEALED');
    }
    const unstated = await fixture.hold('of no stated day', '2026-04-01');
    expect((await failure(prover.recording(unstated.key, unlimited))).message).toContain(
      '2026-04-01 was not sealed',
    );
    expect(await failure(prover.day('2026-04-01', unlimited))).toMatchObject({
      code: 'NOT_SEALED',
      message: 'the log has no statement of 2026-04-01',
    });
  });

  it('says which receipt is not there', async () => {
    const [{ key } = { key: '' }] = planted;
    const store = fixture.store.copy();
    store.objects.delete(receiptKey(key));
    expect(await failure((await open(store)).recording(key, unlimited))).toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `there is no receipt ${receiptKey(key)} in plain:`,
    });
  });

  it('has nothing to prove by in a log without a checkpoint', async () => {
    expect(await failure(open(plainStore()))).toMatchObject({
      code: 'LOG_MISSING',
      message: `the log ${ORIGIN} has no checkpoint in plain:`,
    });
  });
});
