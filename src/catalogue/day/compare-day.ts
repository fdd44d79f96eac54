/**
 * Holds the rows of a day to what they were made from. The catalogue is no evidence: where it disagrees, receipt and object are right. It
 * matters all the same, because who looks for a call looks there first.
 */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { makeDay } from './make-day.ts';
import { groupsOf, openDayFile, readRows } from './day-file.ts';
import { isQuarantineKey, releasedKey } from '../../record/quarantine/key.ts';
import { listDay, type ListedFile, type RunInputs } from './day-inputs.ts';
import type { ListedDay } from './list-days.ts';
import { parseDayFileKey, type Shard, shardOfKey } from '../places.ts';
import type { CataloguePorts } from '../ports.ts';
import type { CatalogueRow, ColumnName } from '../schema.ts';

/** ms; what was stored later than this before a file was, its run may not have seen. */
const MAX_RUN_MS = 2 * 3_600_000;

/** What a row says otherwise than the archive. */
export interface Disagreement {
  /** Of the object. */
  readonly key: string;
  /** Names columns; quotes nothing. */
  readonly message: string;
}

export interface ComparedDay {
  /** Rows that were compared. */
  readonly rows: number;
  /** Recordings of which something has come that the file cannot have known. The next update takes it up. */
  readonly behind: number;
  readonly disagreements: readonly Disagreement[];
}

/** Made of what stays as it is: a difference is never a matter of time. */
const LASTING: readonly ColumnName[] = [
  'organization_id',
  'conversation_id',
  'recording_id',
  'channel',
  'receipt_key',
  'kind',
  'recorded_at',
  'stored_at',
  'content_type',
  'format',
  'key_id',
];

const COMPARED: readonly ColumnName[] = [...LASTING, 'key', 'state', 'bytes', 'legal_hold', 'hold_ids'];

/**
 * Compares one file of a day with receipts, objects, holds and tombstones. Reads the receipts; what the platform knew is not compared.
 *
 * @param run.isMeant of which objects rows are compared.
 * @throws `CATALOGUE_UNREADABLE`; what the stores throw.
 */
export async function compareDay(
  ports: CataloguePorts,
  listed: ListedDay,
  run: ComparedRun,
  budget: Budget,
): Promise<ComparedDay> {
  const place = parseDayFileKey(listed.key) ?? { day: listed.day, shard: { index: 0, of: 1 } };
  // the file first: what it has of the archive is then listed as well
  const rows = await readAgain(listed, (version) =>
    readMeant(ports, listed.key, { ...run, version }, budget),
  );
  const right = await makeAgain(ports, place, run, budget);
  const news = newsSince(listed.lastModified - MAX_RUN_MS, place.day, run);
  const seen = new Set<string>();
  const disagreements: Disagreement[] = [];
  let behind = 0;
  const judge = (key: string, verdict: Verdict) => {
    if (verdict === 'behind') behind += 1;
    else if (verdict !== undefined) disagreements.push({ key, message: verdict });
  };
  for (const row of rows) {
    const { key } = row;
    if (seen.has(key)) judge(key, 'the catalogue has more than one row of it');
    else if (
      ports.layout.parse(key)?.date !== place.day ||
      shardOfKey(key, place.shard.of) !== place.shard.index
    )
      judge(key, `the catalogue has it in ${listed.key}, where its key does not belong`);
    else judge(key, judgeRow(row, right, { ...news, isHoldNews: news.held.has(key) }, run));
    seen.add(key);
  }
  for (const [key, { objectAt, receiptAt }] of right.files) {
    if (seen.has(key) || !right.rows.has(key)) continue;
    const isNew = Math.max(objectAt, receiptAt) > news.since;
    judge(key, isNew ? 'behind' : 'the catalogue has no row of it: a search does not find it');
  }
  return { rows: rows.length, behind, disagreements };
}

type ComparedRun = Pick<RunInputs, 'erased' | 'held'> & { readonly isMeant: (key: string) => boolean };

