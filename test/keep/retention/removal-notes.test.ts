import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { placeHold, releaseHold } from '../../../src/keep/place-hold.ts';
import { readHold } from '../../../src/keep/read-holds.ts';
import { applyRetention } from '../../../src/keep/retention/apply.ts';
import { KEEP_TAG, type RetentionPorts } from '../../../src/keep/retention/examine.ts';
import { extendRetention } from '../../../src/keep/retention/extend.ts';
import {
  createExpiredObjects,
  newestOf,
  noteRemovals,
  readRemovals,
  removableAmongHeld,
} from '../../../src/keep/retention/removal-notes.ts';
import { REMOVAL_TAG } from '../../../src/record/keep-on-write.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { objectKey } from '../../../src/record/object-key.ts';
import { createReceiptSigner, type ReceiptSigner } from '../../../src/record/receipt/receipt.ts';
import { removalDayPrefix } from '../../../src/record/removal-note.ts';
import { parseRetentionFile } from '../../../src/record/retention-file.ts';
import { DAY_MS } from '../../../src/recording/time.ts';
import { VersionedMemory } from '../../slow/versioned-memory.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const DAY = '2026-05-20';
const TEXT = { metadata: {}, contentType: 'audio/wav' };
const RULES = parseRetentionFile(
  `{"schema":"genesys-media-archive/retention/v1","by":"tags","rules":[],"otherwise":{"keep":"5d","remove":"10d"}}`,
  'rules',
);
const dayOf = (key: string) => DATE_LAYOUT.parse(key)?.date;
/** When the bucket removes what was written on the day. */
const DUE = Date.UTC(2026, 4, 31);

class Archive {
  readonly memory = new VersionedMemory();
  now = AT;
  signer: ReceiptSigner | undefined;
  #serial = 0;

  constructor() {
    this.memory.now = () => this.now;
  }

  get ports(): RetentionPorts {
    return {
      store: this.memory.store,
      versions: this.memory.versions,
      keys: new Map(this.signer === undefined ? [] : [[this.signer.keyId, this.signer.publicKey]]),
      rules: RULES,
      noting: { dayOf, signer: () => Promise.resolve(this.signer) },
      clock: { now: () => this.now } as RetentionPorts['clock'],
      factsOf: (keys) =>
        Promise.resolve(
          new Map(keys.map((key) => [key, { at: AT, media: 'call', queues: [], divisions: [] }] as const)),
        ),
    };
  }

  async add(): Promise<string> {
    this.#serial += 1;
    const recordingId = `00000000-0000-4000-8000-${String(this.#serial).padStart(12, '0')}`;
    const key = objectKey({ recordingId, at: AT });
    await this.memory.store.put(key, Buffer.from('sound'), TEXT, unlimited);
    return key;
  }

  async apply(...keys: readonly string[]): Promise<void> {
    for await (const _ of applyRetention(this.ports, keys, unlimited));
  }

  async extend(key: string, day: number): Promise<void> {
    for await (const _ of extendRetention(this.ports, [key], { day, mode: 'governance' }, unlimited));
  }

  async hold(...keys: readonly string[]) {
    const placing = { matter: 'm', reason: undefined, by: 'Ito', selection: 's', keys };
    const { ports } = this;
    const hold = await placeHold({ ...ports, signer: this.signer }, placing, unlimited);
    const release = async () => {
      const ended = { by: 'Brandt', reason: undefined, twoPersons: false };
      const trust = { ...this.ports, signer: this.signer };
      return releaseHold(trust, await readHold(trust, hold.id, unlimited), ended, unlimited);
    };
    return { hold, release };
  }

  /** Keys that are taken for expired. */
  async expired(): Promise<readonly string[]> {
    return [...(await createExpiredObjects(this.ports).of(DAY, unlimited)).keys()];
  }

  notes(): readonly string[] {
    return [...this.memory.all.keys()].filter((key) => key.startsWith(removalDayPrefix(DAY)));
  }
}

