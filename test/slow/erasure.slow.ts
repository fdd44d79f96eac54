import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRecordings, findRows } from '../../src/catalogue/find-recordings.ts';
import { forgetInCatalogue } from '../../src/catalogue/forget-days.ts';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { eraseRecordings } from '../../src/keep/erase/erase-recordings.ts';
import type { ErasePorts, ErasureItem } from '../../src/keep/erase/erase-types.ts';
import { groupByRecording } from '../../src/keep/erase/plan-erasure.ts';
import { erasedAmongHeld, placeHold, releaseHold } from '../../src/keep/place-hold.ts';
import { readHold } from '../../src/keep/read-holds.ts';
import { redactLists } from '../../src/proof/day/redact-lists.ts';
import { listRoot, makeList } from '../../src/proof/formats/list-lines.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import { findErasure } from '../../src/record/find-erasure.ts';
import { objectKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import {
  addRecording,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../catalogue/invented-archive.ts';
import { VersionedMemory } from './versioned-memory.ts';

const signer = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const keys = new Map([[signer.keyId, signer.publicKey]]);
const REASON = { reason: 'request 31', by: 'A. Brandt' };
const DAYS = 10;
const CALLS_A_DAY = 1_000;
const SUBJECTS = 100;
const dayAt = (index: number) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);
/** Ids, and numbers of eight digits and more. */
const NEEDLES = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{8,15}/g;

interface Called extends Invented {
  readonly day: string;
  readonly number: string;
}

describe('erasing 100 subjects in an archive of 10,000 calls', () => {
  it('leaves no number and no id of theirs in any version of any object, but ids in receipts and rows; roots of lists stand', async () => {
    const memory = new VersionedMemory();
    const secret = randomBytes(32);
    const ports = inventPorts({ archive: memory.store, key: secret });
    const log = logKeys('org');
    const calls: Called[] = [];
    const roots = new Map<string, string>();
    for (let index = 0; index < DAYS; index += 1) {
      const day = dayAt(index);
      const ofDay: Called[] = [];
      for (let at = 0; at < CALLS_A_DAY; at += 1) {
        const number = `49170${String(index * CALLS_A_DAY + at).padStart(8, '0')}`;
        ofDay.push({ ...(await addRecording(memory.store, { day })), day, number });
      }
      calls.push(...ofDay);
      const lines = ofDay.map(({ conversationId, number }) =>
        factsLine(conversationId, { customer: `+${number}` }, day),
      );
      await putFacts(ports, lines, day);
      const list = makeList(
        ofDay.map(({ conversationId: conversation, recordingId: recording }) => ({
          conversation,
          recording,
          media: 'call',
          state: 'both',
          nonce: randomBytes(16).toString('hex'),
        })),
      );
      const key = log.list(day, list.root, 'source');
      roots.set(key, list.root);
      const body = gzipSync(list.lines.map((line) => `${line}\n`).join(''));
      await memory.store.put(key, body, { metadata: {}, contentType: 'application/gzip' }, unlimited);
    }
    await updateCatalogue(ports, { from: dayAt(0), to: dayAt(DAYS - 1) }, unlimited);
    const subjects = calls.filter((_, at) => at % ((DAYS * CALLS_A_DAY) / SUBJECTS) === 0);
    expect(subjects).toHaveLength(SUBJECTS);
    const customers = subjects.map(({ number }) => `+${number}`);
    const search = await findRecordings(ports, { customers }, {}, unlimited);
    const found: string[] = [];
    for await (const { key } of findRows(search)) found.push(key);
    expect(found).toHaveLength(SUBJECTS);

    const erasing: ErasePorts = {
      store: memory.store,
      keys,
      signer,
      clock: systemClock,
      archive: memory.versions,
      others: [],
      forget: async (days, erased, budget) => {
        await forgetInCatalogue(ports, memory.versions, days, budget);
        for (const key of await redactLists({ store: memory.store, keys: log }, days, erased, budget))
          for await (const version of memory.versions.versions(key, budget))
            if (!version.isLatest) await memory.versions.remove(version, budget);
        return { kept: [] };
      },
    };
    const items = groupByRecording(DATE_LAYOUT, found);
    for (let at = 0; at < items.length; at += 200) {
      const erased = await eraseRecordings(erasing, items.slice(at, at + 200), REASON, unlimited);
      expect(erased.filter(({ state }) => state !== 'erased')).toEqual([]);
    }

    const numbers = new Set(subjects.map(({ number }) => number));
    const ids = new Set(subjects.flatMap(({ recordingId, conversationId }) => [recordingId, conversationId]));
    const leaks: string[] = [];
    let kept = 0;
    for (const [key, versions] of memory.all) {
      const mayHaveIds = key.startsWith('receipts/') || key.startsWith('catalogue/');
      for (const { body, stat } of versions) {
        for (const piece of [Buffer.from(key), ...(await openAll(ports, stat, body))]) {
          for (const [needle] of piece.toString('latin1').matchAll(NEEDLES)) {
            if (numbers.has(needle) || (!mayHaveIds && ids.has(needle))) leaks.push(`${key}: ${needle}`);
            if (needle.startsWith('49170') && !numbers.has(needle)) kept += 1;
          }
        }
      }
    }
    expect(leaks).toEqual([]);
    // what is looked for would have been seen: the numbers of the others are there
    expect(kept).toBeGreaterThanOrEqual(calls.length - SUBJECTS);
    for (const [key, root] of roots) {
      const lines = gunzipSync(memory.all.get(key)?.[0]?.body ?? Buffer.alloc(0))
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
      expect(listRoot(lines)).toBe(root);
    }
    const again = await findRecordings(ports, { customers }, {}, unlimited);
    for await (const { key } of findRows(again)) throw new Error(`${key} is still found`);
  });
});

/** The bytes, and what sealed and compressed ones are when they are opened. */
async function openAll(
  ports: ReturnType<typeof inventPorts>,
  stat: Parameters<NonNullable<typeof ports.reader>['unseal']>[0],
  body: Buffer,
): Promise<readonly Buffer[]> {
  const pieces = [body];
  if (stat.metadata['encryption'] !== undefined || 'iv' in stat.metadata) {
    const unsealer = await ports.reader?.unseal(stat, { budget: unlimited });
    if (unsealer !== undefined) pieces.push(Buffer.concat([unsealer.update(body), unsealer.final()]));
  }
  return [...pieces, ...pieces.flatMap(membersOf)];
}

/** Every gzip member in a file, uncompressed. */
function membersOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at !== -1; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      found.push(gunzipSync(bytes.subarray(at), { finishFlush: 2 }));
    } catch {
      // three bytes that look like the beginning of one
    }
  }
  return found;
}

