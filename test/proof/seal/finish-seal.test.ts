import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { formatCheckpoint } from '../../../src/proof/formats/checkpoint.ts';
import { formatNote, MAX_NOTE_BYTES } from '../../../src/proof/formats/note.ts';
import { findHead, type TreeHead } from '../../../src/proof/log/head.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { finishSeal, publish, type SealingPlace } from '../../../src/proof/seal/finish-seal.ts';
import { readStagedSeal, type StagedSeal } from '../../../src/proof/seal/staged-seal.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { failure } from '../../failure.ts';
import { LOG_SIGNER, ORIGIN, placeIn, sealingDays, signerFrom } from '../log-fixture.ts';
import { contentsOf, type PlainStore, plainStore } from '../plain-store.ts';

const { keys } = placeIn(plainStore());
let whole: PlainStore;
let store: PlainStore;
let head: TreeHead;
let seal: StagedSeal;

/** A log of 4 entries, the staged seal of 301 more, and what both end in. */
beforeEach(async () => {
  whole = plainStore();
  await sealLog(placeIn(whole), sealingDays([3, 300]), unlimited);
  store = plainStore();
  await sealLog(placeIn(store), sealingDays([3]), unlimited);
  store.plant(keys.seal(4), whole.bodyOf(keys.seal(4)));
  head = await findHead(placeIn(store), unlimited);
  const staged = await readStagedSeal(placeIn(store), 4, unlimited);
  if (staged === undefined) throw new Error('nothing is staged');
  seal = staged;
});

const finish = (change: Partial<SealingPlace> = {}, given: { head?: TreeHead; seal?: StagedSeal } = {}) =>
  finishSeal({ ...placeIn(store), ...change }, given.head ?? head, given.seal ?? seal, unlimited);
const isSigned = () => store.objects.has(keys.note(305));

describe('a staged seal that is finished', () => {
  it('ends in the same bytes, also where it was finished before', async () => {
    const done = await finish();
    expect([done.size, done.note]).toEqual([305, whole.bodyOf(keys.note(305)).toString()]);
    expect(contentsOf(store)).toEqual(contentsOf(whole));
    expect(await finish()).toEqual(done);
    expect(contentsOf(store)).toEqual(contentsOf(whole));
  });

  it('is not built on tiles that do not make the root of the checkpoint, nor on entries that are not those of the tiles', async () => {
    const other = { ...head, root: Buffer.alloc(32, 7) };
    expect(await failure(finish({}, { head: other }))).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `the tiles of ${ORIGIN} do not make the root that its checkpoint 4 states`,
    });
    const bundle = keys.path('tile/entries/000.p/4');
    const last = Buffer.from(store.bodyOf(bundle));
    last.writeUInt8(last.readUInt8(last.length - 2) ^ 1, last.length - 2);
    store.plant(bundle, last);
    expect(await failure(finish())).toMatchObject({
      code: 'LOG_MALFORMED',
      message: `the last entries of ${ORIGIN} are not those of its tree`,
    });
    expect(isSigned()).toBe(false);
  });

  it('that states another root or size than its entries make is forged', async () => {
    for (const wrong of [
      { ...seal, root: Buffer.alloc(32, 7) },
      { ...seal, to: 306 },
    ])
      expect(await failure(finish({}, { seal: wrong }))).toMatchObject({
        code: 'SEAL_FORGED',
        message: `${keys.seal(4)} states another root than its entries make`,
      });
    expect(isSigned()).toBe(false);
  });

  it('stops where another object stands under a key, shorter or longer', async () => {
    const [statement] = seal.objects;
    const key = keys.path(statement?.key ?? '');
    for (const body of ['other', `${statement?.text} `, '']) {
      store.plant(key, body);
      expect(await failure(finish())).toMatchObject({
        code: 'LOG_CONFLICT',
        message: `${key} is not what the seal that is being completed makes`,
      });
    }
    expect(isSigned()).toBe(false);
  });

  it('is not signed when what was written cannot be read back: that is no conflict', async () => {
    const down = new ArchiveError('STORE_UNAVAILABLE', 'no');
    const tile = keys.path('tile/0/001.p/49');
    const get: ObjectStore['get'] = (key, ...rest) =>
      key === tile ? Promise.reject(down) : store.get(key, ...rest);
    expect(await failure(finish({ store: { ...store, get } }))).toBe(down);
    expect(isSigned()).toBe(false);
  });

  it.each(['tile/0/001.p/49', 'tile/entries/001.p/49', 'tile/1/000.p/1'])(
    'is not signed when %s reads otherwise once the tree is recomputed',
    async (path) => {
      const key = keys.path(path);
      let reads = 0;
      const get: ObjectStore['get'] = (given, ...rest) => {
        if (given === key) reads += 1;
        // the first look is that of what was just written
        if (given !== key || reads === 1) return store.get(given, ...rest);
        const other = plainStore();
        const body = Buffer.from(store.bodyOf(key));
        body.writeUInt8(body.readUInt8(body.length - 2) ^ 1, body.length - 2);
        other.plant(key, body);
        return other.get(key, ...rest);
      };
      expect(await failure(finish({ store: { ...store, get } }))).toMatchObject({
        code: 'LOG_CONFLICT',
        message: 'the store does not hold the tree of 305 entries that was written',
      });
      expect(reads).toBeGreaterThan(1);
      expect(isSigned()).toBe(false);
    },
  );

  it('is not signed with a key that readers do not have', async () => {
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const error = await failure(finish({ signers: [stranger] }));
    expect([error.code, error.message, error.hint]).toEqual([
      'LOG_KEY_UNKNOWN',
      `the signer of ${ORIGIN} is not among its public keys`,
      'add the public key of the signer to ARCHIVE_PROOF_VKEYS',
    ]);
    expect(isSigned()).toBe(false);
  });

  it('takes the note that is there, and no other tree for it, not even one that the key of the log signed', async () => {
    const sign = async (size: number, root: Buffer) => {
      const text = formatCheckpoint({ origin: ORIGIN, size, root });
      const bytes = Buffer.from(await LOG_SIGNER.sign(Buffer.from(text), unlimited));
      return formatNote({ text, signatures: [{ name: ORIGIN, id: LOG_SIGNER.key.id, bytes }] });
    };
    const conflict = {
      code: 'LOG_CONFLICT',
      message: `${keys.note(305)} is not the checkpoint of the tree that was written`,
    };
    for (const note of [
      'nothing of ours',
      await sign(305, Buffer.alloc(32, 7)),
      await sign(304, seal.root),
    ]) {
      store.plant(keys.note(305), note);
      expect(await failure(finish())).toMatchObject(conflict);
      expect(store.bodyOf(keys.note(305)).toString()).toBe(note);
    }
    expect(store.bodyOf(keys.checkpoint)).toEqual(store.bodyOf(keys.note(4)));
    let signed = 0;
    const counting = {
      ...LOG_SIGNER,
      sign: (...given: Parameters<typeof LOG_SIGNER.sign>) => ((signed += 1), LOG_SIGNER.sign(...given)),
    };
    store.plant(keys.note(305), whole.bodyOf(keys.note(305)));
    await finish({ signers: [counting] });
    expect(signed).toBe(0);
  });
});

