import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { createSecondStore } from '../../../src/proof/anchors/second-store.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { openCheckpoint } from '../../../src/proof/log/place.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { placeIn, sealingDays } from '../log-fixture.ts';
import { contentsOf, type PlainStore, plainStore } from '../plain-store.ts';

let own: PlainStore;
let second: PlainStore;
beforeEach(async () => {
  own = plainStore();
  second = plainStore();
  await sealLog(placeIn(own), sealingDays([3, 0]), unlimited);
});

/** The checkpoint of a size, as an anchor is given it. */
function checkpointOf(size: number, of = own) {
  const place = placeIn(of);
  const { checkpoint } = openCheckpoint(place, of.bodyOf(place.keys.note(size)).toString());
  return { size, root: checkpoint?.root.toString('base64') ?? '', note: checkpoint?.note ?? '' };
}

const anchor = (store: PlainStore = second) => createSecondStore(placeIn(own), store);
const recall = () => anchor().recall?.(unlimited, undefined);
const { keys } = placeIn(plainStore());

describe('a second store', () => {
  it('keeps each checkpoint once, and remembers the newest with its root', async () => {
    expect([anchor().kind, anchor().name]).toEqual(['second-store', 'plain:']);
    expect(await recall()).toBeUndefined();
    for (const size of [4, 5]) {
      expect(await anchor().keep(checkpointOf(size), unlimited)).toEqual({});
      expect(await recall()).toEqual({ size, root: checkpointOf(size).root });
    }
    const before = contentsOf(second);
    expect(Object.keys(before)).toEqual([keys.note(4), keys.note(5)]);
    expect(second.bodyOf(keys.note(5)).toString()).toBe(checkpointOf(5).note);
    const { writes } = second;
    const count = writes.count;
    expect(await anchor().keep(checkpointOf(5), unlimited)).toEqual({});
    expect([contentsOf(second), writes.count]).toEqual([before, count]);
  });

  it('takes no other object for a checkpoint, and none that does not verify', async () => {
    await anchor().keep(checkpointOf(4), unlimited);
    second.plant(keys.note(9), 'nothing of ours');
    second.plant(keys.token(8, 'tsa'), 'a time stamp');
    second.plant(`${keys.checkpoints}notes.txt`, 'a note of another kind');
    expect(await recall()).toEqual({ size: 4, root: checkpointOf(4).root });
    second.objects.delete(keys.note(4));
    expect(await recall()).toBeUndefined();
    second.plant(keys.note(4), checkpointOf(4).note.replace('\n4\n', '\n6\n'));
    expect(await recall()).toBeUndefined();
  });

  it.each([
    [
      'another tree of the same size',
      async () => {
        const other = plainStore();
        await sealLog(placeIn(other), sealingDays([3, 0], 'another'), unlimited);
        return checkpointOf(5, other).note;
      },
    ],
    ['what is no checkpoint', () => Promise.resolve('nothing of ours')],
    [
      'a note with a wrong signature',
      () => Promise.resolve(checkpointOf(5).note.replace(/.{9}\n$/, 'AAAAAAAA=\n')),
    ],
  ])('that holds %s under the name is told, and stays as it is', async (_what, body) => {
    second.plant(keys.note(5), await body());
    const before = contentsOf(second);
    const error = await failure(anchor().keep(checkpointOf(5), unlimited));
    expect([error.code, error.message, error.hint]).toEqual([
      'ANCHOR_REFUSED',
      `${keys.note(5)} in plain: is not this checkpoint`,
      'someone else writes to the second store, or it belongs to another log',
    ]);
    expect(contentsOf(second)).toEqual(before);
  });

  it('that lost what it says it has is told, too', async () => {
    const forgetful: PlainStore = { ...second, put: () => Promise.resolve({ outcome: 'exists' }) };
    expect((await failure(anchor(forgetful).keep(checkpointOf(5), unlimited))).code).toBe('ANCHOR_REFUSED');
  });

  it('that does not answer is an error as it came', async () => {
    const down = new ArchiveError('STORE_UNAVAILABLE', 'no');
    const { size } = await findHead(placeIn(own), unlimited);
    const broken: PlainStore = { ...second, put: () => Promise.reject(down) };
    expect(await failure(anchor(broken).keep(checkpointOf(size), unlimited))).toBe(down);
  });
});
