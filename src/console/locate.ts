import { findRows } from '../catalogue/search/find-recordings.ts';
import type { CatalogueRow } from '../catalogue/schema.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalId, isSameId } from '../recording/id.ts';
import { type Person, seesDivisions } from './access.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { currentRows, openSearch, ROW_COLUMNS } from './list-recordings.ts';
import { notThere } from './not-there.ts';

/** The current files of a recording that the person may know of. */
export interface Located {
  readonly recordingId: string;
  /** At least one, in the order of their keys. */
  readonly rows: readonly CatalogueRow[];
  /** Also versions that are not current, and files of which the object is gone. */
  readonly all: readonly CatalogueRow[];
}

/**
 * Finds a recording in the catalogue.
 *
 * @throws `OBJECT_NOT_FOUND` also for a recording of a division that the person does not see; `CATALOGUE_STALE`; `STORE_*`.
 */
export async function locateRecording(
  archive: ConsoleArchive,
  person: Pick<Person, 'divisions'>,
  id: string,
  budget: Budget,
): Promise<Located> {
  const found = await locateAll(archive, person, [id], budget);
  const [located] = found;
  if (located !== undefined) return located;
  throw notThere('such recording');
}

/**
 * The same for several.
 *
 * @throws `OBJECT_NOT_FOUND` when one of them is not there, or not for this person.
 */
export async function locateAll(
  archive: ConsoleArchive,
  person: Pick<Person, 'divisions'>,
  ids: readonly string[],
  budget: Budget,
): Promise<readonly Located[]> {
  const asked = [...new Set(ids)];
  const seen = await seenRows(archive, person, asked, budget);
  return asked.map((id) => {
    const own = seen.filter(({ recording_id: one }) => isSameId(one, id));
    const exact = own.filter(({ recording_id: one }) => one === id);
    const all = (exact.length > 0 ? exact : own).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const files = currentRows(all);
    const [first] = files;
    if (first === undefined) throw notThere('such recording');
    return { recordingId: first.recording_id, rows: files, all };
  });
}

async function seenRows(
  archive: ConsoleArchive,
  person: Pick<Person, 'divisions'>,
  recordings: readonly string[],
  budget: Budget,
): Promise<readonly CatalogueRow[]> {
  const search = await openSearch(archive, { recordings }, budget);
  const rows: CatalogueRow[] = [];
  for await (const row of findRows(search, { wanted: ROW_COLUMNS })) rows.push(row);
  return rows.filter((row) => seesDivisions(person, row.division_ids));
}

/** The recordings of these that the person may know of, in the spelling that was asked for. */
export async function seenAmong(
  archive: ConsoleArchive,
  person: Pick<Person, 'divisions'>,
  ids: readonly string[],
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const rows = await seenRows(archive, person, [...new Set(ids)], budget);
  const seen = new Set(rows.map((row) => canonicalId(row.recording_id)));
  return new Set(ids.filter((id) => seen.has(canonicalId(id))));
}

/**
 * The file of a channel, or the only file.
 *
 * @throws `REQUEST_INVALID` where several files are there and none is named; `OBJECT_NOT_FOUND` for a channel without a file.
 */
export function fileOf({ rows }: Located, channel: string | undefined): CatalogueRow {
  const files = channel === undefined ? rows : rows.filter((row) => (row.channel ?? '') === channel);
  const [file, another] = files;
  if (file === undefined) throw notThere('such channel of this recording');
  if (another === undefined) return file;
  throw new ArchiveError('REQUEST_INVALID', 'the recording has several files: name one with `channel`', {
    hint: rows.map((row) => row.channel ?? row.key).join(', '),
  });
}
