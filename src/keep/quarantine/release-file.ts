/**
 * Releases a file from quarantine. The same bytes are written under the key that the recording keeps, with lock or tag by the rules, and
 * get a mark and a receipt of their own; they are read back; the platform gets its reference; only then is what lies in quarantine
 * removed, the object first and its receipt last. Each step finds what an attempt before it has done, so that a release that was broken
 * off anywhere ends when it is repeated, and at every moment the recording can be read in one of the two places.
 */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat, RecordingIds } from '../../ports.ts';
import { present } from '../../present.ts';
import { findErasure, recordingErased } from '../../record/find-erasure.ts';
import { receiptKey } from '../../record/object-key.ts';
import { bothPlaces, isQuarantineKey, releasedKey } from '../../record/quarantine/key.ts';
import { readQuarantineNote } from '../../record/quarantine/note.ts';
import { readReceipt } from '../../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { isOfSameFile } from '../../record/same-recording.ts';
import { heldAmong } from '../read-holds.ts';
import { copyBeside, copyObject } from './copy-released.ts';
import { isOfRelease, issueReleased } from './issue-released.ts';
import type { Moving, ReleasedFile, ReleasePorts } from './release-types.ts';
import { removeQuarantined } from './remove-quarantined.ts';

/**
 * @param key in quarantine.
 * @param reason stands in the new receipt.
 * @throws `OBJECT_NOT_FOUND`, `RECORDING_ERASED`, `OBJECT_UNPROVEN`, `RECEIPT_MISMATCH`, `KEY_COLLISION` (not retryable); what the ports throw.
 */
export async function releaseFile(
  ports: ReleasePorts,
  key: string,
  reason: string,
  budget: Budget,
): Promise<ReleasedFile> {
  const places = { key, released: releasedKey(key) };
  const { released } = places;
  const heldBy = await holdsOn(ports, key, budget);
  if (heldBy.length > 0) return { ...places, state: 'held', heldBy };
  const receipt = isQuarantineKey(key) ? await readReceipt(ports.store, receiptKey(key), budget) : undefined;
  const stat = await ports.store.head(key, budget);
  if (receipt === undefined) throw withoutReceipt(ports, key, stat);
  const ids = idsOf(receipt);
  await refuseErased(ports, ids, budget);
  let standing = await lookAtReleased(ports, released, receipt, budget);
  if (stat !== undefined && (standing === 'absent' || standing === 'without-receipt')) {
    await move(ports, { stat, receipt, ids, reason }, budget);
    standing = await lookAtReleased(ports, released, receipt, budget);
  }
  if (standing !== 'same') throw standing === 'absent' ? notThere(ports, key) : collision(released);
  // where the object in quarantine is gone already, its reference was written before
  const reference =
    stat === undefined ? 'none' : await writeReference(ports, { stat, ids, released }, budget);
  // a hold that was placed since then finds the recording where it was, and so does an erasure
  const heldNow = await holdsOn(ports, key, budget);
  if (heldNow.length > 0) return { ...places, state: 'held', heldBy: heldNow, reference };
  await refuseErased(ports, ids, budget);
  const left = await removeQuarantined(ports, key, budget);
  return left.length > 0
    ? { ...places, state: 'kept', left, reference }
    : { ...places, state: 'released', reference };
}

/** Copies what was verified, and issues its receipt; what an attempt before this has written is compared instead. */
async function move(ports: ReleasePorts, moving: Moving, budget: Budget): Promise<void> {
  const { key } = moving.stat;
  const { findings, sha256 } = await ports.verify(key, budget);
  if (findings.length > 0) throw damaged(key, findings);
  if (sha256 === undefined) {
    throw new ArchiveError('OBJECT_UNPROVEN', `nothing states what the bytes of ${key} should be`, {
      hint: 'release it where the keys are that recordings are restored with: what decrypts is proved',
      details: { key },
    });
  }
  await copyBeside(ports, moving, budget);
  const copied = await copyObject(ports, { ...moving, sha256 }, budget);
  await issueReleased(ports, { ...moving, ...copied }, budget);
}

type Standing = 'absent' | 'without-receipt' | 'same' | 'other';

