import { createPublicKey, sign } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { AnchoredCheckpoint, WitnessAnswer } from '../../../src/ports.ts';
import {
  createWitness,
  MAX_COSIGNATURE_BYTES,
  readCosignatures,
} from '../../../src/proof/anchors/witness.ts';
import { parseConsistency } from '../../../src/proof/formats/consistency.ts';
import { cosignatureOf, cosignedText } from '../../../src/proof/formats/cosignature.ts';
import { COSIGNATURE_TYPE, formatSignature, noteKey, parseNote } from '../../../src/proof/formats/note.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { openCheckpoint } from '../../../src/proof/log/place.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { placeIn, privateKeyFrom, sealingDays } from '../log-fixture.ts';
import { plainStore, type PlainStore } from '../plain-store.ts';

const NAME = 'witness.example.com/w1';
const NOW = Date.parse('2026-03-05T03:00:00Z');
const DAY = 24 * 3_600_000;
const keyOf = (name: string) => noteKey(name, createPublicKey(privateKeyFrom(name)), COSIGNATURE_TYPE);
const key = keyOf(NAME);

/** The line that a witness signs a checkpoint with. */
function cosign(note: string, at = NOW / 1_000, name = NAME): string {
  const text = parseNote(note)?.text ?? '';
  const bytes = sign(null, Buffer.from(cosignedText(text, at)), privateKeyFrom(name));
  return formatSignature(cosignatureOf(keyOf(name), at, bytes));
}

let store: PlainStore;
let head: AnchoredCheckpoint;
let earlier: AnchoredCheckpoint;

beforeEach(async () => {
  store = plainStore();
  const place = placeIn(store);
  await sealLog(place, sealingDays([3, 0, 20]), unlimited);
  const { size, root, note = '' } = await findHead(place, unlimited);
  head = { size, root: root.toString('base64'), note };
  const first = openCheckpoint(place, store.bodyOf(place.keys.note(4)).toString()).checkpoint;
  earlier = { size: 4, root: first?.root.toString('base64') ?? '', note: first?.note ?? '' };
});

/** A witness that answers as it is told, in turn; the last answer goes on. */
function witness(...answers: readonly (WitnessAnswer | Error)[]) {
  const requests: string[] = [];
  const anchor = createWitness({
    place: placeIn(store),
    key,
    now: () => NOW,
    door: {
      name: 'witness.example.com',
      addCheckpoint: (request) => {
        requests.push(request);
        const answer = answers[Math.min(requests.length, answers.length) - 1];
        if (answer === undefined || answer instanceof Error)
          return Promise.reject(answer ?? new Error('it was not to be asked'));
        return Promise.resolve(answer);
      },
    },
  });
  const recall = (given: AnchoredCheckpoint | undefined = head) =>
    anchor.recall?.(unlimited, given) ?? Promise.resolve(undefined);
  return { requests, recall, keep: (given = head) => anchor.keep(given, unlimited), anchor };
}

const cosigned = (note = head.note): WitnessAnswer => ({ state: 'cosigned', lines: cosign(note) });
const knows = (size: number): WitnessAnswer => ({ state: 'other-size', size });
const froms = (requests: readonly string[]) => requests.map((each) => parseConsistency(each)?.from);
const kept = () => [...store.objects.keys()].filter((each) => each.endsWith('.cosig'));
const kindOf = ({ code, message }: ArchiveError) => [code, message];