/** What the catalogue has, of the objects that are meant. */
async function readMeant(
  { archive, catalogue, tables }: CataloguePorts,
  key: string,
  { version, isMeant }: Pick<ComparedRun, 'isMeant'> & { readonly version: ListedDay | undefined },
  budget: Budget,
): Promise<readonly CatalogueRow[]> {
  const file = await openDayFile({ catalogue, tables, location: archive.location }, key, version, budget);
  if (file === undefined) return [];
  try {
    const found: CatalogueRow[] = [];
    for (const range of groupsOf(file.table))
      for (const row of await readRows(file.table, range, COMPARED)) if (isMeant(row.key)) found.push(row);
    return found;
  } finally {
    await file.close();
  }
}

/** What is right: files and rows by the keys of their objects. */
interface RightDay {
  readonly day: string;
  readonly files: ReadonlyMap<string, ListedFile>;
  readonly rows: ReadonlyMap<string, CatalogueRow>;
}

/** The rows as they would be made now. What the platform knew is left out: it would have to be opened. */
async function makeAgain(
  ports: CataloguePorts,
  place: { readonly day: string; readonly shard: Shard },
  { erased, held, isMeant }: ComparedRun,
  budget: Budget,
): Promise<RightDay> {
  const run = { erased, held, searchKey: undefined };
  const plain: CataloguePorts = { ...ports, reader: undefined, options: { ...ports.options, facts: 'none' } };
  const all = await listDay(plain, place, run, budget);
  const files = new Map([...all.files].filter(([key]) => isMeant(key)));
  const made = await makeDay(plain, { inputs: { ...all, files }, old: undefined }, run, budget);
  return { day: place.day, files, rows: new Map(made.rows.map((row) => [row.key, row])) };
}

/** What has come since a time, which a file made then cannot know. */
function newsSince(since: number, day: string, { erased, held }: ComparedRun) {
  return {
    since,
    isErasureNews: erased.daysSince(since).includes(day),
    held: new Set(held.newsSince(since)),
  };
}

/** Of a row in its place. */
function judgeRow(row: CatalogueRow, right: RightDay, news: News, { erased }: ComparedRun): Verdict {
  const { key } = row;
  const [file, made] = [right.files.get(key), right.rows.get(key)];
  if (file !== undefined && made !== undefined) return compareRow(row, made, file, news);
  const isErased = row.state === 'erased' || erased.isErased(right.day, row.recording_id);
  const isReleased = isQuarantineKey(key) && right.files.has(releasedKey(key));
  return isErased || isReleased
    ? 'behind'
    : 'the catalogue has a row of it, and there is neither receipt nor object';
}

/** What is wrong with a row, in words; `behind` where what has come since explains it. */
type Verdict = string | undefined;

interface News {
  /** Epoch ms. */
  readonly since: number;
  readonly isErasureNews: boolean;
  readonly isHoldNews: boolean;
}

/** Pure. */
export function compareRow(row: CatalogueRow, right: CatalogueRow, file: ListedFile, news: News): Verdict {
  const differing: string[] = [];
  let isBehind = false;
  const differ = (name: string, isExplained: boolean) => {
    if (isExplained) isBehind = true;
    else differing.push(name);
  };
  const isReceiptNew = row.kind === null && right.kind !== null && file.receiptAt > news.since;
  const isObjectNew = row.bytes === null && file.objectAt > news.since;
  for (const name of LASTING) if (row[name] !== right[name]) differ(name, isReceiptNew);
  // a rule lets go at its time, without a word to the catalogue
  const isOfExpiry = right.state === 'expired' || (row.state === 'expired' && news.isHoldNews);
  if (row.bytes !== right.bytes) differ('bytes', isObjectNew || isOfExpiry);
  if (row.state !== right.state) {
    const isOfErasure = row.state === 'erased' || right.state === 'erased';
    differ(
      'state',
      isOfErasure
        ? news.isErasureNews && right.state === 'erased'
        : isReceiptNew || isObjectNew || isOfExpiry,
    );
  }
  if (row.legal_hold !== right.legal_hold || String(row.hold_ids ?? '') !== String(right.hold_ids ?? ''))
    differ('legal_hold', news.isHoldNews);
  if (differing.length > 0)
    return `the catalogue says something else of it than receipt, object, holds and erasures do: ${differing.join(', ')}`;
  return isBehind ? 'behind' : undefined;
}

/** A file that is replaced while it is read is read once more. */
async function readAgain<T>(
  listed: ListedDay,
  read: (version: ListedDay | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await read(listed);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_UNAVAILABLE') throw error;
    return read(undefined);
  }
}
