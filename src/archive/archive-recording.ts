import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { MediaItem, ObjectStat, RecordingIds } from '../ports.ts';
import type { ArchivePorts } from './archive-ports.ts';
import { idempotencyMetadata, isSameRecording } from './identity.ts';
import { linkOnce } from './link-recording.ts';
import { adoptReceipt, type Issuer, issueReceipt, issueTerminalReceipt } from './issue-receipt.ts';
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
 * Archives one file, whatever an earlier attempt got done: object, then receipt, then the reference on the platform. Each step is
 * one conditional write, so that a redelivery at any point, or several at once, end in the same state.
 *
 * @param at the time the file is filed under, epoch ms.
 */
export async function archiveItem(
  ports: ArchivePorts,
  item: MediaItem,
  refresh: () => Promise<MediaItem>,
  key: string,
  at: number,
  budget: Budget,
): Promise<ArchivedRecording> {
  const { ids } = item;
  const metadata = idempotencyMetadata(ids);
  const { stored, ...how } = await storeRecording(ports, item, refresh, key, metadata, budget);
  if (stored !== undefined) {
    const receiptKey = await issueReceipt(issuerOf(ports), { ids, at, ...stored, ...how }, budget);
    return finish(ports, ids, stored.stat, { receiptKey, stored: true, ...how }, budget);
  }
  // Another delivery of the same event was faster, between our look and our write.
  const found = await findArchived(ports, ids, key, at, budget, how);
  if (found !== undefined) return found;
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} was refused as existing and then not found`);
}

/**
 * The file as it stands in the archive, with whatever an interrupted attempt left undone (receipt, reference) now done;
 * `undefined` when there is no object yet.
 *
 * @throws `KEY_COLLISION` (not retryable) when an object of another recording stands under the key.
 */
export async function findArchived(
  ports: ArchivePorts,
  ids: RecordingIds,
  key: string,
  at: number,
  budget: Budget,
  how: { resumes: number; restarts: number } = { resumes: 0, restarts: 0 },
): Promise<ArchivedRecording | undefined> {
  const stat = await ports.store.head(key, budget);
  if (stat === undefined) return undefined;
  if (!isSameRecording(stat, ids)) {
    const { recordingId } = ids;
    ports.logger.log('warn', 'an object of another recording stands under this key', {
      key,
      recordingId,
      code: 'KEY_COLLISION',
    });
    throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${key}`, {
      details: { key, recordingId },
    });
  }
  const receiptKey = await adoptReceipt(issuerOf(ports), ids, stat, at, budget);
  return finish(ports, ids, stat, { receiptKey, stored: false, ...how }, budget);
}

/** Puts down for good that a recording will never be available, in a receipt without an object. */
export async function recordTerminal(
  ports: ArchivePorts,
  ids: RecordingIds,
  key: string,
  at: number,
  reason: string,
  budget: Budget,
): Promise<void> {
  await issueTerminalReceipt(issuerOf(ports), { ids, key, at, reason }, budget);
  const { recordingId, conversationId } = ids;
  ports.logger.log('warn', 'recording is gone', { recordingId, conversationId, reason, state: 'gone' });
}

async function finish(
  ports: ArchivePorts,
  ids: RecordingIds,
  stat: ObjectStat,
  how: Pick<ArchivedRecording, 'receiptKey' | 'stored' | 'resumes' | 'restarts'>,
  budget: Budget,
): Promise<ArchivedRecording> {
  const { key, size: bytes } = stat;
  const { recordingId, conversationId } = ids;
  const message = how.stored ? 'stored' : 'found in the archive';
  ports.logger.log('debug', message, { recordingId, conversationId, key, bytes, state: 'stored' });
  const { references, store, clock } = ports;
  if (references !== undefined) await linkOnce({ references, store, clock }, ids, stat, budget, how.stored);
  return { state: 'archived', ids, key, bytes, ...how };
}

function issuerOf({ store, clock, envelope, kmsKeyId, signer, organizationId }: ArchivePorts): Issuer {
  return { store, clock, format: envelope.format, kmsKeyId, signer, organizationId };
}
