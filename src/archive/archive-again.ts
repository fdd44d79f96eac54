import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveRequest, MediaItem, ObjectStat, ObjectStore, RecordingIds } from '../ports.ts';
import { present } from '../present.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import { splitVersion } from '../record/versions.ts';
import { readLastingReceipt, renew } from './renew-recording.ts';
import type { Filing, FindSource } from './filing.ts';
import { findSuccessors } from './successors.ts';
import { sourcesOf } from './archive-request.ts';
import type { ArchivePorts } from './ports.ts';
import { downloadAgain } from './download-again.ts';
import { isSameRecording } from '../record/identity.ts';
import { issueCompletedReceipt } from './issue-receipt.ts';
import { issuerOf } from './issuer.ts';
import { DATE_LAYOUT, type Layout } from '../record/layout.ts';
import { type Linkable, linkOnce } from './link-recording.ts';
import { receiptKey } from '../record/object-key.ts';
import { isQuarantineKey, quarantineKey, releasedKey } from '../record/quarantine/key.ts';
import { openObject } from './open-object.ts';
import { canonicalRequest, inOneSpelling } from './one-spelling.ts';
import { hasOwnReceipt, type ReceiptSubject } from './own-receipt.ts';
import { requireOpen, unproven, whyDifferent } from './settle-receipt.ts';

export interface AgainOptions {
  /** Stated by the person who asks for it; the receipt keeps it. */
  readonly reason: string;
  /** Finds the object of a file when neither the event nor the platform states the time that names it. */
  readonly locate: (ids: RecordingIds) => Promise<string>;
}

export interface ProvedRecording {
  /**
   * `completed`: the object had no receipt, holds what the platform serves, and has one now. `present`: it has one, and holds what the
   * platform serves. `successor`: it is damaged, or the platform serves something else; what it serves is archived beside it.
   */
  readonly state: 'completed' | 'present' | 'successor';
  readonly ids: RecordingIds;
  readonly key: string;
  readonly receiptKey: string;
  /** Of the object. */
  readonly bytes: number;
  /** Of a successor: the object that it takes the place of. */
  readonly predecessor?: string;
}

/**
 * Downloads each file that the request names again, opens its object, and compares the two. An object that nothing proves gets a receipt
 * when they are the same; when they are not, nothing is changed. One that has its receipt gets a successor when they are not the same,
 * and nothing is written when they are. The platform's reference names the current one.
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
  const { store } = ports;
  const { base: key } = splitVersion(statedKey(ports, request, item) ?? (await locate(ids)));
  const stat = await store.head(key, budget);
  await refuseQuarantined(store, { key, ids, stat }, budget);
  if (stat !== undefined && !isSameRecording(stat, ids)) {
    throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${key}`);
  }
  const { refresh } = sourcesOf(ports, request, ids, budget);
  const source = { item, refresh };
  const findSource = () => Promise.resolve(source);
  const filing = { ids, key, at: timeOf(ports, request, item, key) };
  const found = await findSuccessors(ports, { ...filing, findSource, reason }, budget);
  const standing =
    found.newest === undefined ? await lookAtFirst(ports, { ids, key, stat }, budget) : undefined;
  if (standing === 'unproven' && stat !== undefined) {
    return proveFirst(ports, { filing, stat, findSource, reason }, budget);
  }
  const receipt = found.newest?.receipt ?? (standing === 'unproven' ? undefined : standing);
  if (receipt === undefined) throw notThere(store, key);
  const current = found.newest ?? { key, stat, receipt };
  const { predecessor, ...renewed } = await renew(ports, { filing, source, reason, found, current }, budget);
  await link(ports, { ids, stat: renewed.stat }, budget);
  return outcomeOf(ids, renewed.state, renewed.stat, predecessor);
}

/** What waits for a decision gets neither a successor nor a reference. @throws `RECORDING_QUARANTINED`. */
async function refuseQuarantined(
  store: ObjectStore,
  { key, ids, stat }: ReceiptSubject,
  budget: Budget,
): Promise<void> {
  const isThere =
    isQuarantineKey(key) ||
    (stat === undefined && (await store.head(quarantineKey(key), budget)) !== undefined);
  if (!isThere) return;
  const { recordingId } = ids;
  throw new ArchiveError('RECORDING_QUARANTINED', `recording ${recordingId} is in quarantine`, {
    details: { key: quarantineKey(releasedKey(key)), recordingId },
  });
}

/** What speaks for the first object: its receipt, also where the object is damaged, exchanged or gone; or nothing does. */
async function lookAtFirst(
  ports: ArchivePorts,
  subject: ReceiptSubject,
  budget: Budget,
): Promise<SignedReceipt | 'unproven'> {
  const { key, stat } = subject;
  if (stat === undefined) {
    const lasting = await readLastingReceipt(ports, subject, budget);
    if (lasting === undefined) throw notThere(ports.store, key);
    return lasting;
  }
  try {
    if (!(await hasOwnReceipt(ports, subject, budget))) return 'unproven';
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'RECEIPT_MISMATCH') throw error;
    const lasting = await readLastingReceipt(ports, subject, budget).catch(() => undefined);
    if (lasting === undefined) throw error;
    return lasting;
  }
  return (await readReceipt(ports.store, receiptKey(key), budget)) ?? 'unproven';
}

/** Gives an object that nothing else proves its receipt, when it holds what the platform serves. */
async function proveFirst(
  ports: ArchivePorts,
  { filing, stat, findSource, reason }: Unproven,
  budget: Budget,
): Promise<ProvedRecording> {
  const { ids, key, at } = filing;
  const opened = await openObject(ports, stat, ids, budget);
  if (opened === undefined) throw kept(key, ids, 'cannot be opened with the keys that are configured');
  const readable = requireOpen(ids, opened, KEPT);
  const served = await downloadAgain(ports.opener, findSource, readable.plaintext.bytes, budget);
  if (served === undefined)
    throw new ArchiveError('MEDIA_NOT_FOUND', 'the platform no longer has the recording');
  const why = whyDifferent(readable.plaintext, served);
  if (why !== undefined) throw kept(key, ids, why);
  await issueCompletedReceipt(
    issuerOf(ports),
    { ids, stat: readable.stat, at },
    { proof: 'comparison', opened: readable, reason },
    budget,
  );
  await link(ports, { ids, stat }, budget);
  return outcomeOf(ids, 'completed', stat);
}

interface Unproven {
  readonly filing: Filing;
  readonly stat: ObjectStat;
  readonly findSource: FindSource;
  readonly reason: string;
}

async function link(ports: ArchivePorts, linkable: Linkable, budget: Budget): Promise<void> {
  const { references } = ports;
  if (references !== undefined) await linkOnce({ ...ports, references }, linkable, budget);
}

function outcomeOf(
  ids: RecordingIds,
  state: ProvedRecording['state'],
  { key, size: bytes }: ObjectStat,
  predecessor?: string,
): ProvedRecording {
  return { state, ids, key, receiptKey: receiptKey(key), bytes, ...present({ predecessor }) };
}

function notThere({ location }: ObjectStore, key: string): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `no object ${key} in ${location}`, {
    hint: '`genesys-archive archive` without --again archives what is not there yet',
  });
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
