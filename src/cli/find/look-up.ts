import { findRecordings, findRows } from '../../catalogue/search/find-recordings.ts';
import type { Budget } from '../../clock.ts';
import type { RestoreConfig, StoreConfig } from '../../config/config.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import { FIRST_VERSION, splitVersion } from '../../record/versions.ts';
import { dayAt } from '../../catalogue/places.ts';
import {
  findAllRecordings,
  findCurrentRecordings,
  findRecording,
  type SearchRange,
} from '../../audit/find-recording.ts';
import type { CommandContext } from '../_context.ts';
import { resolveQuery } from './people.ts';
import { requireRightPlace } from './right-place.ts';
import { warnOfPassedOver } from './tell-none.ts';
import { parseWhere } from './where.ts';

type Config = StoreConfig | RestoreConfig;
type Tools = Pick<CommandContext, 'clock' | 'logger'>;

/**
 * Keys of the recordings that `--where` describes, of which there is an object, oldest first; of several versions the newest.
 *
 * @throws `USAGE`, `CATALOGUE_STALE`, `CATALOGUE_UNREADABLE`, `NOTHING_FOUND`.
 */
export async function keysWhere(
  context: Tools & Pick<CommandContext, 'ui'>,
  config: Config,
  where: string,
  budget: Budget,
): Promise<readonly string[]> {
  const { clock, logger } = context;
  const { query } = parseWhere(where);
  const ports = await openCatalogue(config, { clock, logger });
  const asked = await resolveQuery(ports, query, { action: 'search', reason: undefined }, budget);
  const search = await findRecordings(ports, asked, {}, budget);
  await requireRightPlace(ports, search, budget);
  const newest = new Map<string, { readonly key: string; readonly version: number }>();
  for await (const { key, bytes, state } of findRows(search, { wanted: ['key', 'bytes', 'state'] })) {
    const { base, version } = splitVersion(key);
    // a successor counts once it has its receipt
    if (bytes === null || (version > FIRST_VERSION && state !== 'archived')) continue;
    if ((newest.get(base)?.version ?? 0) < version) newest.set(base, { key, version });
  }
  await warnOfPassedOver(context, ports, asked, budget);
  if (newest.size > 0) return [...newest.values()].map(({ key }) => key);
  throw new ArchiveError('NOTHING_FOUND', 'the catalogue has no recording that --where describes', {
    hint: '`genesys-archive find` with the same flags; `genesys-archive catalogue update` brings the catalogue up to date',
  });
}

/** Days of recordings by id, as the catalogue has them; an id that it has not, or on several days, is left out. Never throws. */
async function daysOfIds(
  { clock, logger }: Tools,
  config: Config,
  ids: readonly string[],
  budget: Budget,
): Promise<ReadonlyMap<string, string>> {
  const days = new Map<string, string>();
  const asked = ids.filter((id) => !id.includes('/') && id.trim() !== '');
  if (asked.length === 0) return days;
  try {
    // what is sealed is not needed for ids
    const { reader: _reader, envelope: _envelope, ...ports } = await openCatalogue(config, { clock, logger });
    const several = new Set<string>();
    const search = await findRecordings(ports, { recordings: asked }, {}, budget);
    for await (const { key, recording_id: recordingId } of findRows(search, {
      wanted: ['key', 'recording_id'],
    })) {
      const id = canonicalId(recordingId);
      const day = ports.layout.parse(key)?.date;
      if (day === undefined) continue;
      if ((days.get(id) ?? day) !== day) several.add(id);
      days.set(id, day);
    }
    for (const id of several) days.delete(id);
  } catch (thrown) {
    const { code, message } = toArchiveError(thrown);
    if (budget.signal.aborted) throw thrown;
    logger.log('debug', `the catalogue does not help: ${message}`, { code });
  }
  return days;
}

const onDay = (range: SearchRange, day: string): SearchRange => ({
  ...range,
  from: dayAt(day),
  to: dayAt(day),
});
const isNarrow = ({ from, to }: SearchRange) => from !== undefined && to !== undefined;

/** As {@link findRecording}, where the catalogue says on which day to look; where it does not know, or is wrong, the archive is listed. */
export async function locateRecording(
  context: Tools,
  {
    config,
    store,
    range,
  }: { readonly config: Config; readonly store: ObjectStore; readonly range: SearchRange },
  idOrKey: string,
  budget: Budget,
): Promise<string> {
  const days = isNarrow(range)
    ? new Map<string, string>()
    : await daysOfIds(context, config, [idOrKey], budget);
  const day = days.get(canonicalId(idOrKey));
  if (day !== undefined) {
    const found =
      (await findCurrentRecordings(store, [idOrKey], onDay(range, day), budget)).get(idOrKey) ?? [];
    if (found.length > 0) return findRecording(store, idOrKey, onDay(range, day), budget);
  }
  return findRecording(store, idOrKey, range, budget);
}

/**
 * As {@link findCurrentRecordings}, likewise: one listing for each day, and one of the archive for what is left.
 *
 * @param place.everyVersion as {@link findAllRecordings}.
 */
export async function locateAll(
  context: Tools,
  place: {
    readonly config: Config;
    readonly store: ObjectStore;
    readonly range: SearchRange;
    readonly everyVersion?: boolean;
  },
  asked: readonly string[],
  budget: Budget,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { config, store, range, everyVersion = false } = place;
  const find = everyVersion ? findAllRecordings : findCurrentRecordings;
  const days = isNarrow(range) ? new Map<string, string>() : await daysOfIds(context, config, asked, budget);
  const byDay = new Map<string, string[]>();
  for (const id of asked) {
    const day = days.get(canonicalId(id));
    if (day !== undefined) byDay.set(day, [...(byDay.get(day) ?? []), id]);
  }
  const known = new Map<string, readonly string[]>();
  for (const [day, ids] of byDay) {
    for (const [id, keys] of await find(store, ids, onDay(range, day), budget))
      if (keys.length > 0) known.set(id, keys);
  }
  const rest = asked.filter((id) => !known.has(id));
  const others = await find(store, rest, range, budget);
  return new Map(asked.map((id) => [id, known.get(id) ?? others.get(id) ?? []]));
}
