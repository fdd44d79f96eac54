import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { leafHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import { checkNote, parseNote } from '../../../src/proof/formats/note.ts';
import { findHead } from '../../../src/proof/log/head.ts';
import { readRawEntries } from '../../../src/proof/log/place.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { LOG_SIGNER, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { crashEverywhere } from './crash-points.ts';
import { contentsOf, type PlainStore, plainStore } from '../plain-store.ts';

const DAYS = [3, 0, 300];
const KEYS = placeIn(plainStore()).keys;

async function sealed(days = DAYS): Promise<PlainStore> {
  const store = plainStore();
  await sealLog(placeIn(store), sealingDays(days), unlimited);
  return store;
}

async function rootOfEntries(store: PlainStore, size: number): Promise<Buffer> {
  const leaves: Buffer[] = [];
  for await (const { bytes } of readRawEntries(placeIn(store), { start: 0, end: size }, size, unlimited)) {
    leaves.push(leafHash(bytes));
  }
  return rootOf(leaves);
}

describe('sealing', () => {
  it('makes a checkpoint for each seal, whose root the entries make', async () => {
    const store = await sealed();
    const head = await findHead(placeIn(store), unlimited);
    expect(head.size).toBe(3 + 1 + 1 + 300 + 1);
    for (const size of [4, 5, 306]) {
      const note = parseNote(store.bodyOf(KEYS.note(size)).toString('utf8'));
      expect(note && checkNote(note, [LOG_SIGNER.key])).toBe('valid');
      expect(note?.text.split('\n')[2]).toBe((await rootOfEntries(store, size)).toString('base64'));
    }
    expect(store.bodyOf(KEYS.checkpoint)).toEqual(store.bodyOf(KEYS.note(306)));
  });

  it('seals nothing twice, and writes nothing when nothing has joined', async () => {
    const store = await sealed();
    const before = contentsOf(store);
    const run = await sealLog(placeIn(store), sealingDays(DAYS), unlimited);
    expect([run.staged, run.finished]).toEqual([0, 0]);
    expect(contentsOf(store)).toEqual(before);
  });

  it('goes on where the log ends, and leaves every object that is there as it is', async () => {
    const store = await sealed([3, 0]);
    const before = contentsOf(store);
    const run = await sealLog(placeIn(store), sealingDays(DAYS), unlimited);
    expect(run.staged).toBe(1);
    const { [KEYS.checkpoint]: pointer, ...rest } = before;
    expect(contentsOf(store)).toMatchObject(rest);
    expect(contentsOf(store)[KEYS.checkpoint]).not.toBe(pointer);
    expect(contentsOf(store)).toEqual(contentsOf(await sealed()));
  });

  it('ends in the same bytes after a death at any operation, also of what was to repair it', async () => {
    const { runs, wrong } = await crashEverywhere([2], 9);
    expect(wrong).toEqual([]);
    expect(runs).toBeGreaterThan(100);
  });

  it('makes one history out of five sealers at once that would each have sealed something else', async () => {
    for (let round = 0; round < 10; round += 1) {
      const store = plainStore();
      const sealers = Array.from({ length: 5 }, (_, at) =>
        sealLog(placeIn(store), sealingDays([at, 3], `sealer ${at} ${round}`), unlimited),
      );
      const runs = await Promise.all(sealers);
      const sizes = new Set(runs.map(({ head }) => head.size));
      expect(sizes.size).toBe(1);
      expect(runs.reduce((sum, { staged }) => sum + staged, 0)).toBe(2);
      const { size, root } = await findHead(placeIn(store), unlimited);
      expect(root).toEqual(await rootOfEntries(store, size));
    }
  });

  it('heals a pointer that was set back, exchanged or removed', async () => {
    const store = await sealed();
    const before = contentsOf(store);
    store.plant(KEYS.checkpoint, store.bodyOf(KEYS.note(4)));
    await sealLog(placeIn(store), sealingDays(DAYS), unlimited);
    expect(contentsOf(store)).toEqual(before);
    store.plant(KEYS.checkpoint, 'nothing of ours');
    await sealLog(placeIn(store), sealingDays(DAYS), unlimited);
    expect(contentsOf(store)).toEqual(before);
    store.objects.delete(KEYS.checkpoint);
    await sealLog(placeIn(store), sealingDays(DAYS), unlimited);
    expect(contentsOf(store)).toEqual(before);
  });
});

describe('what a stranger writes below proof/', () => {
  it('as a staged seal is not signed', async () => {
    const store = await sealed([3]);
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const forged = plainStore(new Map(store.objects));
    await failure(sealLog({ ...placeIn(forged), signers: [stranger] }, sealingDays([3, 2]), unlimited));
    const before = contentsOf(forged);
    const error = await failure(sealLog(placeIn(forged), sealingDays([3, 2]), unlimited));
    expect(error.code).toBe('SEAL_FORGED');
    expect(contentsOf(forged)).toEqual(before);
  });

  it('as a staged seal of another place is not signed either', async () => {
    const store = await sealed([3, 0]);
    store.plant(KEYS.seal(5), store.bodyOf(KEYS.seal(4)));
    expect(await failure(sealLog(placeIn(store), sealingDays(DAYS), unlimited))).toMatchObject({
      code: 'SEAL_FORGED',
    });
  });

  it('under any key that the next seal needs stops it, and is not overwritten', async () => {
    const store = await sealed([3]);
    const next = store.copy();
    await sealLog(placeIn(next), sealingDays([3, 256]), unlimited);
    const joined = [...next.objects.keys()].filter(
      (key) => !store.objects.has(key) && !key.includes('/seals/'),
    );
    expect(joined.length).toBeGreaterThan(6);
    for (const key of joined) {
      const planted = store.copy();
      planted.plant(key, 'planted');
      const error = await failure(sealLog(placeIn(planted), sealingDays([3, 256]), unlimited));
      expect(`${key} ${error.code}`).toBe(`${key} LOG_CONFLICT`);
      expect(planted.bodyOf(key).toString()).toBe('planted');
      expect(planted.bodyOf(KEYS.checkpoint)).toEqual(store.bodyOf(KEYS.checkpoint));
    }
  });
});

describe('a store that is damaged', () => {
  it('between writing and reading back is not signed', async () => {
    const clean = await sealed([3]);
    const next = clean.copy();
    await sealLog(placeIn(next), sealingDays([3, 5]), unlimited);
    const joined = [...next.objects.keys()].filter(
      (key) => !clean.objects.has(key) && !/seals|checkpoints/.test(key),
    );
    for (const key of joined) {
      const store = clean.copy();
      const put = store.put.bind(store);
      const flipping = {
        ...store,
        put: (place: string, body: Uint8Array, ...rest: [never, never]) => {
          const changed = Buffer.from(body);
          if (place === key) changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 4;
          return put(place, changed, ...rest);
        },
      } as PlainStore;
      const error = await failure(sealLog(placeIn(flipping), sealingDays([3, 5]), unlimited));
      expect(`${key} ${error.code}`).toBe(`${key} LOG_CONFLICT`);
      expect(store.objects.has(KEYS.note(10))).toBe(false);
    }
  });

  it('is not built upon: every tile, entry and statement at the end of the log is compared first', async () => {
    const clean = await sealed([3]);
    for (const key of ['tile/0/000.p/4', 'tile/entries/000.p/4', 'days/2026/03/02/000000000003.json']) {
      const store = clean.copy();
      const body = Buffer.from(store.bodyOf(KEYS.path(key)));
      body[20] = (body[20] as number) ^ 1;
      store.plant(KEYS.path(key), body);
      const error = await failure(sealLog(placeIn(store), sealingDays([3, 5]), unlimited));
      expect(`${key} ${error.code}`).toBe(`${key} LOG_MALFORMED`);
      expect(store.objects.has(KEYS.note(10))).toBe(false);
    }
  });

  it('does not keep a staged seal from being read only once it is whole', async () => {
    const store = await sealed([3]);
    const next = store.copy();
    await sealLog(placeIn(next), sealingDays([3, 5]), unlimited);
    const seal = gunzipSync(next.bodyOf(KEYS.seal(4))).toString('utf8');
    for (const wrong of [Buffer.from('x'), gzipSync('{}'), gzipSync(`${seal} `)]) {
      store.plant(KEYS.seal(4), wrong);
      expect(await failure(sealLog(placeIn(store), sealingDays([3, 5]), unlimited))).toMatchObject({
        code: 'SEAL_FORGED',
      });
    }
  });
});

describe('keys of the log', () => {
  it('are two while one takes the place of the other: every note carries both signatures', async () => {
    const next = createLogSigner(ORIGIN, signerFrom('the next key'));
    const store = await sealed([3]);
    await sealLog(placeIn(store, [next, LOG_SIGNER]), sealingDays([3, 1]), unlimited);
    const note = parseNote(store.bodyOf(KEYS.note(6)).toString('utf8'));
    expect(note?.signatures.map(({ id }) => id)).toEqual([next.key.id, LOG_SIGNER.key.id]);
    for (const { key } of [next, LOG_SIGNER]) expect(note && checkNote(note, [key])).toBe('valid');
  });

  it('that are not configured are not taken from the store', async () => {
    const store = await sealed([3]);
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const error = await failure(sealLog(placeIn(store, [stranger]), sealingDays([3, 1]), unlimited));
    expect(error.code).toBe('LOG_KEY_UNKNOWN');
  });

  it('may not be those that sign receipts', () => {
    const signer = signerFrom('one key');
    expect(() => createLogSigner(ORIGIN, signer, [signer.publicKey])).toThrow(
      /also the key that signs receipts/,
    );
  });
});

describe('a store that was set back', () => {
  it('is not sealed, as long as a longer log is known elsewhere', async () => {
    const store = await sealed([3]);
    const elsewhere = await sealed();
    const { size, root } = await findHead(placeIn(elsewhere), unlimited);
    const steps = {
      ...sealingDays(DAYS),
      recall: () => Promise.resolve([{ size, root, known: 'the second store' }]),
    };
    const before = contentsOf(store);
    const error = await failure(sealLog(placeIn(store), steps, unlimited));
    expect(error).toMatchObject({ code: 'LOG_ROLLED_BACK', details: { here: 4, elsewhere: 306 } });
    expect(error.message).toContain('known to the second store');
    expect(contentsOf(store)).toEqual(before);
  });

  it('with another history of the same length is not sealed either', async () => {
    const store = await sealed([3]);
    const steps = {
      ...sealingDays(DAYS),
      recall: () => Promise.resolve([{ size: 4, root: Buffer.alloc(32), known: 'a token' }]),
    };
    expect(await failure(sealLog(placeIn(store), steps, unlimited))).toMatchObject({
      code: 'LOG_ROLLED_BACK',
    });
  });

  it('is told from an interrupted seal, whose stage is here', async () => {
    const store = await sealed([3]);
    store.plant(KEYS.checkpoint, store.bodyOf(KEYS.note(4)));
    const whole = await sealed();
    for (const [key, { body }] of whole.objects) if (key.includes('/seals/')) store.plant(key, body);
    const { size, root } = await findHead(placeIn(whole), unlimited);
    const steps = { ...sealingDays(DAYS), recall: () => Promise.resolve([{ size, root, known: 'a token' }]) };
    await sealLog(placeIn(store), steps, unlimited);
    expect(contentsOf(store)).toEqual(contentsOf(whole));
  });
});
