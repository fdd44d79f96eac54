/** Makes the catalogue anew for days that something was erased of, and removes what it was before. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectVersion, VersionedStore, VersionLock } from '../ports.ts';
import { compactDay } from './day/compact-day.ts';
import { factsDaysOf, listFacts } from './day/facts-of-day.ts';
import { updateLookup } from './search/lookup-index.ts';
import { DAYS_PREFIX, LOOKUP_KINDS, lookupKey, PEOPLE_PREFIX, WHOLE_DAY } from './places.ts';
import type { CataloguePorts } from './ports.ts';
import { listShards, readRunInputs } from './update-catalogue.ts';

/** An old version that a lock keeps. */
export interface KeptVersion {
  readonly version: ObjectVersion;
  readonly lock: VersionLock | undefined;
}

/**
 * @param versions of the store of the catalogue.
 * @returns what a lock keeps of the versions before.
 * @throws `CATALOGUE_CONTENDED` (retryable) when others wrote a day each time; `CONFIG_INVALID` where facts cannot be opened or written.
 */
export async function forgetInCatalogue(
  ports: CataloguePorts,
  versions: VersionedStore,
  days: ReadonlySet<string>,
  budget: Budget,
): Promise<readonly KeptVersion[]> {
  const shards = await listShards(ports, budget);
  const affected: string[] = [];
  for (const day of days) {
    const facts = await factsNear(ports, day, budget);
    if (facts.length > 0) requireFacts(ports, facts[0] ?? day);
    if (shards.has(day) || facts.length > 0) affected.push(day);
  }
  if (affected.length === 0) return [];
  const run = await readRunInputs(ports, budget);
  for (const day of affected) {
    for (const shard of shards.get(day) ?? [WHOLE_DAY]) {
      const { outcome } = await compactDay(ports, { day, shard }, run, budget);
      if (outcome === 'lost')
        throw new ArchiveError('CATALOGUE_CONTENDED', `${day} was written by others each time`);
    }
  }
  const now = ports.clock.now();
  await updateLookup(ports, { changed: new Set(affected), everyMonth: false, now }, budget);
  return removeOld(versions, affected, budget);
}

async function factsNear(ports: CataloguePorts, day: string, budget: Budget): Promise<readonly string[]> {
  const found: string[] = [];
  for (const near of factsDaysOf(day)) {
    for (const { key } of await listFacts(ports.facts ?? ports.catalogue, near, budget)) found.push(key);
  }
  return found;
}

function requireFacts({ options, reader, envelope }: CataloguePorts, key: string): void {
  if (options.facts === 'analytics' && reader !== undefined && envelope !== undefined) return;
  throw new ArchiveError(
    'CONFIG_INVALID',
    `${key} may have facts of what is erased, and cannot be written anew`,
    {
      hint: 'set ARCHIVE_FACTS=analytics and the keys that the catalogue is written with',
    },
  );
}

/** What was replaced is as readable as what took its place, as long as it is there. */
async function removeOld(
  versions: VersionedStore,
  days: readonly string[],
  budget: Budget,
): Promise<readonly KeptVersion[]> {
  const kept: KeptVersion[] = [];
  for await (const version of replacedVersions(versions, new Set(days), budget)) {
    if ((await versions.remove(version, budget)) === 'locked')
      kept.push({ version, lock: await versions.lockOf(version, budget) });
  }
  return kept;
}

/**
 * Versions before the current ones of all that names recordings of some days: rows, people, facts, indices of their months. What was erased
 * since is in them.
 *
 * @throws `STORE_*`.
 */
export async function* replacedVersions(
  versions: VersionedStore,
  days: ReadonlySet<string>,
  budget: Budget,
): AsyncGenerator<ObjectVersion, void, undefined> {
  const prefixes = new Set<string>();
  for (const day of days) {
    prefixes.add(`${DAYS_PREFIX}day=${day}/`);
    prefixes.add(`${PEOPLE_PREFIX}day=${day}/`);
    for (const near of factsDaysOf(day)) prefixes.add(`facts/${near.replaceAll('-', '/')}/`);
    for (const kind of LOOKUP_KINDS) prefixes.add(lookupKey(kind, day.slice(0, 7)));
  }
  for (const prefix of prefixes) {
    for await (const version of versions.versions(prefix, budget)) if (!version.isLatest) yield version;
  }
}
