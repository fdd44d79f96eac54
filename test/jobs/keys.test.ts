import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cursorKey,
  doneKey,
  isJobId,
  leaseKey,
  newJobId,
  openedKey,
  parseCursorKey,
  parseDoneKey,
  parseIndexKey,
  parseLeaseKey,
} from '../../src/jobs/keys.ts';
import { isObjectKey } from '../../src/store/object-rules.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const time = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2099, 0, 1) });
const count = fc.integer({ min: 0, max: 999_999 });

describe('the keys of a job', () => {
  it('are keys that every store takes, and say what they were made of', () => {
    fc.assert(
      fc.property(time, random, count, count, count, (now, chance, shard, turn, n) => {
        const id = newJobId(now, () => chance);
        expect(isJobId(id)).toBe(true);
        const marker = {
          shard,
          turn,
          done: n,
          already: turn,
          failed: shard,
          bytes: n * 1e6,
          results: n,
          seconds: n,
        };
        const keys = [
          cursorKey(id, { shard, turn }, n),
          leaseKey(id, shard, turn),
          doneKey(id, marker),
          openedKey(id),
        ];
        expect(keys.every(isObjectKey)).toBe(true);
        expect(parseCursorKey(keys[0] ?? '')).toEqual({ turn, n });
        expect(parseLeaseKey(keys[1] ?? '')).toBe(turn);
        expect(parseDoneKey(keys[2] ?? '')).toEqual(marker);
        expect(parseIndexKey(keys[3] ?? '')).toEqual({ id, what: 'opened' });
      }),
    );
  });

  it('sort jobs by the minute in which they were planned', () => {
    fc.assert(
      fc.property(time, time, random, random, (one, other, a, b) => {
        fc.pre(Math.floor(one / 60_000) < Math.floor(other / 60_000));
        expect(newJobId(one, () => a) < newJobId(other, () => b)).toBe(true);
      }),
    );
  });

  it('take no notice of names that the engine does not write', () => {
    for (const key of ['jobs/index/x/opened.json', 'jobs/index/20261128t0738-k3f9qz/other.json', 'x']) {
      expect(parseIndexKey(key)).toBeUndefined();
    }
    expect(parseDoneKey('jobs/20261128t0738-k3f9qz/done/000001.1.2')).toBeUndefined();
    expect(parseLeaseKey('jobs/20261128t0738-k3f9qz/leases/000001/000001.json.tmp')).toBeUndefined();
  });
});
