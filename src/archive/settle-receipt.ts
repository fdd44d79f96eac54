/** What to make of an object that stands there already. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, RecordingIds } from '../ports.ts';
import type { ArchivePorts } from './ports.ts';
import { type Downloaded, downloadAgain } from './download-again.ts';
import type { Filing, FindSource } from './filing.ts';
import { adoptReceipt, issueCompletedReceipt, type Proof } from './issue-receipt.ts';
import { issuerOf } from './issuer.ts';
import { receiptKey } from '../record/object-key.ts';
import { type OpenedObject, openObject, type Plaintext } from './open-object.ts';
import { hasOwnReceipt, trustedKeys } from './own-receipt.ts';
import { checkMark, isOfSource, type MarkVerdict } from '../record/writer-mark.ts';

/** An object as it was found, and where the same recording can be downloaded again. */
export interface StoredBefore extends Filing {
  readonly stat: ObjectStat;
  readonly findSource: FindSource;
  /** What this attempt has downloaded whole, when another one stored its object first. */
  readonly downloaded?: Downloaded | undefined;
}

/** ms. An object that is younger may have a writer that is about to write its receipt. */
const RACE_WINDOW_MS = 60_000;

/** ms between looks for that receipt: 3 s in all. A writer needs one request between object and receipt, and three where it makes sure. */
const RACE_PAUSES_MS = [50, 100, 200, 400, 800, 1500] as const;

/**
 * Returns the key of the object's receipt: the one it has, the one that its writer is about to write, or one that is completed now.
 *
 * A receipt is signed only for what is proved to be this archive's own, by the writer's mark. Where nothing is signed, the object is
 * compared with a new download if this process can open it.
 *
 * @throws `OBJECT_UNPROVEN`, `RECEIPT_MISMATCH` (not retryable); what the store, the platform and the media host throw.
 */
export async function settleReceipt(
  ports: ArchivePorts,
  found: StoredBefore,
  budget: Budget,
): Promise<string> {
  const { stat, ids } = found;
  const look = () => hasOwnReceipt(ports, { ids, key: stat.key, stat }, budget);
  let isThere = await look();
  for (const pauseMs of isRecent(ports, stat) ? RACE_PAUSES_MS : []) {
    if (isThere || ports.clock.now() + pauseMs >= budget.deadline) break;
    await ports.clock.sleep(pauseMs, budget.signal);
    isThere = await look();
  }
  if (isThere) return receiptKey(stat.key);
  if (ports.signer !== undefined) return completeMarked(ports, found, budget);
  return completeUnsigned(ports, found, budget);
}

function isRecent({ clock }: ArchivePorts, { lastModified }: ObjectStat): boolean {
  return Math.abs(clock.now() - lastModified) < RACE_WINDOW_MS;
}

async function completeMarked(ports: ArchivePorts, found: StoredBefore, budget: Budget): Promise<string> {
  const { ids, stat, at, succeeds } = found;
  requireMark(ports, ids, stat);
  const opened = await openObject(ports, stat, ids, budget);
  const issuer = issuerOf(ports);
  if (opened !== undefined) {
    // the mark is in the metadata that came with the bytes, not in those that were looked at before
    requireMark(ports, ids, opened.stat);
    const standing = { ids, stat: opened.stat, at, succeeds };
    return issueCompletedReceipt(
      issuer,
      standing,
      { proof: 'mark', opened: requireOpen(ids, opened) },
      budget,
    );
  }
  const expected = stat.size - TAG_BYTES;
  const downloaded =
    found.downloaded ?? (await downloadAgain(ports.opener, found.findSource, expected, budget));
  // of another version of the file the hash would not be that of the object
  const isSame = downloaded?.bytes === expected && isOfSource(stat.metadata, downloaded);
  const proof: Proof = { proof: 'mark', ...(isSame ? { downloaded } : {}) };
  return issueCompletedReceipt(issuer, { ids, stat, at, succeeds }, proof, budget);
}