describe('a witness that is given a checkpoint', () => {
  it('is given the proof from the empty log first, and its signature line is kept beside the checkpoint', async () => {
    const asked = witness(cosigned());
    expect([asked.anchor.kind, asked.anchor.name]).toEqual(['witness', NAME]);
    expect(await asked.keep()).toEqual({ time: NOW });
    expect(froms(asked.requests)).toEqual([0]);
    expect(parseConsistency(asked.requests[0] ?? '')?.checkpoint).toBe(head.note);
    expect(kept()).toEqual([placeIn(store).keys.cosignature(head.size, key.id)]);
    expect(store.bodyOf(kept()[0] ?? '').toString()).toBe(cosign(head.note));
  });

  it('is not asked where its signature is kept, and the time of that one counts', async () => {
    const at = NOW / 1_000 - 60;
    store.plant(placeIn(store).keys.cosignature(head.size, key.id), cosign(head.note, at));
    const asked = witness();
    expect(await asked.keep()).toEqual({ time: at * 1_000 });
    expect(asked.requests).toEqual([]);
  });

  it('is asked again where what is kept is not its signature of this checkpoint, and that stays', async () => {
    const other = cosign(earlier.note);
    store.plant(placeIn(store).keys.cosignature(head.size, key.id), other);
    expect(await witness(cosigned()).keep()).toEqual({ time: NOW });
    expect(store.bodyOf(kept()[0] ?? '').toString()).toBe(other);
  });

  it('is given a proof from the size that it names, until it has it', async () => {
    const asked = witness(knows(4), knows(5), cosigned());
    expect(await asked.keep()).toEqual({ time: NOW });
    expect(froms(asked.requests)).toEqual([0, 4, 5]);
    expect(parseConsistency(asked.requests[1] ?? '')?.path.length).toBeGreaterThan(0);
  });

  it('and keeps what it cosigned in mind for the next one', async () => {
    const asked = witness({ state: 'cosigned', lines: cosign(earlier.note) }, cosigned());
    await asked.keep(earlier);
    await asked.keep();
    expect(froms(asked.requests)).toEqual([0, 4]);
  });

  it('is given up when it names one size twice, or ever other ones', async () => {
    const stubborn = witness(knows(4), knows(4));
    expect(kindOf(await failure(stubborn.keep()))).toEqual([
      'ANCHOR_REFUSED',
      `witness.example.com remembers another log than this one of ${head.size}`,
    ]);
    expect(stubborn.requests).toHaveLength(2);
    const restless = witness(...[4, 5, 4, 5, 4, 5].map(knows));
    expect((await failure(restless.keep())).code).toBe('ANCHOR_REFUSED');
    expect(restless.requests).toHaveLength(4);
  });

  it('that knows a longer log is not given this one, and the error says so', async () => {
    const asked = witness(knows(head.size + 1));
    expect(kindOf(await failure(asked.keep()))).toEqual([
      'ANCHOR_REFUSED',
      `witness.example.com remembers a log of ${head.size + 1} entries, and was given this one of ${head.size}`,
    ]);
    expect(asked.requests).toHaveLength(1);
  });

  it.each([
    ['a signature of another checkpoint', () => cosign(earlier.note)],
    ['a signature of another witness', () => cosign(head.note, NOW / 1_000, 'other.example.com/w2')],
    ['nothing', () => ''],
    ['no signature line', () => 'thank you\n'],
  ])('is refused, and nothing is kept, when it answers with %s', async (_what, lines) => {
    const error = await failure(witness({ state: 'cosigned', lines: lines() }).keep());
    expect(kindOf(error)).toEqual([
      'ANCHOR_REFUSED',
      'witness.example.com answered without a valid cosignature of its key',
    ]);
    expect(kept()).toEqual([]);
  });

  it('may be a day off, and no more, in either direction', async () => {
    for (const off of [-DAY, DAY]) {
      const at = (NOW + off) / 1_000;
      expect(await witness({ state: 'cosigned', lines: cosign(head.note, at) }).keep()).toEqual({
        time: at * 1_000,
      });
      store.objects.delete(kept()[0] ?? '');
      const further = { state: 'cosigned', lines: cosign(head.note, at + Math.sign(off)) } as const;
      expect(kindOf(await failure(witness(further).keep()))).toEqual([
        'ANCHOR_REFUSED',
        'witness.example.com states a time that is more than a day off',
      ]);
      expect(kept()).toEqual([]);
    }
  });

  it('that does not answer is an error as it came', async () => {
    const down = new ArchiveError('ANCHOR_UNAVAILABLE', 'no answer');
    expect(await failure(witness(down).keep())).toBe(down);
    expect(await failure(witness(down).recall())).toBe(down);
  });
});

describe('a witness that is asked what it remembers', () => {
  it('is not asked about an empty log', async () => {
    const asked = witness();
    expect(await asked.anchor.recall?.(unlimited, undefined)).toBeUndefined();
    expect(asked.requests).toEqual([]);
  });

  it('signs what it knows already, which is kept', async () => {
    const asked = witness(cosigned());
    expect(await asked.recall()).toEqual({ size: head.size, root: head.root });
    expect(froms(asked.requests)).toEqual([head.size]);
    expect(kept()).toHaveLength(1);
  });

  it('names another size, without a root, and is given the proof from there', async () => {
    const asked = witness(knows(4), cosigned());
    expect(await asked.recall()).toEqual({ size: 4 });
    expect(await asked.keep()).toEqual({ time: NOW });
    expect(froms(asked.requests)).toEqual([head.size, 4]);
  });

  it('that refuses its own size has another root', async () => {
    expect(await witness(knows(head.size)).recall()).toEqual({ size: head.size, root: '' });
  });

  it('and answers what is no signature of it is refused', async () => {
    const asked = witness({ state: 'cosigned', lines: cosign(earlier.note) });
    expect((await failure(asked.recall())).code).toBe('ANCHOR_REFUSED');
  });
});

describe('what is kept of witnesses', () => {
  it('is read by their keys, in their order; what does not verify, and what is not there, is passed over', async () => {
    const { keys } = placeIn(store);
    const [second, third] = [keyOf('other.example.com/w2'), keyOf('third.example.com/w3')];
    store.plant(keys.cosignature(head.size, key.id), cosign(head.note));
    store.plant(keys.cosignature(head.size, second.id), cosign(head.note, NOW / 1_000, second.name));
    store.plant(keys.cosignature(head.size, third.id), cosign(earlier.note, NOW / 1_000, third.name));
    const read = (...known: readonly (typeof key)[]) =>
      readCosignatures(placeIn(store), head, known, unlimited);
    expect((await read(second, third, key)).map((each) => each.key.name)).toEqual([second.name, NAME]);
    expect(await read(keyOf('fourth.example.com/w4'))).toEqual([]);
    store.plant(keys.cosignature(head.size, key.id), 'x'.repeat(MAX_COSIGNATURE_BYTES + 1));
    expect((await failure(read(key))).code).toBe('LOG_MALFORMED');
  });
});