describe('what a rule lets go', () => {
  it('is noted with the day on which the bucket removes it, and expired from then on, and not before', async () => {
    const archive = new Archive();
    const key = await archive.add();
    await archive.apply(key);
    expect(archive.memory.tagsOf(key)).toEqual({ [REMOVAL_TAG]: '10' });
    expect(await readRemovals(archive.ports, DAY, unlimited)).toMatchObject(new Map([[key, { from: DUE }]]));
    archive.now = DUE - 1;
    expect(await archive.expired()).toEqual([]);
    archive.now = DUE;
    expect(await archive.expired()).toEqual([key]);
  });

  it('is noted before the tag is there, so that a killed application leaves nothing that looks lost', async () => {
    const archive = new Archive();
    const key = await archive.add();
    archive.memory.before = (operation) => {
      if (operation === 'writeTags') throw new Error('killed');
      return undefined;
    };
    await expect(archive.apply(key)).rejects.toThrow();
    expect((await readRemovals(archive.ports, DAY, unlimited)).get(key)?.from).toBe(DUE);
  });

  it('is noted once, however often the rules are applied', async () => {
    const archive = new Archive();
    const keys = [await archive.add(), await archive.add()];
    await archive.apply(...keys);
    await archive.apply(...keys);
    expect(archive.notes()).toHaveLength(1);
  });

  it('is missing once a hold is on it, also when the hold ends after its date', async () => {
    const archive = new Archive();
    const [held, other] = [await archive.add(), await archive.add()];
    await archive.apply(held, other);
    const { release } = await archive.hold(held);
    archive.now = DUE + DAY_MS;
    expect(await archive.expired()).toEqual([other]);
    await release();
    expect(await archive.expired()).toEqual([other]);
  });

  it('is expired where a hold had ended before its date', async () => {
    const archive = new Archive();
    const key = await archive.add();
    await archive.apply(key);
    const { release } = await archive.hold(key);
    archive.now += DAY_MS;
    await release();
    archive.now = DUE;
    expect(await archive.expired()).toEqual([key]);
  });

  it('is told to who places a hold on it, until the rules were applied again', async () => {
    const archive = new Archive();
    const [key, other] = [await archive.add(), await archive.add()];
    await archive.apply(key);
    const { hold } = await archive.hold(key, other);
    const told = async () => {
      const found: string[] = [];
      for await (const one of removableAmongHeld(archive.ports, { hold, dayOf }, unlimited)) found.push(one);
      return found;
    };
    expect(await told()).toEqual([key]);
    await archive.apply(key, other);
    expect(await told()).toEqual([]);
    expect(archive.memory.tagsOf(key)).toEqual({});
  });

  it('gets no tag where a hold comes while it is being noted', async () => {
    const archive = new Archive();
    const key = await archive.add();
    let isPlaced = false;
    archive.memory.before = async (operation, of) => {
      if (isPlaced || operation !== 'put' || !of.startsWith('removals/')) return;
      isPlaced = true;
      await archive.hold(key);
    };
    await archive.apply(key);
    expect(archive.memory.tagsOf(key)).toEqual({});
    archive.now = DUE;
    expect(await archive.expired()).toEqual([]);
  });

  it('is missing once a person has extended it, also where rules are applied at the same time', async () => {
    const archive = new Archive();
    const [early, late] = [await archive.add(), await archive.add()];
    await archive.apply(early);
    await archive.extend(early, DUE + 90 * DAY_MS);
    let isExtended = false;
    archive.memory.before = async (operation, of) => {
      if (isExtended || operation !== 'writeTags' || of !== late) return;
      isExtended = true;
      await archive.extend(late, DUE + 90 * DAY_MS);
    };
    await archive.apply(late);
    expect(isExtended).toBe(true);
    archive.memory.before = () => undefined;
    archive.now = DUE + DAY_MS;
    // its own tag may be lost, for tags are written all at once: what was written down of it is not
    await archive.apply(early, late);
    expect(await archive.expired()).toEqual([]);
    for (const key of [early, late]) expect(archive.memory.tagsOf(key)).not.toHaveProperty(REMOVAL_TAG);
    expect(archive.memory.tagsOf(early)).toHaveProperty(KEEP_TAG);
  });

  it('is let go by its rule once an extension of it is over, and is expired only from then on', async () => {
    const archive = new Archive();
    const key = await archive.add();
    await archive.apply(key);
    const last = DUE + 90 * DAY_MS;
    await archive.extend(key, last);
    archive.now = last;
    await archive.apply(key);
    expect(archive.memory.tagsOf(key)).not.toHaveProperty(REMOVAL_TAG);
    expect(await archive.expired()).toEqual([]);
    archive.now = last + DAY_MS;
    await archive.apply(key);
    expect(archive.memory.tagsOf(key)).toMatchObject({ [REMOVAL_TAG]: '10' });
    const noted = (await readRemovals(archive.ports, DAY, unlimited)).get(key);
    expect(noted).toMatchObject({ from: last + DAY_MS, until: last + DAY_MS });
    expect(await archive.expired()).toEqual([key]);
  });

  it('stays noted where what is gone already is extended', async () => {
    const archive = new Archive();
    const key = await archive.add();
    await archive.apply(key);
    archive.memory.take(key);
    archive.now = DUE;
    await archive.extend(key, DUE + 90 * DAY_MS);
    expect(await archive.expired()).toEqual([key]);
  });

  it('is not told by a note that no known key has signed', async () => {
    const archive = new Archive();
    const [forged, signed] = [await archive.add(), await archive.add()];
    await archive.apply(forged);
    archive.signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
    await archive.apply(signed);
    archive.now = DUE;
    expect(await archive.expired()).toEqual([signed]);
  });

  it('is told by none of the notes of a day where one cannot be read: it may be the one that kept an object', async () => {
    const archive = new Archive();
    const key = await archive.add();
    await archive.apply(key);
    archive.now = DUE;
    await archive.memory.store.put(`${removalDayPrefix(DAY)}x.json`, Buffer.from('{}\n'), TEXT, unlimited);
    expect(await archive.expired()).toEqual([]);
  });

  it('counts as noted later than what was read before, also by a clock that is behind', async () => {
    const archive = new Archive();
    const key = await archive.add();
    const { ports } = archive;
    await noteRemovals(
      ports,
      { dayOf, signer: () => Promise.resolve(undefined) },
      new Map([[key, { from: DUE, until: undefined }]]),
      unlimited,
    );
    archive.now -= DAY_MS;
    await archive.extend(key, DUE);
    archive.now = DUE;
    expect(await archive.expired()).toEqual([]);
  });

  it('is what the newest note says; of several of one moment, the one that keeps it longest', () => {
    const times = fc.integer({ min: 0, max: 3 }).map((ms) => new Date(ms).toISOString());
    const from = fc.option(times, { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.tuple(times, from), { minLength: 1, maxLength: 6 }), (given) => {
        const notes = given.map(([issued, one]) => ({
          times: { issued },
          objects: [{ key: 'k', ...(one === undefined ? {} : { from: one }) }],
        }));
        const newest = given
          .map(([issued]) => issued)
          .toSorted()
          .at(-1);
        const last = given.filter(([issued]) => issued === newest).map(([, one]) => one);
        const wanted = last.includes(undefined)
          ? undefined
          : Math.max(...last.map((one) => Date.parse(one ?? '')));
        expect(newestOf(notes).get('k')?.from).toBe(wanted);
        expect(newestOf(notes.toReversed()).get('k')?.from).toBe(wanted);
      }),
    );
  });
});
