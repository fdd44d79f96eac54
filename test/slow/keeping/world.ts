import { randomBytes, randomUUID } from 'node:crypto';
import { keepKey } from '../../../src/archive/keep-key.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { forgetInCatalogue, replacedVersions } from '../../../src/catalogue/forget-days.ts';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { type Clock, systemClock, unlimited } from '../../../src/clock.ts';
import { toArchiveError } from '../../../src/errors.ts';
import { eraseRecordings } from '../../../src/keep/erase/erase-recordings.ts';
import type { ErasePorts, ErasureItem } from '../../../src/keep/erase/erase-types.ts';
import { erasedAmongHeld, placeHold, releaseHold } from '../../../src/keep/place-hold.ts';
import { readHold } from '../../../src/keep/read-holds.ts';
import { removableAmongHeld } from '../../../src/keep/retention/removal-notes.ts';
import type { ObjectStore, ObjectVersion, VersionedStore } from '../../../src/ports.ts';
import { HOLD_PREFIX } from '../../../src/record/hold.ts';
import { KEY_PREFIX, parseKeyRecord } from '../../../src/record/key-record.ts';
import { createKeyRecords, keyRecordOf } from '../../../src/record/key-records.ts';
import { findErasure } from '../../../src/record/find-erasure.ts';
import { objectKey, receiptKey } from '../../../src/record/object-key.ts';
import { MIN_ORPHAN_AGE_MS, sweepKeyRecords } from '../../../src/rekey/sweep-key-records.ts';
import { addRecording, factsLine, inventPorts, putFacts } from '../../catalogue/invented-archive.ts';
import { dayOf, RETENTION_WEAKNESSES, RetentionActs } from './retention.ts';
import { listedOnce } from '../listed-once.ts';
import { VersionedMemory } from '../versioned-memory.ts';

export const NAMES = ['a', 'b', 'c'] as const;

/** Weaknesses that a simulation is given, to see that it notices them. */
export const WEAKNESSES = [
  'an erasure looks for holds once',
  'a hold does not tell what was being erased before it',
  'a sweep takes young records for old ones',
  'an object is completed before its key record is stored',
  'an erasure leaves old versions of keys',
  'an archiver does not look for tombstones',
  'an erasure leaves old versions of people and facts',
  ...RETENTION_WEAKNESSES,
] as const;
export type Weakness = (typeof WEAKNESSES)[number];

const DAY = '2026-05-20';
const AT = Date.UTC(2026, 4, 20, 12);
const HOUR_MS = 3_600_000;
const REASON = { reason: 'request 31', by: 'A. Brandt' };
const numberOf = (name: string) => `4917000${String(name.charCodeAt(0)).padStart(6, '0')}`;

export class Killed extends Error {}

export interface WorldOptions {
  readonly random: () => number;
  readonly weakness?: Weakness | undefined;
  /** Media are under a lock that ends never: an erasure destroys their keys. */
  readonly locked: boolean;
  /** With facts, people and a catalogue. */
  readonly catalogued: boolean;
}

