import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { readErasures } from '../../../src/proof/day/erasures.ts';
import { listDay, recordingOf } from '../../../src/proof/day/list-day.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import {
  type Erasure,
  erasureKey,
  formatErasure,
  MAX_ERASURE_BYTES,
  subjectHash,
} from '../../../src/record/erasure.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { quarantineKey } from '../../../src/record/quarantine/key.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, idFrom, RECEIPT_KEYS } from '../archive-fixture.ts';

const D = '2026-03-02';

describe('tombstones', () => {
  it('become entries by the day of what was erased; what is none, or not signed as receipts are, erases nothing', async () => {
    const fixture = new ArchiveFixture();
    const { store } = fixture;
    const read = (receiptKeys = RECEIPT_KEYS) => readErasures({ store, receiptKeys }, unlimited);
    expect([...(await read())]).toEqual([]);
    const made: Erasure[] = [];
    for (const [word, day] of [
      ['one', D],
      ['two', D],
      ['three', '2026-03-05'],
    ] as const)
      made.push(await fixture.erase(await fixture.hold(word, day), day));
    const entryOf = ({ id, day, recording }: Erasure) => ({
      entry: { kind: 'erasure', day, sha256: sha256Hex(store.bodyOf(erasureKey(id))) },
      recording,
      receipt: undefined,
    });
    const [one, two, three] = made.map(entryOf);
    const whole = await read();
    expect([...whole.keys()].sort()).toEqual([D, '2026-03-05']);
    expect(whole.get(D)).toHaveLength(2);
    expect(whole.get(D)).toEqual(expect.arrayContaining([one, two]));
    expect(whole.get('2026-03-05')).toEqual([three]);
    expect(one?.recording).toBe(subjectHash(idFrom('one')));

    const unsigned: Erasure = {
      schema: 'genesys-media-archive/erasure/v1',
      id: 'unsigned-1',
      day: D,
      what: ['media'],
      reason: 'a request',
      at: '2026-03-05T00:00:00.000Z',
      receipt: '1'.repeat(64),
    };
    store.plant(erasureKey('unsigned-1'), formatErasure(unsigned));
    store.plant(erasureKey('nothing-12'), 'nothing');
    store.plant(erasureKey('too-large-1'), Buffer.alloc(MAX_ERASURE_BYTES + 1, 32));
    // one that stands under the name of another
    store.plant(erasureKey('another-name'), store.bodyOf(erasureKey(made[0]?.id ?? '')));
    expect(await read()).toEqual(whole);
    // where no key is known, an unsigned one counts as well
    const unchecked = (await read(new Map())).get(D) ?? [];
    expect(unchecked).toHaveLength(3);
    expect(unchecked).toContainEqual({
      entry: { kind: 'erasure', day: D, sha256: sha256Hex(formatErasure(unsigned)) },
      recording: undefined,
      receipt: '1'.repeat(64),
    });
    const get: typeof store.get = (...given) => store.get(...given);
    const gone = (key: string) => key === erasureKey(made[0]?.id ?? '');
    const racing = {
      ...store,
      get: (...given: Parameters<typeof store.get>) =>
        gone(given[0]) ? get('gone', given[1]) : get(...given),
    };
    expect((await readErasures({ store: racing, receiptKeys: RECEIPT_KEYS }, unlimited)).get(D)).toEqual([
      two,
    ]);
  });
});

describe('a tombstone that cannot be read', () => {
  it('ends the look with the error of the store: what is erased would be called missing', async () => {
    const fixture = new ArchiveFixture();
    await fixture.erase(await fixture.hold('one', D), D);
    const ports = { store: fixture.store, receiptKeys: RECEIPT_KEYS };
    for (const code of ['STORE_UNAVAILABLE', 'STORE_DENIED'] as const) {
      const get = () => Promise.reject(new ArchiveError(code, 'no'));
      const error = await failure(readErasures({ ...ports, store: { ...fixture.store, get } }, unlimited));
      expect(error.code).toBe(code);
    }
    const get = () => Promise.reject(new RangeError('no'));
    await expect(readErasures({ ...ports, store: { ...fixture.store, get } }, unlimited)).rejects.toThrow(
      RangeError,
    );
  });
});

describe('what lies under a day', () => {
  it('is its objects, its receipts and what waits in quarantine, and nothing else below the same prefixes', async () => {
    const fixture = new ArchiveFixture();
    const { store } = fixture;
    const held = await fixture.hold('held', D);
    const lost = await fixture.hold('lost', D, { isLost: true });
    const waiting = await fixture.hold('waiting', D);
    for (const key of [waiting.key, receiptKey(waiting.key)]) {
      const body = store.bodyOf(key);
      store.objects.delete(key);
      store.plant(key === waiting.key ? quarantineKey(key) : receiptKey(quarantineKey(waiting.key)), body);
    }
    store.plant('archive/2026/03/02/notes.txt', 'no recording');
    store.plant(`${held.key}.instruction`, '{}');
    store.plant('receipts/2026/03/02/notes.txt', 'no receipt');
    store.plant(quarantineKey('archive/2026/03/02/notes.txt'), 'no recording');
    const day = await listDay(store, DATE_LAYOUT, D, unlimited);
    expect([...day.objects.keys()]).toEqual([held.key]);
    expect([...day.receipts.keys()].sort()).toEqual([held.key, lost.key].sort());
    expect([...day.quarantined]).toEqual([waiting.recordingId]);
    expect(day.receipts.get(held.key)?.key).toBe(receiptKey(held.key));
    const other = await listDay(store, DATE_LAYOUT, '2026-03-03', unlimited);
    expect([other.objects.size, other.receipts.size, other.quarantined.size]).toEqual([0, 0, 0]);
  });

  it('names a recording by the id in its key, and what is no recording by the key', () => {
    const { key, recordingId } = { recordingId: idFrom('one'), key: 'archive/2026/03/02/notes.txt' };
    const named = DATE_LAYOUT.keyOf({
      ids: { recordingId: recordingId.toUpperCase(), conversationId: 'c' },
      at: Date.parse(`${D}T12:00:00Z`),
    });
    expect(recordingOf(DATE_LAYOUT, named)).toBe(recordingId);
    expect(recordingOf(DATE_LAYOUT, key)).toBe(key);
  });
});
