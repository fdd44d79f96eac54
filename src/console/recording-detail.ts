import type { CatalogueRow } from '../catalogue/schema.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { parseForeignJson, readField } from '../json.ts';
import { present } from '../present.ts';
import { contextKey, linkKey, receiptKey } from '../record/object-key.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import { getSmall } from '../record/small-object.ts';
import { splitVersion } from '../record/versions.ts';
import type { RecordingDetail, RecordingFile, RecordingRow } from './api-schema.ts';
import type { ConsoleArchive } from './console-archive.ts';
import { apiRow } from './list-recordings.ts';
import type { Located } from './locate.ts';
import { formatOfFile, openRecording } from './open-recording.ts';
import { readSealedJson } from './sealed-json.ts';

/** Bytes of an object without signed leaves that is read to tell its format; pressing play reads it no second time. */
const MAX_WHOLE_BYTES = 8 * 1024 * 1024;
/** Bytes. */
const MAX_LINK_BYTES = 64 * 1024;

/** All that is known of a recording but its context. */
export async function describeRecording(
  archive: ConsoleArchive,
  { rows }: Located,
  budget: Budget,
): Promise<Omit<RecordingDetail, 'context' | 'contextState'>> {
  const [row] = rows as readonly [CatalogueRow];
  const files: RecordingFile[] = [];
  const links: RecordingDetail['links'] = [];
  let first: SignedReceipt | undefined;
  for (const [at, file] of rows.entries()) {
    const receipt = await receiptOf(archive, file, budget);
    if (at === 0) first = receipt;
    files.push(await describeFile(archive, file, receipt, budget));
    const written = await linkOf(archive, file.key, budget);
    if (written !== undefined) links.push({ key: file.key, written });
  }
  return { ...apiRow(row, archive.name), files, receipt: first ?? null, links };
}

/** A receipt that cannot be read is a finding of the verification; here it is none. */
async function receiptOf(
  { store }: ConsoleArchive,
  { key, receipt_key: place }: CatalogueRow,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  try {
    return await readReceipt(store, place ?? receiptKey(key), budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

async function describeFile(
  archive: ConsoleArchive,
  row: CatalogueRow,
  receipt: SignedReceipt | undefined,
  budget: Budget,
): Promise<RecordingFile> {
  const { key, channel, bytes, content_type: contentType } = row;
  const hasLeaves = receipt?.ciphertext?.leafBytes !== undefined && receipt.signature !== undefined;
  return {
    key,
    version: splitVersion(key).version,
    state: row.state as RecordingRow['state'],
    bytes: bytes === null ? null : Number(bytes),
    seekable:
      hasLeaves && archive.trust.keys?.size !== 0 ? 'leaves' : receipt === undefined ? 'unknown' : 'whole',
    ...present({ channel: channel ?? undefined, contentType: contentType ?? undefined }),
    ...(await formatOf(archive, row, hasLeaves, budget)),
  };
}

/** Reads the first leaf, where a leaf can be read alone; a whole recording is read to describe it only where that is quick. */
async function formatOf(
  archive: ConsoleArchive,
  { key, bytes }: CatalogueRow,
  hasLeaves: boolean,
  budget: Budget,
): Promise<Pick<RecordingFile, 'playable' | 'format'>> {
  if (bytes === null) return { playable: 'no-object' };
  if (archive.reader === undefined) return { playable: 'no-key' };
  if (!hasLeaves && bytes > MAX_WHOLE_BYTES) return { playable: 'unknown' };
  try {
    const seekable = await openRecording(archive, key, budget);
    const { playable, format } = await formatOfFile(archive, seekable, budget);
    return { playable, ...present({ format }) };
  } catch (thrown) {
    const { code } = toArchiveError(thrown);
    if (code === 'OBJECT_NOT_FOUND') return { playable: 'no-object' };
    // what is wrong with it is told by its verification, and by who presses play
    if (budget.signal.aborted) throw thrown;
    return { playable: 'unknown' };
  }
}

async function linkOf({ store }: ConsoleArchive, key: string, budget: Budget): Promise<string | undefined> {
  const text = await getSmall(store, linkKey(key), MAX_LINK_BYTES, budget);
  const linked = text === undefined ? undefined : readField(parseForeignJson(text), 'linked');
  return typeof linked === 'string' && !Number.isNaN(Date.parse(linked)) ? linked : undefined;
}

/** What the platform said of the conversation. To be called only once that is on record. */
export async function readContext(
  archive: ConsoleArchive,
  { rows }: Located,
  budget: Budget,
): Promise<Pick<RecordingDetail, 'context' | 'contextState'>> {
  const [row] = rows as readonly [CatalogueRow];
  const read = await readSealedJson(archive, contextKey(row.key), budget);
  return read.state === 'read' ? { contextState: 'read', context: read.value } : { contextState: read.state };
}
