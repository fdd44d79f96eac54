import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, RecordingIds } from '../ports.ts';
import type { ArchivePorts } from './ports.ts';
import type { Downloaded } from './download-again.ts';
import type { Filing, FindSource, Source } from './filing.ts';
import { isSameRecording } from '../record/identity.ts';
import { linkOnce } from './link-recording.ts';
import { issueReceipt, issueTerminalReceipt } from './issue-receipt.ts';
import { issuerOf } from './issuer.ts';
import { receiptKey as receiptKeyOf } from '../record/object-key.ts';
import { isQuarantineKey, quarantineKey } from '../record/quarantine/key.ts';
import { findSuccessors } from './successors.ts';
import { settleReceipt } from './settle-receipt.ts';
import { storeRecording } from './store-recording.ts';

/** `stored` is false when the object stood there already, from an earlier delivery of the same event. */
export interface ArchivedRecording {
  readonly state: 'archived';
  readonly ids: RecordingIds;
  readonly key: string;
  readonly receiptKey: string;
  /** Of the object: plaintext and tag. */
  readonly bytes: number;
  readonly stored: boolean;
  readonly resumes: number;
  readonly restarts: number;
}

/**
 * Archives one file and completes earlier attempts: object, then receipt, then the reference on the platform. Each step is
 * one conditional write, so that a redelivery at any point, or several at once, end in the same state.
 */
export async function archiveItem(
  ports: ArchivePorts,
  source: Source,
  filing: Filing,
  budget: Budget,
): Promise<ArchivedRecording> {
  const placed = { ...filing, key: placeOf(filing) };
  const { stored, downloaded, ...how } = await storeRecording(ports, source, placed, budget);
  if (stored !== undefined) {
    const receiptKey = await reported(ports, placed, () =>
      issueReceipt(issuerOf(ports), { ...placed, ...stored, ...how }, budget),
    );
    const found = await findReleasedMeanwhile(ports, { source, filing }, budget);
    if (found !== undefined) return found;
    return finish(ports, { ...placed, ...stored }, { receiptKey, stored: true, ...how }, budget);
  }
  // Another delivery of the same event was faster, between our look and our write.
  const findSource = () => Promise.resolve(source);
  const found = await findArchived(ports, { ...filing, findSource, downloaded, ...how }, budget);
  if (found !== undefined) return found;
  throw new ArchiveError('STORE_UNAVAILABLE', `${filing.key} was refused as existing and then not found`);
}

/** What is looked for in the archive, and what this attempt has done so far. */
export interface Wanted extends Filing {
  readonly findSource: FindSource;
  readonly downloaded?: Downloaded | undefined;
  readonly resumes?: number;
  readonly restarts?: number;
}

/**
 * Of a file that was just put into quarantine: what another delivery has archived and a person released since it was looked for. Then
 * `quarantine list` names the one in quarantine as released, and a release removes it.
 */
async function findReleasedMeanwhile(
  ports: ArchivePorts,
  { source, filing }: { readonly source: Source; readonly filing: Filing },
  budget: Budget,
): Promise<ArchivedRecording | undefined> {
  if (filing.quarantine === undefined) return undefined;
  if ((await ports.store.head(filing.key, budget)) === undefined) return undefined;
  return findArchived(ports, { ...filing, findSource: () => Promise.resolve(source) }, budget);
}

/** Where the object of a file is written. */
const placeOf = ({ key, quarantine }: Filing): string =>
  quarantine === undefined ? key : quarantineKey(key);

/**
 * The file as it stands in the archive, or in its quarantine, after completing what an interrupted attempt left undone (receipt, reference);
 * `undefined` when there is no object yet.
 *
 * @throws `KEY_COLLISION`, `OBJECT_UNPROVEN`, `RECEIPT_MISMATCH` (not retryable) when an object of another recording stands under the
 *   key, one that nothing proves to be this archive's own, or one whose receipt is not its own.
 */
