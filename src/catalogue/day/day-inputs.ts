import { createHash } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import type { ObjectSummary } from '../../ports.ts';
import { type Layout, objectOfReceipt, withQuarantined } from '../../record/layout.ts';
import { receiptPrefix } from '../../record/object-key.ts';
import { isQuarantineKey, releasedKey } from '../../record/quarantine/key.ts';
import type { Erased } from '../erasures.ts';
import { factsDaysOf, type FactsVersion, listContexts, listFacts } from './facts-of-day.ts';
import type { Held } from '../holds.ts';
import type { CataloguePorts } from '../ports.ts';
import { dayAt, type Shard, shardOfKey } from '../places.ts';
import { CATALOGUE_SCHEMA } from '../schema.ts';
import type { SearchKey } from '../search/keys.ts';

/** Characters: a line by itself costs more to hand over than to hash. */
const HASHED_AT_ONCE = 64 * 1024;

/** What listings say of one file of a recording. */
export interface ListedFile {
  readonly key: string;
  /** Bytes of the object; `undefined` without one. */
  size: number | undefined;
  storageClass: string | undefined;
  /** Where its receipt stands; `undefined` without one. */
  receipt: string | undefined;
  receiptSize: number;
  /** When the store took each of them, epoch ms. No part of the digest: a copy of an archive has other times. */
  objectAt: number;
  receiptAt: number;
  /** There is no object, and its rule of retention had let it go. */
  isExpired: boolean;
}

/** What a run of the compactor knows of all days. */
export interface RunInputs {
  readonly erased: Erased;
  readonly held: Held;
  readonly searchKey: SearchKey | undefined;
  /** Reads every receipt again, as if there were no files. */
  readonly anew?: boolean | undefined;
  /** Epoch ms: leaves out what was issued later. */
  readonly asOf?: number | undefined;
}

/** All that the rows of a day depend on, by name and version. */
export interface DayInputs {
  readonly day: string;
  readonly shard: Shard;
  /** By key of the object, in its order. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** Facts of the platform's analytics, or contexts beside recordings. */
  readonly facts: readonly FactsVersion[];
  /** SHA-256 in hex. Of two equal ones the rows are the same. */
  readonly digest: string;
}

type ListedPorts = Pick<
  CataloguePorts,
  'archive' | 'catalogue' | 'expired' | 'facts' | 'layout' | 'options' | 'reader'
>;

/** Lists the objects of a day; reads none. @throws what the stores throw. */
export async function listDay(
  ports: ListedPorts,
  place: { readonly day: string; readonly shard: Shard },
  run: RunInputs,
  budget: Budget,
): Promise<DayInputs> {
  const { archive, layout, options } = ports;
  const prefixes = withQuarantined([layout.prefixOf(dayAt(place.day))], layout);
  const found = new FilesOfDay(place, layout);
  for (const prefix of prefixes)
    for await (const object of archive.list(prefix, budget)) found.takeObject(object);
  for (const prefix of prefixes)
    for await (const receipt of archive.list(receiptPrefix(prefix), budget)) found.takeReceipt(receipt);
  const files = found.sorted();
  await markExpired(ports, place.day, [...files.values()], budget);
  const facts = await listFactsOfDay(ports, place.day, prefixes, budget);
  const listed = { ...place, files, facts };
  return { ...listed, digest: digestOf(listed, run, options, archive.location) };
}

/** What listings tell of one file, piece by piece. */
class FilesOfDay {
  readonly #place: { readonly day: string; readonly shard: Shard };
  readonly #layout: Layout;
  readonly #found = new Map<string, ListedFile>();

  constructor(place: { readonly day: string; readonly shard: Shard }, layout: Layout) {
    this.#place = place;
    this.#layout = layout;
  }

  takeObject({ key, size, storageClass, lastModified }: ObjectSummary): void {
    const file = this.#fileOf(key);
    if (file === undefined) return;
    file.size = size;
    file.objectAt = lastModified;
    file.storageClass = storageClass;
  }

  takeReceipt({ key, size, lastModified }: ObjectSummary): void {
    const object = objectOfReceipt(this.#layout, key);
    const file = object === undefined ? undefined : this.#fileOf(object);
    if (file === undefined) return;
    file.receipt = key;
    file.receiptSize = size;
    file.receiptAt = lastModified;
  }

  /** By their keys. */
  sorted(): Map<string, ListedFile> {
    // a release removes the receipt of the object in quarantine last
    for (const [key, { size }] of this.#found)
      if (isQuarantineKey(key) && size === undefined && this.#found.has(releasedKey(key)))
        this.#found.delete(key);
    return new Map([...this.#found].sort((one, other) => (one[0] < other[0] ? -1 : 1)));
  }

  /** `undefined` where the key is of another day, or of another part of it. */
  #fileOf(key: string): ListedFile | undefined {
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const { day, shard } = this.#place;
    if (this.#layout.parse(key)?.date !== day || shardOfKey(key, shard.of) !== shard.index) return undefined;
    const file: ListedFile = {
      key,
      size: undefined,
      storageClass: undefined,
      receipt: undefined,
      receiptSize: 0,
      objectAt: 0,
      receiptAt: 0,
      isExpired: false,
    };
    this.#found.set(key, file);
    return file;
  }
}

async function listFactsOfDay(
  { archive, catalogue, facts: place, options, reader }: ListedPorts,
  day: string,
  prefixes: readonly string[],
  budget: Budget,
): Promise<readonly FactsVersion[]> {
  const facts: FactsVersion[] = [];
  if (reader === undefined) return facts;
  if (options.facts === 'analytics')
    for (const near of factsDaysOf(day)) facts.push(...(await listFacts(place ?? catalogue, near, budget)));
  if (options.facts === 'context')
    for (const prefix of prefixes) facts.push(...(await listContexts(archive, prefix, budget)));
  return facts;
}

/** Asks only where an object is not there. */
async function markExpired(
  { expired }: Pick<CataloguePorts, 'expired'>,
  day: string,
  files: readonly ListedFile[],
  budget: Budget,
): Promise<void> {
  const gone = files.filter(({ size, receipt }) => size === undefined && receipt !== undefined);
  if (gone.length === 0 || expired === undefined) return;
  const known = await expired.of(day, budget);
  for (const file of gone) file.isExpired = known.has(file.key);
}

function digestOf(
  { day, shard, files, facts }: Omit<DayInputs, 'digest'>,
  { erased, held, searchKey }: RunInputs,
  options: CataloguePorts['options'],
  store: string,
): string {
  const hash = createHash('sha256');
  let lines = '';
  const line = (...words: readonly (string | number)[]) => {
    lines += `${words.join('\t')}\n`;
    if (lines.length < HASHED_AT_ONCE) return;
    hash.update(lines);
    lines = '';
  };
  line('catalogue', CATALOGUE_SCHEMA, store, day, shard.index, shard.of);
  line('options', options.agents, options.facts, searchKey?.id ?? '-');
  for (const { key, size, storageClass = '-', receipt, receiptSize, isExpired } of files.values()) {
    if (size !== undefined) line('object', key, size, storageClass);
    if (receipt !== undefined) line('receipt', receipt, receiptSize);
    if (isExpired) line('expired', key);
    const holds = held.holdsOf(key);
    if (holds.length > 0) line('hold', key, ...holds);
  }
  for (const { key, version } of facts) line('facts', key, version);
  for (const id of erased.tombstonesOf(day)) line('erasure', id);
  return hash.update(lines).digest('hex');
}