const NAMES = ['a', 'b', 'c'] as const;
const step = fc.record({
  what: fc.constantFrom('archive', 'hold', 'release', 'erase', 'rewrap'),
  names: fc.subarray([...NAMES], { minLength: 1 }),
  /** Operations of the store after which it is killed; most are not. */
  killedAfter: fc.option(fc.nat({ max: 12 }), { freq: 2, nil: undefined }),
});

describe('schedules of archiving, holds, releases, erasures and rewraps, racing and killed', () => {
  it('touch nothing that was held without a word, and leave nothing of what was erased', async () => {
    let erasures = 0;
    let holds = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 8 }),
        fc.infiniteStream(fc.nat({ max: 3 })),
        async (steps, delays) => {
          const run = new Schedule(delays);
          await Promise.all(NAMES.map((name) => run.archive(name)));
          await Promise.all(steps.map((one) => run.play(one)));
          await run.settle();
          erasures += run.erased.size;
          holds += run.holds.length;
          expect(await run.violations()).toEqual([]);
        },
      ),
      { numRuns: 10_000 },
    );
    expect(erasures).toBeGreaterThan(1_000);
    expect(holds).toBeGreaterThan(1_000);
  });
});

class Killed extends Error {}

/** One archive of a few recordings on which several programs work at once. */
class Schedule {
  readonly memory = new VersionedMemory();
  readonly ids = new Map(NAMES.map((name) => [name as string, randomUUID() as string]));
  readonly holds: {
    readonly id: string;
    readonly keys: readonly string[];
    readonly late: ReadonlySet<string>;
  }[] = [];
  readonly erased = new Set<string>();
  readonly #released = new Set<string>();
  readonly #problems: string[] = [];
  readonly #delays: Iterator<number>;