/** An archive of a few recordings with key records, on which several programs work at once; each may be killed after any operation. */
export class KeepingWorld {
  readonly memory = new VersionedMemory();
  readonly ids = new Map(NAMES.map((name) => [name as string, randomUUID() as string]));
  readonly conversations = new Map(NAMES.map((name) => [name as string, randomUUID() as string]));
  readonly erased = new Set<string>();
  readonly holds: {
    readonly id: string;
    readonly keys: readonly string[];
    readonly late: ReadonlySet<string>;
  }[] = [];
  readonly problems: string[] = [];
  /** Their release was begun: from then on they protect no more, as far as it can be told. */
  readonly #released = new Set<string>();
  /** Their release was told: they hold nothing for sure. */
  readonly #ended = new Set<string>();
  readonly retention: RetentionActs;
  readonly #options: WorldOptions;
  readonly #catalogueKey = randomBytes(32);
  #now = AT + HOUR_MS;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.retention = new RetentionActs({
      memory: this.memory,
      now: () => this.#now,
      day: DAY,
      at: AT,
      weakness: options.weakness,
      holdOn: (key) => this.#holdOn(key),
      report: (problem) => this.problems.push(problem),
    });
    this.memory.now = () => this.#now;
    this.memory.isLocked = (key) => options.locked && key.startsWith('archive/');
    this.memory.before = async (operation, key) => {
      // most answers come at once; some take as long as all that another program does
      const ticks = options.random() < 0.12 ? options.random() * 400 : options.random() * 4;
      for (let left = Math.floor(ticks); left > 0; left -= 1) await Promise.resolve();
      if (operation === 'remove') this.#checkRemoval(key);
    };
  }

  get clock(): Clock {
    return { ...systemClock, now: () => this.#now };
  }

  keyOf(name: string): string {
    return objectKey({ recordingId: this.ids.get(name) ?? '', at: AT });
  }

  async begin(): Promise<void> {
    if (!this.#options.catalogued) return;
    const lines = NAMES.map((name) =>
      factsLine(this.conversations.get(name) ?? '', { customer: `+${numberOf(name)}` }, DAY),
    );
    await putFacts(this.#catalogue(this.memory.store), lines, DAY);
  }

  /** Of a program that ends after so many operations. */
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
    const store = mortal(this.memory.store);
    const archive = this.#weakened(mortal(this.memory.versions));
    return {
      store,
      keys: new Map(),
      signer: undefined,
      clock: this.clock,
      archive,
      others: [],
      forget: async (days, _erased, budget) => {
        if (this.#options.catalogued) await forgetInCatalogue(this.#catalogue(store), archive, days, budget);
        return { kept: [] };
      },
      replaced: async function* (days, budget) {
        for await (const version of replacedVersions(archive, days, budget))
          yield { store: archive, version };
      },
    };
  }

  #catalogue(store: ObjectStore): CataloguePorts {
    return inventPorts({ archive: store, key: this.#catalogueKey, clock: this.clock });
  }

  /** As the archiver does: key record, tombstone, object, receipt. */
  async archive(name: string, { store } = this.ports()): Promise<void> {
    const { weakness } = this.#options;
    const id = this.ids.get(name) ?? '';
    const wasErased = this.erased.has(id);
    const key = this.keyOf(name);
    if ((await store.head(key, unlimited)) !== undefined) return;
    const ids = { conversationId: this.conversations.get(name) ?? '', recordingId: id };
    const sealer = sealerOf();
    const isLate = weakness === 'an object is completed before its key record is stored';
    const keep = () => keepKey({ store, clock: this.clock }, sealer, { ids, key }, unlimited);
    let kept = isLate ? undefined : keep();
    try {
      if (weakness !== 'an archiver does not look for tombstones')
        if ((await findErasure({ store }, id, unlimited)) !== undefined) return;
      await kept?.confirm();
      const metadata = { ...sealer.metadata, ...kept?.metadata };
      const options = { metadata, contentType: 'application/octet-stream' };
      const { outcome } = await store.put(key, Buffer.from(`voice of ${name}`), options, unlimited);
      if (outcome === 'stored' && wasErased) this.problems.push(`${name} was archived again`);
      kept ??= keep();
      await kept.confirm();
    } finally {
      await kept?.settled();
    }
    await addRecording(store, { ...ids, day: DAY, at: AT, without: 'object' });
  }

  async hold(names: readonly string[], ports: ErasePorts): Promise<void> {
    const keys = names.map((name) => this.keyOf(name)).sort();
    const placing = { matter: 'm', reason: undefined, by: 'Ito', selection: 'named', keys };
    const hold = await placeHold(ports, placing, unlimited);
    const late = new Set<string>();
    if (this.#options.weakness !== 'a hold does not tell what was being erased before it')
      for await (const key of erasedAmongHeld(ports, hold, unlimited)) late.add(key);
    for await (const key of removableAmongHeld(ports, { hold, dayOf }, unlimited)) late.add(key);
    // from now on it was told that it holds
    this.holds.push({ id: hold.id, keys, late });
  }

  async release(ports: ErasePorts): Promise<void> {
    const next = this.holds.find(({ id }) => !this.#released.has(id));
    if (next === undefined) return;
    const standing = await readHold(ports, next.id, unlimited);
    this.#released.add(next.id);
    await releaseHold(ports, standing, { by: 'Brandt', reason: undefined, twoPersons: true }, unlimited);
    this.#ended.add(next.id);
  }

  async erase(names: readonly string[], ports = this.ports()): Promise<void> {
    const looksOnce = this.#options.weakness === 'an erasure looks for holds once';
    const given = looksOnce ? { ...ports, store: listedOnce(ports.store, HOLD_PREFIX) } : ports;
    const items = names.map(
      (name): ErasureItem => ({ recording: this.ids.get(name) ?? '', day: DAY, keys: [this.keyOf(name)] }),
    );
    for (const { item, state, error } of await eraseRecordings(given, items, REASON, unlimited)) {
      if (state === 'erased' || state === 'already') this.erased.add(item.recording);
      if (error?.code === 'UNEXPECTED') throw new Killed();
    }
  }

  /** As a rewrap of an object with a key record does, behind its look for tombstones. */
  async rewrap(names: readonly string[], { store }: ErasePorts): Promise<void> {
    for (const name of names) {
      const stat = await store.head(this.keyOf(name), unlimited);
      const of = stat === undefined ? undefined : keyRecordOf(stat);
      if (of === undefined) continue;
      if ((await findErasure({ store }, this.ids.get(name) ?? '', unlimited)) !== undefined) continue;
      const records = createKeyRecords(store);
      const found = await records.get(of, unlimited);
      if (found === undefined) continue;
      await records.replace(found, wrapOf(), unlimited);
    }
  }

  async sweep({ store, archive }: ErasePorts): Promise<void> {
    const isEager = this.#options.weakness === 'a sweep takes young records for old ones';
    const clock = { ...this.clock, now: () => this.#now + (isEager ? 2 * MIN_ORPHAN_AGE_MS : 0) };
    const how = { minAgeMs: 0, dryRun: false };
    for await (const _ of sweepKeyRecords({ store, records: archive, clock }, how, unlimited));
  }

  async compact({ store }: ErasePorts): Promise<void> {
    if (!this.#options.catalogued) return;
    await updateCatalogue(this.#catalogue(store), { from: DAY, to: DAY }, unlimited);
  }

  async retain(names: readonly string[], ports: ErasePorts): Promise<void> {
    await this.retention.apply(
      names.map((name) => this.keyOf(name)),
      ports,
    );
  }

  async extend(names: readonly string[], ports: ErasePorts): Promise<void> {
    const days = 1 + Math.floor(this.#options.random() * 4);
    await this.retention.extend(
      names.map((name) => this.keyOf(name)),
      days,
      ports,
    );
  }

  /** Some hours later the bucket removes what its rules name. */
  lifecycle(): void {
    this.pass(Math.floor(this.#options.random() * 60));
    this.retention.lifecycle(NAMES.map((name) => this.keyOf(name)));
  }

  async lose([name = 'a']: readonly string[]): Promise<void> {
    await this.retention.lose(this.keyOf(name));
  }

  pass(hours: number): void {
    this.#now += hours * HOUR_MS;
  }

  /** What was begun and not finished is finished, as `erase finish` does. */
  async settle(): Promise<void> {
    for (const name of NAMES)
      if (
        (await findErasure({ store: this.memory.store }, this.ids.get(name) ?? '', unlimited)) !== undefined
      )
        await this.erase([name]);
    await this.compact(this.ports());
    // what bears a tag by now goes by it
    this.lifecycle();
    this.pass(24 * 30);
    this.retention.lifecycle(NAMES.map((name) => this.keyOf(name)));
    await this.retention.verdicts((key) =>
      NAMES.some((name) => this.keyOf(name) === key && this.erased.has(this.ids.get(name) ?? '')),
    );
  }

  async violations(): Promise<readonly string[]> {
    const problems = [...this.problems];
    for (const name of NAMES) {
      const id = this.ids.get(name) ?? '';
      const media = this.memory.all.get(this.keyOf(name))?.[0];
      const isErased = (await findErasure({ store: this.memory.store }, id, unlimited)) !== undefined;
      // a release that was killed may not be there: an erasure is right to stop then
      const isHeld = this.holds.some(
        ({ id: of, keys }) => !this.#ended.has(of) && keys.includes(this.keyOf(name)),
      );
      const isKeyed = media !== undefined && this.#hasKey(this.keyOf(name), media.stat.metadata, isErased);
      if (media !== undefined && !isErased && !isKeyed) problems.push(`${name} has lost its key`);
      if (!this.erased.has(id)) continue;
      if (media !== undefined && !this.#options.locked && !isHeld)
        problems.push(`${name} was erased and is there`);
      if (media !== undefined && isKeyed && !isHeld) problems.push(`${name} was erased and can be read`);
      // without a receipt it is not known of which conversation a recording was
      const isKnown = this.memory.all.has(receiptKey(this.keyOf(name)));
      if (this.#options.catalogued && isKnown && !isHeld) problems.push(...(await this.#leaksOf(name)));
    }
    return problems;
  }

  /** @param anyVersion whether an old version of the record counts: what was erased must have none. */
  #hasKey(key: string, metadata: Readonly<Record<string, string>>, anyVersion: boolean): boolean {
    const of = keyRecordOf({ key, metadata });
    for (const [place, versions] of this.memory.all) {
      if (!place.startsWith(KEY_PREFIX)) continue;
      for (const { body } of anyVersion ? versions : versions.slice(0, 1))
        if (parseKeyRecord(body.toString('utf8'))?.messageId === of?.messageId) return true;
    }
    return false;
  }

  async #leaksOf(name: string): Promise<readonly string[]> {
    const leaks: string[] = [];
    const { reader } = this.#catalogue(this.memory.store);
    for (const [key, versions] of this.memory.all) {
      if (!key.startsWith('facts/') && !key.startsWith('catalogue/')) continue;
      for (const { stat, body } of versions) {
        const isSealed = 'iv' in stat.metadata || 'encryption' in stat.metadata;
        const unsealer = isSealed ? await reader?.unseal(stat, { budget: unlimited }) : undefined;
        const plain =
          unsealer === undefined ? body : Buffer.concat([unsealer.update(body), unsealer.final()]);
        const text = key.startsWith('facts/') ? await gunzipped(plain) : plain;
        if (text.includes(numberOf(name))) leaks.push(`${key} has the number of ${name}, which was erased`);
      }
    }
    return leaks;
  }

  #holdOn(key: string): string | undefined {
    return this.holds.find(
      ({ id, keys, late }) => !this.#released.has(id) && keys.includes(key) && !late.has(key),
    )?.id;
  }

  #checkRemoval(key: string): void {
    const record = key.startsWith(KEY_PREFIX)
      ? parseKeyRecord(this.memory.all.get(key)?.[0]?.body.toString('utf8') ?? '')
      : undefined;
    const of = record?.objectKey ?? key;
    const object = this.memory.all.get(of)?.[0]?.stat;
    const isTheirs =
      record === undefined ||
      keyRecordOf(object ?? { key: of, metadata: {} })?.messageId === record.messageId;
    const hold = isTheirs ? this.#holdOn(of) : undefined;
    if (hold !== undefined) this.problems.push(`${key} was removed although ${hold} holds it`);
  }

  #weakened(versions: VersionedStore): VersionedStore {
    const { weakness } = this.#options;
    const blind =
      weakness === 'an erasure leaves old versions of keys'
        ? /^keys\//
        : weakness === 'an erasure leaves old versions of people and facts'
          ? /^(?:facts|catalogue)\//
          : undefined;
    if (blind === undefined) return versions;
    const old = new Set<string | undefined>();
    const seen = async function* (of: AsyncIterable<ObjectVersion>) {
      for await (const one of of) {
        if (!one.isLatest && blind.test(one.key)) old.add(one.versionId);
        if (!old.has(one.versionId)) yield one;
      }
    };
    return { ...versions, versions: (prefix, budget) => seen(versions.versions(prefix, budget)) };
  }
}

const wrapOf = () => ({ 'x-amz-3': randomBytes(24).toString('base64'), 'x-amz-w': '12' });

/** What an envelope says of a key that is kept in a record. */
function sealerOf() {
  const messageId = randomBytes(28).toString('base64');
  return {
    wrap: wrapOf(),
    metadata: { 'x-amz-c': '115', 'x-amz-d': randomBytes(28).toString('base64'), 'x-amz-i': messageId },
  };
}

async function gunzipped(bytes: Buffer): Promise<Buffer> {
  const { gunzipSync } = await import('node:zlib');
  return gunzipSync(bytes);
}

/** Whether it is how a killed program, or one that another was quicker than, ends. */
export function isExpected(error: unknown): boolean {
  if (error instanceof Killed) return true;
  return ['OUT_OF_TIME', 'STORE_UNAVAILABLE', 'CATALOGUE_CONTENDED'].includes(toArchiveError(error).code);
}
