import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore, ObjectSummary } from '../ports.ts';
import { canonicalId, isSameId } from '../recording/id.ts';
import { findCurrentVersion } from '../record/current-version.ts';
import { withoutReleased } from '../record/quarantine/key.ts';
import { type MissingRange, whyNoRecording } from './why-missing.ts';
import { FIRST_VERSION, keyOfVersion, splitVersion } from '../record/versions.ts';
import { DATE_LAYOUT, type DayRange, isWithin, prefixesWithin } from '../record/layout.ts';

export type { DayRange } from '../record/layout.ts';

/** Where a recording is looked for, and which version of it is meant; the keys also decide what is the current one. */
export interface SearchRange extends MissingRange {
  /** This version instead of the current one; 1 is the first object. */
  readonly version?: number | undefined;
}

export interface ListedRecording extends ObjectSummary {
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
  /** Of a successor, from 2; absent for the first object of a recording. */
  readonly version?: number;
}

/**
 * Lists the archive's recordings by key, which in the layout of the tutorial is oldest first; of some days, day by day; then those in
 * quarantine. Objects that are not recordings are passed over, and so are those that another layout has named.
 *
 * @param range days, and the layout of the archive; `{}` for all of it in the layout `date`.
 * @throws `STORE_*` and `OUT_OF_TIME`, which may be retryable: `error.retryable` says so.
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
 * Finds the key of a recording, from its id or from the key itself. An id means the current version, or that of `range`; a key means the very
 * object that it names, unless `range` says another version of it.
 *
 * @param range narrows the search, which otherwise lists the whole archive.
 * @throws `OBJECT_NOT_FOUND`, `RECORDING_ERASED` or `RECORDING_EXPIRED` when nothing is found under that id; `USAGE` when several objects
 *   are, or the id is empty (none of these is retryable); `STORE_*`, `OUT_OF_TIME`.
 */
export async function findRecording(
  store: ObjectStore,
  idOrKey: string,
  range: SearchRange,
  budget: Budget = unlimited,
): Promise<string> {
  const { version, keys: trusted } = range;
  if (idOrKey.trim() === '') {
    throw new ArchiveError('USAGE', 'the id of the recording is empty', {
      hint: 'give an id or the key of an object; in a script, check the variable that should hold it',
    });
  }
  if (idOrKey.includes('/')) {
    return version === undefined ? idOrKey : keyOfVersion(splitVersion(idOrKey).base, version);
  }
  const found: ListedRecording[] = [];
  for await (const recording of listRecordings(store, range, budget)) {
    if (isSameId(recording.recordingId, idOrKey)) found.push(recording);
  }
  // earlier versions kept ids in the letter case of the event: the very spelling that was asked for comes first
  const exact = found.filter(({ recordingId }) => recordingId === idOrKey);
  const named = (exact.length > 0 ? exact : found).map(({ key }) => splitVersion(key).base);
  const keys = withoutReleased([...new Set(named)]);
  const [key, ...others] = keys;
  if (key === undefined) throw await whyNoRecording(store, idOrKey, range, budget);
  if (others.length > 0) {
    throw new ArchiveError('USAGE', `${keys.length} objects bear this id: name one by its key`, {
      hint: keys.slice(0, 10).join(', '),
    });
  }
  if (version !== undefined) return keyOfVersion(key, version);
  return (await findCurrentVersion({ store, keys: trusted }, key, budget)).key;
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

  function keysFor(asked: string): readonly string[] {
    const all = found.get(canonicalId(asked)) ?? [];
    const exact = all.filter(({ recordingId }) => recordingId === asked);
    return withoutReleased((exact.length > 0 ? exact : all).map(({ key }) => key));
  }
}

/**
 * The same, of several versions of an object the current one alone; a key that was asked for names itself.
 *
 * @returns keys by what was asked for, in its order; none for an id that nothing bears.
 */
export async function findCurrentRecordings(
  store: ObjectStore,
  idsOrKeys: readonly string[],
  range: SearchRange,
  budget: Budget,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await findAllRecordings(store, idsOrKeys, range, budget);
  const { version } = range;
  const current = new Map<string, readonly string[]>();
  for (const [asked, keys] of found) {
    const chosen =
      version === undefined
        ? asked.includes('/')
          ? keys
          : await keepCurrent(store, keys, range, budget)
        : [...new Set(keys.map((key) => keyOfVersion(splitVersion(key).base, version)))];
    current.set(asked, chosen);
  }
  return current;
}

/** The archive's recordings as {@link listRecordings} gives them, of each the current version alone. Holds one folder in memory. */
export async function* listCurrentRecordings(
  store: ObjectStore,
  range: SearchRange,
  budget: Budget,
): AsyncGenerator<ListedRecording, void, undefined> {
  let folder: ListedRecording[] = [];
  const flush = async () => {
    const keys = folder.map(({ key }) => key);
    const kept = new Set(await keepCurrent(store, keys, range, budget));
    const current = folder.filter(({ key }) => kept.has(key));
    folder = [];
    return current;
  };
  for await (const recording of listRecordings(store, range, budget)) {
    if (folder[0] !== undefined && folderOf(folder[0].key) !== folderOf(recording.key)) yield* await flush();
    folder.push(recording);
  }
  yield* await flush();
}

export type MarkedRecording = ListedRecording & {
  /** Of an object that has other versions: whether readers take this one. */
  readonly isCurrent?: boolean;
};

/** The archive's recordings as {@link listRecordings} gives them, each with its mark. Holds the objects of one recording in memory. */
export async function* listMarkedRecordings(
  store: ObjectStore,
  range: SearchRange,
  budget: Budget,
): AsyncGenerator<MarkedRecording, void, undefined> {
  let group: ListedRecording[] = [];
  const flush = async (): Promise<readonly MarkedRecording[]> => {
    const keys = group.map(({ key }) => key);
    const bases = new Set(
      keys.map(splitVersion).flatMap(({ base, version }) => (version > FIRST_VERSION ? [base] : [])),
    );
    const kept = bases.size === 0 ? undefined : new Set(await keepCurrent(store, keys, range, budget));
    const marked = group.map((one) =>
      kept !== undefined && bases.has(splitVersion(one.key).base)
        ? { ...one, isCurrent: kept.has(one.key) }
        : one,
    );
    group = [];
    return marked;
  };
  for await (const recording of listRecordings(store, range, budget)) {
    if (group[0] !== undefined && group[0].recordingId !== recording.recordingId) yield* await flush();
    group.push(recording);
  }
  yield* await flush();
}

const folderOf = (key: string) => key.slice(0, key.lastIndexOf('/') + 1);

/** Of keys that are versions of one object, the current one. Nothing is read where no key is a successor's. */
async function keepCurrent(
  store: ObjectStore,
  keys: readonly string[],
  { keys: trusted }: SearchRange,
  budget: Budget,
): Promise<readonly string[]> {
  const successors = keys.map(splitVersion).filter(({ version }) => version > FIRST_VERSION);
  const current = new Map<string, string>();
  for (const { base } of successors) {
    if (!current.has(base))
      current.set(base, (await findCurrentVersion({ store, keys: trusted }, base, budget)).key);
  }
  return keys.filter((key) => (current.get(splitVersion(key).base) ?? key) === key);
}
