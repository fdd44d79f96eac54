import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { objectOfReceipt, withQuarantined } from '../record/layout.ts';
import { receiptKey, receiptPrefix } from '../record/object-key.ts';
import { isQuarantineKey, releasedKey } from '../record/quarantine-key.ts';
import type { Erased } from './erasures.ts';
import { factsDaysOf, type FactsVersion, listContexts, listFacts } from './facts-of-day.ts';
import type { Held } from './holds.ts';
import type { CataloguePorts } from './ports.ts';
import { dayAt, type Shard, shardOfKey } from './places.ts';
import { CATALOGUE_SCHEMA } from './schema.ts';
import type { SearchKey } from './search-keys.ts';

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

/** Lists the objects of a day; reads none. @throws what the stores throw. */
export async function listDay(
  ports: Pick<
    CataloguePorts,
    'archive' | 'catalogue' | 'expired' | 'facts' | 'layout' | 'options' | 'reader'
  >,
  { day, shard }: { readonly day: string; readonly shard: Shard },
  run: RunInputs,
  budget: Budget,
): Promise<DayInputs> {
  const { archive, catalogue, layout, options } = ports;
  const found = new Map<string, ListedFile>();
  const fileOf = (key: string): ListedFile | undefined => {
    const known = found.get(key);
    if (known !== undefined) return known;
    if (layout.parse(key)?.date !== day || shardOfKey(key, shard.of) !== shard.index) return undefined;
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
    found.set(key, file);
    return file;
  };
  const prefixes = withQuarantined([layout.prefixOf(dayAt(day))], layout);
  for (const prefix of prefixes) {
    for await (const { key, size, storageClass, lastModified } of archive.list(prefix, budget)) {
      const file = fileOf(key);
      if (file === undefined) continue;
      file.size = size;
      file.objectAt = lastModified;
      file.storageClass = storageClass;
    }
  }
  for (const prefix of prefixes) {
    for await (const { key, size, lastModified } of archive.list(receiptPrefix(prefix), budget)) {
      const object = objectOfReceipt(layout, key);
      const file = object === undefined ? undefined : fileOf(object);
      if (file === undefined) continue;
      file.receipt = receiptKey(file.key) === key ? receiptKey(file.key) : key;
      file.receiptSize = size;
      file.receiptAt = lastModified;
    }
  }
  // a release removes the receipt of the object in quarantine last
  for (const [key, { size }] of found)
    if (isQuarantineKey(key) && size === undefined && found.has(releasedKey(key))) found.delete(key);
  await markExpired(ports, day, [...found.values()], budget);
  const files = new Map([...found].sort((one, other) => (one[0] < other[0] ? -1 : 1)));
  const facts: FactsVersion[] = [];
  if (options.facts === 'analytics' && ports.reader !== undefined) {
    for (const near of factsDaysOf(day))
      facts.push(...(await listFacts(ports.facts ?? catalogue, near, budget)));
  }
  if (options.facts === 'context' && ports.reader !== undefined)
    for (const prefix of prefixes) facts.push(...(await listContexts(archive, prefix, budget)));
  return {
    day,
    shard,
    files,
    facts,
    digest: digestOf({ day, shard, files, facts }, run, options, archive.location),
  };
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
