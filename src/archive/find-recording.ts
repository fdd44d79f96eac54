import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore, ObjectSummary } from '../ports.ts';
import { datePrefixes, MEDIA_PREFIX, parseObjectKey } from './object-key.ts';

export interface DayRange {
  /** Epoch ms; the UTC days both ends fall on are included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface ListedRecording extends ObjectSummary {
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
}

/** A longer range is listed as a whole and filtered, instead of day by day. */
const MOST_DAYS = 400;
const DAY_MS = 86_400_000;

/** The archive's recordings by day, oldest first. Objects that are not recordings are passed over. */
export async function* listRecordings(
  store: ObjectStore,
  { from = -Infinity, to = Infinity }: DayRange,
  budget: Budget,
): AsyncGenerator<ListedRecording, void, undefined> {
  const prefixes = to - from < MOST_DAYS * DAY_MS ? datePrefixes(from, to) : [MEDIA_PREFIX];
  for (const prefix of prefixes) {
    for await (const summary of store.list(prefix, budget)) {
      const parsed = parseObjectKey(summary.key);
      if (parsed === undefined) continue;
      const day = Date.parse(`${parsed.date}T00:00:00Z`);
      if (day + DAY_MS <= from || day > to) continue;
      yield { ...summary, ...parsed };
    }
  }
}

/**
 * The key of a recording, from its id or from the key itself.
 *
 * @param range narrows the search, which otherwise lists the whole archive.
 * @throws `OBJECT_NOT_FOUND` when nothing, `USAGE` when more than one file, is found under that id.
 */
export async function findRecording(
  store: ObjectStore,
  idOrKey: string,
  range: DayRange,
  budget: Budget,
): Promise<string> {
  if (idOrKey.includes('/')) return idOrKey;
  const found: string[] = [];
  for await (const recording of listRecordings(store, range, budget)) {
    if (recording.recordingId === idOrKey) found.push(recording.key);
  }
  const [key, ...others] = found;
  if (key === undefined) {
    throw new ArchiveError('OBJECT_NOT_FOUND', `no recording ${idOrKey.slice(0, 80)} in ${store.location}`);
  }
  if (others.length > 0) {
    throw new ArchiveError('USAGE', `${found.length} objects bear this id: name one by its key`, {
      hint: found.slice(0, 10).join(', '),
    });
  }
  return key;
}