async function completeUnsigned(ports: ArchivePorts, found: StoredBefore, budget: Budget): Promise<string> {
  const { ids, stat, at, succeeds } = found;
  const issuer = issuerOf(ports);
  const opened = await openObject(ports, stat, ids, budget);
  if (opened === undefined) {
    // a receipt that states only what was found there makes no successor
    if (succeeds !== undefined)
      throw unproven(stat.key, ids, 'cannot be opened with the keys that are configured');
    return adoptReceipt(issuer, found, budget);
  }
  const proved = requireOpen(ids, opened);
  const compared =
    found.downloaded ?? (await downloadAgain(ports.opener, found.findSource, proved.plaintext.bytes, budget));
  if (compared === undefined) {
    if (succeeds !== undefined) throw unproven(stat.key, ids, 'the platform no longer has the recording');
    return adoptReceipt(issuer, { ids, stat: opened.stat, at }, budget);
  }
  const why = whyDifferent(proved.plaintext, compared);
  if (why !== undefined) throw unproven(stat.key, ids, why);
  const standing = { ids, stat: opened.stat, at, succeeds };
  return issueCompletedReceipt(issuer, standing, { proof: 'comparison', opened: proved }, budget);
}

/** Bytes that the body of an object is longer than the recording, in every format (`docs/format.md`, section 1). */
const TAG_BYTES = 16;

const MARK_FAULTS: Readonly<Record<Exclude<MarkVerdict, 'valid'>, string>> = {
  absent: 'carries no mark of a writer of this archive',
  malformed: 'carries a mark that is not in the form of one',
  'unknown-key': 'carries a mark of a key that this writer does not know',
  'revoked-key': 'carries a mark of a key that was revoked',
  invalid: 'carries a mark that was made for something else',
};

const LIST_OLD_KEY =
  'if the signing key was changed, list the public key before it in ARCHIVE_RECEIPT_PUBLIC_KEYS (a function takes it in base64) and deliver the event again; otherwise `genesys-archive archive --again` compares the object with the recording of the platform';

function requireMark(ports: ArchivePorts, ids: RecordingIds, stat: ObjectStat): void {
  const { organizationId } = ports;
  const { key, metadata } = stat;
  const marked = { kind: 'media', key, ids, organizationId, metadata } as const;
  const verdict = checkMark(marked, trustedKeys(ports));
  if (verdict === 'valid') return;
  const hint = verdict === 'unknown-key' ? LIST_OLD_KEY : undefined;
  throw unproven(key, ids, MARK_FAULTS[verdict], hint);
}

/** @throws `OBJECT_UNPROVEN` when the object does not decrypt. */
export function requireOpen(
  ids: RecordingIds,
  opened: OpenedObject,
  hint?: string,
): OpenedObject & { readonly plaintext: Plaintext } {
  const { plaintext, stat } = opened;
  if (plaintext === undefined) {
    throw unproven(stat.key, ids, 'does not decrypt with the keys of this archive', hint);
  }
  return { ...opened, plaintext };
}

/** @returns what differs, as the end of a sentence about the object; `undefined` when nothing does. */
export function whyDifferent(stored: Plaintext, served: Plaintext): string | undefined {
  if (stored.bytes !== served.bytes) {
    return `holds ${stored.bytes} bytes of plaintext, and the platform serves ${served.bytes}`;
  }
  return stored.sha256.equals(served.sha256)
    ? undefined
    : 'holds another plaintext of the same length than the platform serves';
}

export function unproven(
  key: string,
  { recordingId, conversationId }: RecordingIds,
  why: string,
  hint = `nothing was changed; \`genesys-archive archive --again ${recordingId} --interaction ${conversationId} --reason TEXT\` compares it with the recording of the platform, and gives it a receipt when they are the same`,
): ArchiveError {
  return new ArchiveError('OBJECT_UNPROVEN', `${key} has no receipt and ${why}`, {
    hint,
    details: { key, recordingId },
  });
}