describe('the pointer to the newest checkpoint', () => {
  const newest = async () => findHead(placeIn(whole), unlimited);
  const point = async (change: Partial<ObjectStore> = {}) =>
    publish({ ...placeIn(store), store: { ...store, ...change } }, await newest(), unlimited);
  const pointer = () => store.bodyOf(keys.checkpoint).toString();
  const note = () => whole.bodyOf(keys.note(305)).toString();

  it('is made where it is missing, and moved where it is older, is no checkpoint, or is larger than any', async () => {
    const before = [
      undefined,
      store.bodyOf(keys.note(4)).toString(),
      'nothing',
      'x'.repeat(MAX_NOTE_BYTES + 1),
      '',
    ];
    for (const body of before) {
      if (body === undefined) store.objects.delete(keys.checkpoint);
      else store.plant(keys.checkpoint, body);
      await point();
      expect(pointer()).toBe(note());
      if (body === undefined) continue;
      const { stat } = store.objects.get(keys.checkpoint) ?? {};
      expect([stat?.contentType, stat?.metadata]).toEqual(['text/plain; charset=utf-8', {}]);
    }
  });

  it('is never moved back, and not written where it is right', async () => {
    store.plant(keys.checkpoint, note());
    const { writes } = store;
    const count = writes.count;
    await point();
    await publish(placeIn(store), head, unlimited);
    expect([pointer(), writes.count]).toEqual([note(), count]);
  });

  it('that another sealer moves at the same time is looked at again, and not for ever', async () => {
    let rounds = 0;
    const busy: ObjectStore['replace'] = () => {
      rounds += 1;
      return Promise.resolve({ outcome: 'changed' });
    };
    await point({ replace: busy });
    expect(rounds).toBe(20);
    let tries = 0;
    const replace: ObjectStore['replace'] = (...given) =>
      store.replace?.(...given) ?? Promise.reject(new Error('it cannot'));
    await point({
      replace: (...given) => {
        tries += 1;
        return tries < 3 ? Promise.resolve({ outcome: 'changed' }) : replace(...given);
      },
    });
    expect([tries, pointer()]).toEqual([3, note()]);
  });

  it('that another sealer makes first is looked at', async () => {
    store.objects.delete(keys.checkpoint);
    let puts = 0;
    await point({
      put: () => {
        puts += 1;
        store.plant(keys.checkpoint, note());
        return Promise.resolve({ outcome: 'exists' });
      },
    });
    expect([puts, pointer()]).toEqual([1, note()]);
  });

  it('stays in a store that cannot exchange: readers find the newest one all the same', async () => {
    const older = pointer();
    const unable = Object.fromEntries(
      Object.entries(store).filter(([name]) => name !== 'replace'),
    ) as unknown as ObjectStore;
    await publish({ ...placeIn(store), store: unable }, await newest(), unlimited);
    expect(pointer()).toBe(older);
  });
});
