import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore, ObjectSummary } from '../ports.ts';
import { canonicalId, isSameId } from '../recording-id.ts';
import { DATE_LAYOUT, type DayRange, isWithin, prefixesWithin } from '../record/layout.ts';

export type { DayRange } from '../record/layout.ts';

export interface ListedRecording extends ObjectSummary {
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
}

/**
 * The archive's recordings by key, which in the layout of the tutorial is oldest first; of some days, day by day. Objects that are not
 * recordings are passed over, and so are those that another layout has named.
 */
export async function* listRecordings(
  store: ObjectStore,
  range: DayRange,
  budget: Budget = unlimited,
): AsyncGenerator<ListedRecording, void, undefined> {
  const { layout = DATE_LAYOUT } = range;
  for (const prefix of prefixesWithin(range)) {
    for await (const summary of store.list(prefix, budget)) {
      const parsed = layout.parse(summary.key);
      if (parsed !== undefined && isWithin(parsed.date, range)) yield { ...summary, ...parsed };
    }
  }
}

/**
 * The key of a recording, from its id or from the key itself.
 *
 * @param range narrows the search, which otherwise lists the whole archive.
 * @throws `OBJECT_NOT_FOUND` when nothing, `USAGE` when more than one file, is found under that id, or the id is empty.
 */
export async function findRecording(
  store: ObjectStore,
  idOrKey: string,
  range: DayRange,
  budget: Budget = unlimited,
): Promise<string> {
  if (idOrKey.trim() === '') {
    throw new ArchiveError('USAGE', 'the id of the recording is empty', {
      hint: 'give an id or the key of an object; in a script, check the variable that should hold it',
    });
  }
  if (idOrKey.includes('/')) return idOrKey;
  const found: ListedRecording[] = [];
  for await (const recording of listRecordings(store, range, budget)) {
    if (isSameId(recording.recordingId, idOrKey)) found.push(recording);
  }
  // earlier versions kept ids in the letter case of the event: the very spelling that was asked for comes first
  const exact = found.filter(({ recordingId }) => recordingId === idOrKey);
  const keys = (exact.length > 0 ? exact : found).map(({ key }) => key);
  const [key, ...others] = keys;
  if (key === undefined) throw noSuchRecording(store, idOrKey, range);
  if (others.length > 0) {
    throw new ArchiveError('USAGE', `${keys.length} objects bear this id: name one by its key`, {
      hint: keys.slice(0, 10).join(', '),
    });
  }
  return key;
}

/**
 * The keys of all objects of each id, such as one for each channel; a key names itself, whether there is such an object or not. However
 * many ids there are, the archive is listed once, and not at all for keys alone.
 *
 * @returns keys by what was asked for, in its order; none for an id that nothing bears.
 */
export async function findAllRecordings(
  store: ObjectStore,
  idsOrKeys: readonly string[],
  range: DayRange,
  budget: Budget,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, ListedRecording[]>();
  for (const asked of idsOrKeys) if (!asked.includes('/')) found.set(canonicalId(asked), []);
  if (found.size > 0) {
    for await (const recording of listRecordings(store, range, budget)) {
      found.get(canonicalId(recording.recordingId))?.push(recording);
    }
  }
  return new Map(idsOrKeys.map((asked) => [asked, asked.includes('/') ? [asked] : keysFor(asked)]));

  function keysFor(asked: string): string[] {
    const all = found.get(canonicalId(asked)) ?? [];
    const exact = all.filter(({ recordingId }) => recordingId === asked);
    return (exact.length > 0 ? exact : all).map(({ key }) => key);
  }
}

/** That the archive holds no object of this id. */
export function noSuchRecording(
  store: Pick<ObjectStore, 'location'>,
  id: string,
  { layout = DATE_LAYOUT }: DayRange,
): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `no recording ${id.slice(0, 80)} in ${store.location}`, {
    hint: `\`genesys-archive list\` shows what it holds in the layout ${layout.source}; ARCHIVE_LAYOUT chooses another`,
  });
}
