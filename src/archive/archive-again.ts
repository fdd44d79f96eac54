import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveRequest, MediaItem, RecordingIds } from '../ports.ts';
import { sourcesOf } from './archive-request.ts';
import type { ArchivePorts } from './archive-ports.ts';
import { downloadAgain } from './download-again.ts';
import { isSameRecording } from '../record/identity.ts';
import { issueCompletedReceipt } from './issue-receipt.ts';
import { issuerOf } from './issuer.ts';
import { DATE_LAYOUT, type Layout } from '../record/layout.ts';
import { linkOnce } from './link-recording.ts';
import { receiptKey } from '../record/object-key.ts';
import { openObject } from './open-object.ts';
import { canonicalRequest, inOneSpelling } from './one-spelling.ts';
import { hasOwnReceipt } from './own-receipt.ts';
import { requireOpen, unproven, whyDifferent } from './settle-receipt.ts';

export interface AgainOptions {
  /** Of whoever asks for it; it stands in the receipt. */
  readonly reason: string;
  /** Finds the object of a file when neither the event nor the platform states the time that names it. */
  readonly locate: (ids: RecordingIds) => Promise<string>;
}

export interface ProvedRecording {
  /** `present`: there was a receipt already, and it is one of this object. */
  readonly state: 'completed' | 'present';
  readonly ids: RecordingIds;
  readonly key: string;
  readonly receiptKey: string;
  /** Of the object. */
  readonly bytes: number;
}

/**
 * Proves objects that nothing else proves: downloads each file that the request names, opens its object, and compares the two. When
 * they are the same the object gets a receipt, and the platform its reference; when they are not, nothing is changed.
 *
 * @throws `OBJECT_UNPROVEN` when they differ or the object cannot be opened; `RECEIPT_MISMATCH` when there is a receipt and it is not
 *   one of this object; `OBJECT_NOT_FOUND`, `KEY_COLLISION`, `MEDIA_NOT_FOUND`, `MEDIA_NOT_READY`; what the ports throw.
 */
export async function archiveAgain(
  given: ArchivePorts,
  sent: ArchiveRequest,
  options: AgainOptions,
  budget: Budget,
): Promise<readonly ProvedRecording[]> {
  const ports = inOneSpelling(given, sent);
  const request = canonicalRequest(sent);
  const resolution = await ports.resolver.resolve(request, budget);
  if (resolution.state === 'not-ready') {
    throw new ArchiveError('MEDIA_NOT_READY', 'the recording is not complete yet');
  }
  const items = resolution.state === 'ready' ? resolution.items : [];
  if (items.length === 0) {
    throw new ArchiveError(
      'MEDIA_NOT_FOUND',
      'the platform no longer has the recording: there is nothing to compare the object with',
    );
  }
  const proved: ProvedRecording[] = [];
  for (const item of items) proved.push(await prove(ports, item, { request, ...options }, budget));
  return proved;
}

async function prove(
  ports: ArchivePorts,
  item: MediaItem,
  { request, reason, locate }: AgainOptions & { readonly request: ArchiveRequest },
  budget: Budget,
): Promise<ProvedRecording> {
  const { ids } = item;
  const { store, references, opener } = ports;
  const key = statedKey(ports, request, item) ?? (await locate(ids));
  const stat = await store.head(key, budget);
  if (stat === undefined) {
    throw new ArchiveError('OBJECT_NOT_FOUND', `no object ${key} in ${store.location}`, {
      hint: '`genesys-archive archive` without --again archives what is not there yet',
    });
  }
  if (!isSameRecording(stat, ids)) {
    throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${key}`);
  }
  const subject = { ids, key, stat };
  const outcome = { ids, key, receiptKey: receiptKey(key), bytes: stat.size };
  const links = async () => {
    if (references !== undefined) await linkOnce({ ...ports, references }, { ids, stat }, budget);
  };
  if (await hasOwnReceipt(ports, subject, budget)) {
    await links();
    return { state: 'present', ...outcome };
  }
  const opened = await openObject(ports, stat, ids, budget);
  if (opened === undefined) throw kept(key, ids, 'cannot be opened with the keys that are configured');
  const readable = requireOpen(ids, opened, KEPT);
  const { refresh } = sourcesOf(ports, request, ids, budget);
  const findSource = () => Promise.resolve({ item, refresh });
  const served = await downloadAgain(opener, findSource, readable.plaintext.bytes, budget);
  if (served === undefined)
    throw new ArchiveError('MEDIA_NOT_FOUND', 'the platform no longer has the recording');
  const why = whyDifferent(readable.plaintext, served);
  if (why !== undefined) throw kept(key, ids, why);
  const standing = { ids, stat: readable.stat, at: timeOf(ports, request, item, key) };
  await issueCompletedReceipt(
    issuerOf(ports),
    standing,
    { proof: 'comparison', opened: readable, reason },
    budget,
  );
  await links();
  return { state: 'completed', ...outcome };
}

const KEPT =
  'nothing was changed: keep the object and the access log of the bucket, and find out who wrote it';

const kept = (key: string, ids: RecordingIds, why: string) => unproven(key, ids, why, KEPT);

/** Times that may have named the object, the likeliest first. */
function statedTimes(request: ArchiveRequest, item: MediaItem, { filedBy }: Layout): number[] {
  const times =
    filedBy === 'conversation'
      ? [item.conversation?.startedAt]
      : [request.dialect === 'media' ? request.occurredAt : undefined, item.recordedAt];
  return times.filter((at) => at !== undefined);
}

function statedKey(ports: ArchivePorts, request: ArchiveRequest, item: MediaItem): string | undefined {
  const { layout = DATE_LAYOUT } = ports;
  const [at] = statedTimes(request, item, layout);
  return at === undefined ? undefined : layout.keyOf({ ids: item.ids, at, extension: item.file?.extension });
}

/** The time of the recording where one is stated that names this very key, else the beginning of the key's day. */
function timeOf(ports: ArchivePorts, request: ArchiveRequest, item: MediaItem, key: string): number {
  const { layout = DATE_LAYOUT } = ports;
  const named = (at: number) => layout.keyOf({ ids: item.ids, at, extension: item.file?.extension }) === key;
  const stated = statedTimes(request, item, layout).find(named);
  return stated ?? Date.parse(`${layout.parse(key)?.date ?? ''}T00:00:00Z`);
}
