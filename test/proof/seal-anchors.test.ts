import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { Anchor } from '../../src/ports.ts';
import { createLogSigner } from '../../src/proof/log/signer.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { failure } from '../failure.ts';
import { ArchiveFixture, DAY } from './archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, signerFrom } from './log-fixture.ts';

const D = '2026-03-02';
type Recalled = Awaited<ReturnType<NonNullable<Anchor['recall']>>>;

let fixture: ArchiveFixture;
beforeEach(async () => {
  fixture = new ArchiveFixture();
  await fixture.init();
});

const seal = (...anchors: readonly Anchor[]) => sealDays({ ...fixture.ports(), anchors }, {}, unlimited);

/** Remembers nothing but what the test says, and what it was told. */
function anchor(change: Partial<Anchor> = {}, view?: Recalled) {
  const told: unknown[] = [];
  const asked: unknown[] = [];
  const made: Anchor = {
    kind: 'tsa',
    name: 'tsa.example.com',
    recall: (_budget, head) => {
      asked.push(head);
      return Promise.resolve(view);
    },
    keep: (checkpoint) => {
      told.push(checkpoint);
      return Promise.resolve({ time: fixture.now });
    },
    ...change,
  };
  return { made, told, asked };
}

const down = () => Promise.reject(new ArchiveError('ANCHOR_UNAVAILABLE', 'down'));

describe('those who remember checkpoints elsewhere', () => {
  it('are asked with the newest one before a seal, and told the newest one after it', async () => {
    const { made, told, asked } = anchor();
    fixture.now += DAY;
    await fixture.archive('one', D);
    const first = await seal(made);
    expect(first.statements.map(({ day }) => day)).toEqual([D, '2026-03-03']);
    const checkpointOf = ({ head }: typeof first) => ({
      size: head.size,
      root: head.root.toString('base64'),
      note: head.note,
    });
    expect(first.anchored).toEqual([{ kind: 'tsa', name: 'tsa.example.com', time: fixture.now }]);
    fixture.now += DAY;
    const second = await seal(
      made,
      anchor({ kind: 'witness', name: 'w', keep: () => Promise.resolve({}) }).made,
    );
    expect(second.anchored.map(({ kind }) => kind)).toEqual(['tsa', 'witness']);
    expect(second.anchored[1]).not.toHaveProperty('time');
    expect(asked).toEqual([undefined, checkpointOf(first)]);
    expect(told).toEqual([checkpointOf(first), checkpointOf(second)]);
    expect([first.failed, second.failed]).toEqual([[], []]);
    expect(second.statements.map(({ day }) => day)).toEqual(['2026-03-04']);
  });

  it('are told nothing of a log that has no checkpoint yet', async () => {
    const { made, told } = anchor();
    fixture.now = Date.parse(`${D}T10:00:00Z`);
    const { head, statements, anchored } = await seal(made);
    expect([head.size, statements, anchored, told]).toEqual([0, [], [], []]);
  });

  it('are each reported once when they do not answer, and keep no other from being told', async () => {
    const dead = anchor({ recall: down, keep: down }).made;
    const deaf = anchor({ name: 'other.example.com', recall: down });
    const mute = anchor({
      kind: 'witness',
      name: 'tsa.example.com',
      keep: () => Promise.reject(new Error('no')),
    }).made;
    const { failed, anchored, statements } = await seal(mute, dead, deaf.made);
    expect(failed.map(({ kind, name, error }) => [kind, name, error.code])).toEqual([
      ['tsa', 'tsa.example.com', 'ANCHOR_UNAVAILABLE'],
      ['tsa', 'other.example.com', 'ANCHOR_UNAVAILABLE'],
      ['witness', 'tsa.example.com', 'UNEXPECTED'],
    ]);
    expect(anchored.map(({ name }) => name)).toEqual(['other.example.com']);
    expect([deaf.told.length, statements.length]).toEqual([1, 1]);
  });

  it('that cannot be asked are told alone', async () => {
    const { recall: _, ...tellOnly } = anchor().made;
    const { anchored, failed } = await seal(tellOnly);
    expect([anchored.length, failed]).toEqual([1, []]);
  });
});

describe('a log that is known to be longer, or another one', () => {
  const rolledBack = async (view: Recalled) => {
    const error = await failure(seal(anchor({}, view).made));
    return [error.code, error.message, error.details];
  };

  it('is not sealed on: who knows it is named', async () => {
    const { head } = await seal();
    const { size } = head;
    fixture.now += DAY;
    const { count } = fixture.store.writes;
    expect(await rolledBack({ size: size + 1 })).toEqual([
      'LOG_ROLLED_BACK',
      `the log ${ORIGIN} has ${size} entries here, and a checkpoint of ${size + 1} is known to tsa tsa.example.com`,
      { here: size, elsewhere: size + 1 },
    ]);
    const other = Buffer.alloc(32).toString('base64');
    expect(await rolledBack({ size, root: other })).toEqual([
      'LOG_ROLLED_BACK',
      `the log ${ORIGIN} has another root at ${size} entries than the checkpoint that tsa tsa.example.com knows`,
      { here: size, elsewhere: size },
    ]);
    expect(fixture.store.writes.count).toBe(count);
    for (const view of [{ size }, { size, root: head.root.toString('base64') }])
      await seal(anchor({}, view).made);
  });

  it('is known by the names of its own checkpoints, too', async () => {
    const { head } = await seal();
    const { keys } = placeIn(fixture.store);
    // what is no checkpoint says nothing
    for (const name of ['notes.txt', '999.note', 'x000000000999.note'])
      fixture.store.plant(`${keys.checkpoints}${name}`, 'x');
    fixture.now += DAY;
    await seal();
    for (const size of [997, 999, 998]) fixture.store.plant(keys.note(size), 'x');
    const error = await failure(seal());
    expect(error.code).toBe('LOG_ROLLED_BACK');
    expect(error.message).toContain('a checkpoint of 999 is known to its own checkpoints');
    expect(head.size).toBe(1);
  });
});

describe('a key that no other vouches for', () => {
  it('signs the log only where that is asked for, and is written down then', async () => {
    await seal();
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    const ports = { ...fixture.ports([next]), trusted: [next.key, LOG_SIGNER.key] };
    fixture.now += DAY;
    for (const options of [{}, { unvouchedKey: false }])
      expect((await failure(sealDays(ports, options, unlimited))).code).toBe('LOG_KEY_UNKNOWN');
    const { staged } = await sealDays(ports, { unvouchedKey: true }, unlimited);
    const written = [...fixture.store.objects.keys()].filter((key) => key.includes('/keys/'));
    expect([staged, written.length]).toEqual([1, 1]);
  });
});

describe('a log whose checkpoints no configured key has signed', () => {
  it('is not sealed', async () => {
    await seal();
    const before = fixture.store.writes.count;
    const error = await failure(sealDays({ ...fixture.ports(), trusted: [] }, {}, unlimited));
    expect([error.code, fixture.store.writes.count]).toEqual(['LOG_KEY_UNKNOWN', before]);
  });
});