/**
 * What stands under the key that the recording keeps: the copy of an attempt before this, or the recording as it was archived by itself.
 *
 * @throws `RECEIPT_MISMATCH` where it is damaged: then nothing is removed.
 */
async function lookAtReleased(
  ports: ReleasePorts,
  released: string,
  receipt: SignedReceipt,
  budget: Budget,
): Promise<Standing> {
  if ((await ports.store.head(released, budget)) === undefined) return 'absent';
  const other = await readReceipt(ports.store, receiptKey(released), budget);
  if (other === undefined) return 'without-receipt';
  const { findings } = await ports.verify(released, budget);
  if (findings.length > 0) throw damaged(released, findings);
  return isOfSameFile(other.ids, receipt.ids) && holdsSame(other, receipt) ? 'same' : 'other';
}

/** By the plaintext, where both state it; by the bytes; or because it says that it is the release of the one that states neither. */
function holdsSame(one: SignedReceipt, other: SignedReceipt): boolean {
  if (one.plaintext !== undefined && other.plaintext !== undefined)
    return one.plaintext.sha256 === other.plaintext.sha256 && one.plaintext.bytes === other.plaintext.bytes;
  const hash = other.ciphertext?.sha256;
  return hash === undefined ? isOfRelease(one) : one.ciphertext?.sha256 === hash;
}

async function writeReference(
  { link }: ReleasePorts,
  {
    stat,
    ids,
    released: key,
  }: { readonly stat: ObjectStat; readonly ids: RecordingIds; readonly released: string },
  budget: Budget,
): Promise<NonNullable<ReleasedFile['reference']>> {
  const note = readQuarantineNote(stat);
  if (link === undefined || note === undefined) return 'none';
  try {
    return (await link({ ids, key, dialect: note.dialect }, budget)) ? 'written' : 'none';
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'INTERACTION_NOT_FOUND') return 'gone';
    throw error;
  }
}

/** Of the register, on either place, and what the store's own legal hold is on. */
async function holdsOn(ports: ReleasePorts, key: string, budget: Budget): Promise<readonly string[]> {
  const held = await heldAmong(ports, new Set(bothPlaces(key)), budget);
  const ids = [...new Set([...held.values()].flat())];
  if (ids.length > 0 || (await ports.archive.bucketLock(budget)).lock === 'none') return ids;
  for await (const version of ports.archive.versions(key, budget)) {
    if (version.key !== key || version.isMarker) continue;
    if ((await ports.archive.lockOf(version, budget))?.legalHold === true) return ['S3 Object Lock'];
  }
  return [];
}

async function refuseErased(
  { store, keys }: ReleasePorts,
  { recordingId }: RecordingIds,
  budget: Budget,
): Promise<void> {
  const erasure = await findErasure({ store, keys }, recordingId, budget);
  if (erasure !== undefined) throw recordingErased(erasure);
}

function idsOf({ ids: { recording, conversation, channel } }: SignedReceipt): RecordingIds {
  return { recordingId: recording, conversationId: conversation, ...present({ channel }) };
}

function withoutReceipt(ports: ReleasePorts, key: string, stat: ObjectStat | undefined): ArchiveError {
  if (stat === undefined || !isQuarantineKey(key)) return notThere(ports, key);
  return new ArchiveError('OBJECT_UNPROVEN', `${key} has no receipt`, {
    hint: 'deliver the event of the recording again, which completes what an attempt left undone',
    details: { key },
  });
}

const notThere = ({ store }: Pick<ReleasePorts, 'store'>, key: string) =>
  new ArchiveError('OBJECT_NOT_FOUND', `${key} is not in the quarantine of ${store.location}`, {
    hint: '`genesys-archive quarantine list` shows what is',
  });

const collision = (key: string) =>
  new ArchiveError('KEY_COLLISION', `${key} holds something else than the object in quarantine`, {
    hint: 'nothing was removed: compare the two with `genesys-archive verify` and `inspect`, then erase the wrong one',
    details: { key },
  });

const damaged = (key: string, findings: readonly string[]) =>
  new ArchiveError('RECEIPT_MISMATCH', `${key}: ${findings.join(', ')}`, {
    hint: 'nothing was removed; docs/runbook.md says what to do about each finding',
    details: { key },
  });