export async function findArchived(
  ports: ArchivePorts,
  wanted: Wanted,
  budget: Budget,
): Promise<ArchivedRecording | undefined> {
  const released = await ports.store.head(wanted.key, budget);
  if (released !== undefined) return findStanding(ports, { ...wanted, stat: released }, budget);
  if (ports.quarantine === undefined) return undefined;
  const key = quarantineKey(wanted.key);
  const stat = await ports.store.head(key, budget);
  return stat && findStanding(ports, { ...wanted, key, stat }, budget);
}

async function findStanding(
  ports: ArchivePorts,
  wanted: Wanted & { readonly stat: ObjectStat },
  budget: Budget,
): Promise<ArchivedRecording> {
  const { ids, key, stat, resumes = 0, restarts = 0 } = wanted;
  if (!isSameRecording(stat, ids)) {
    const { recordingId } = ids;
    warn(ports, 'KEY_COLLISION', wanted);
    throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${key}`, {
      details: { key, recordingId },
    });
  }
  const { newest } = await findSuccessors(ports, wanted, budget);
  if (newest !== undefined) {
    const how = { receiptKey: receiptKeyOf(newest.key), stored: false, resumes, restarts };
    return finish(ports, { ids, stat: newest.stat }, how, budget);
  }
  const receiptKey = await reported(ports, wanted, () => settleReceipt(ports, wanted, budget));
  return finish(ports, { ids, stat }, { receiptKey, stored: false, resumes, restarts }, budget);
}

const WARNINGS = {
  KEY_COLLISION: 'an object of another recording stands under this key',
  OBJECT_UNPROVEN: 'nothing proves that this object was stored by this archive',
  RECEIPT_MISMATCH: 'the receipt under this key is not one of this object',
} as const;

/** Need an operator: the bucket holds something that this archive did not write. */
async function reported<T>(
  ports: ArchivePorts,
  which: Pick<Filing, 'ids' | 'key'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof ArchiveError ? error.code : undefined;
    if (code === 'OBJECT_UNPROVEN' || code === 'RECEIPT_MISMATCH') warn(ports, code, which);
    throw error;
  }
}

function warn(
  { logger }: ArchivePorts,
  code: keyof typeof WARNINGS,
  { ids, key }: Pick<Filing, 'ids' | 'key'>,
): void {
  logger.log('warn', WARNINGS[code], { key, recordingId: ids.recordingId, code });
}

/** Puts down permanently that a recording will never be available, in a receipt without an object. */
export async function recordTerminal(
  ports: ArchivePorts,
  filing: Filing,
  reason: string,
  budget: Budget,
): Promise<void> {
  await reported(ports, filing, () => issueTerminalReceipt(issuerOf(ports), { ...filing, reason }, budget));
  const { recordingId, conversationId } = filing.ids;
  ports.logger.log('warn', 'recording is gone', { recordingId, conversationId, reason, state: 'gone' });
}

async function finish(
  ports: ArchivePorts,
  { ids, stat }: { readonly ids: RecordingIds; readonly stat: ObjectStat },
  how: Pick<ArchivedRecording, 'receiptKey' | 'stored' | 'resumes' | 'restarts'>,
  budget: Budget,
): Promise<ArchivedRecording> {
  const { key, size: bytes } = stat;
  const { recordingId, conversationId } = ids;
  const where = isQuarantineKey(key) ? 'quarantine' : 'the archive';
  const stored = isQuarantineKey(key) ? 'stored in quarantine' : 'stored';
  const message = how.stored ? stored : `found in ${where}`;
  ports.logger.log('debug', message, { recordingId, conversationId, key, bytes, state: 'stored' });
  const { references } = ports;
  // the platform gets a reference when the object has the key that it keeps
  if (references !== undefined && !isQuarantineKey(key))
    await linkOnce({ ...ports, references }, { ids, stat, isFresh: how.stored }, budget);
  return { state: 'archived', ids, key, bytes, ...how };
}