  constructor(delays: Iterable<number>) {
    this.#delays = delays[Symbol.iterator]();
    this.memory.before = async (name, key) => {
      for (let left = Number(this.#delays.next().value ?? 0); left > 0; left -= 1) await Promise.resolve();
      if (name !== 'remove') return;
      const held = this.holds.find(
        (hold) => !this.#released.has(hold.id) && hold.keys.includes(key) && !hold.late.has(key),
      );
      if (held !== undefined) this.#problems.push(`${key} was removed although ${held.id} holds it`);
    };
  }

  keyOf(name: string): string {
    return objectKey({ recordingId: this.ids.get(name) ?? '', at: Date.UTC(2026, 4, 20, 12) });
  }

  /** Ports of a program that ends after so many operations. */
  ports(killedAfter?: number): ErasePorts {
    let left = killedAfter ?? Number.POSITIVE_INFINITY;
    const mortal = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (of, name) => {
          const member = Reflect.get(of, name) as unknown;
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            left -= 1;
            if (left < 0) throw new Killed();
            return (member as (...given: unknown[]) => unknown).apply(of, args);
          };
        },
      });
    return {
      store: mortal(this.memory.store),
      keys,
      signer,
      clock: systemClock,
      archive: mortal(this.memory.versions),
      others: [],
      forget: () => Promise.resolve({ kept: [] }),
    };
  }

  /** As the archiver does: looks for a tombstone, then stores if absent. */
  async archive(name: string, { store } = this.ports()): Promise<void> {
    if ((await findErasure({ store, keys }, this.ids.get(name) ?? '', unlimited)) !== undefined) return;
    const options = { metadata: {}, contentType: 'application/octet-stream' };
    await store.put(this.keyOf(name), Buffer.from(`voice of ${name}`), options, unlimited);
  }

  async play({
    what,
    names,
    killedAfter,
  }: {
    what: string;
    names: readonly string[];
    killedAfter: number | undefined;
  }) {
    const ports = this.ports(killedAfter);
    try {
      if (what === 'archive') for (const name of names) await this.archive(name, ports);
      else if (what === 'hold') await this.#hold(names, ports);
      else if (what === 'release') await this.#release(ports);
      else if (what === 'erase') await this.erase(names, ports);
      else await this.#rewrap(names, ports);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  async #hold(names: readonly string[], ports: ErasePorts): Promise<void> {
    const held = names.map((name) => this.keyOf(name)).sort();
    const placing = { matter: 'm', reason: undefined, by: 'Ito', selection: 'named', keys: held };
    const hold = await placeHold(ports, placing, unlimited);
    const late = new Set<string>();
    for await (const key of erasedAmongHeld(ports, hold, unlimited)) late.add(key);
    // from now on it was told that it holds
    this.holds.push({ id: hold.id, keys: held, late });
  }

  async #release(ports: ErasePorts): Promise<void> {
    const next = this.holds.find(({ id }) => !this.#released.has(id));
    if (next === undefined) return;
    const standing = await readHold(ports, next.id, unlimited);
    this.#released.add(next.id);
    await releaseHold(ports, standing, { by: 'Brandt', reason: undefined, twoPersons: true }, unlimited);
  }

  async erase(names: readonly string[], ports = this.ports()): Promise<void> {
    const items = names.map(
      (name): ErasureItem => ({
        recording: this.ids.get(name) ?? '',
        day: '2026-05-20',
        keys: [this.keyOf(name)],
      }),
    );
    for (const { item, state } of await eraseRecordings(ports, items, REASON, unlimited)) {
      if (state === 'erased' || state === 'already') this.erased.add(item.recording);
    }
  }

  async #rewrap(names: readonly string[], { store }: ErasePorts): Promise<void> {
    for (const name of names) {
      const stat = await store.head(this.keyOf(name), unlimited);
      const options = { metadata: { again: '1' }, contentType: 'application/octet-stream' };
      if (stat !== undefined)
        await store.replace?.(stat, Buffer.from(`voice of ${name}`), options, unlimited);
    }
  }

  /** What was begun and not finished is finished, as `erase finish` does. */
  async settle(): Promise<void> {
    for (const name of NAMES) {
      const known = await findErasure(
        { store: this.memory.store, keys },
        this.ids.get(name) ?? '',
        unlimited,
      );
      if (known !== undefined) await this.erase([name]);
    }
  }

  async violations(): Promise<readonly string[]> {
    const problems = [...this.#problems];
    for (const name of NAMES) {
      const id = this.ids.get(name) ?? '';
      const isThere = [...this.memory.all.keys()].some(
        (key) => key.startsWith('archive/') && key.includes(id),
      );
      if (this.erased.has(id) && isThere) problems.push(`${name} was erased and is there`);
      const isErased = (await findErasure({ store: this.memory.store, keys }, id, unlimited)) !== undefined;
      if (!isErased && !isThere) problems.push(`${name} is gone without a tombstone`);
    }
    return problems;
  }
}
