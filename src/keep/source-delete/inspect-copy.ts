/** Looks at the archive's own copy of a recording: every file read and decrypted, and compared where that is asked. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { isSameId } from '../../recording/id.ts';
import { findCurrentVersion } from '../../record/current-version.ts';
import { findErasure } from '../../record/find-erasure.ts';
import { identifyKey } from '../../record/layout.ts';
import { contextKey, receiptKey, TRANSCRIPT_STATUSES, transcriptKey } from '../../record/object-key.ts';
import { quarantineKey, releasedKey } from '../../record/quarantine/key.ts';
import { readReceipt } from '../../record/receipt/read-receipt.ts';
import type { ReceiptKeys } from '../../record/receipt/keys.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { splitVersion } from '../../record/versions.ts';
import type { CopyFacts, DeletionRules } from './policy.ts';
import type { InspectedCopy, SourceDeleteItem } from './source-types.ts';

/** A file as the platform serves it now. */
export interface Served {
  readonly channel: string | undefined;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** What is told of an object that was read to its end. */
export interface VerifiedObject {
  readonly findings: readonly { readonly kind: string }[];
  readonly isErased: boolean;
  readonly withoutBodyHash: boolean;
  readonly receipt: SignedReceipt['kind'] | undefined;
  readonly bytes: number;
  readonly digests:
    | { readonly plaintext: { readonly bytes: number; readonly sha256: string } | undefined }
    | undefined;
}

export interface InspectPorts {
  readonly store: ObjectStore;
  readonly keys: ReceiptKeys;
  /** Reads and decrypts. @throws `OBJECT_NOT_FOUND` when there is neither object nor receipt; what keeps from looking. */
  readonly verify: (key: string, budget: Budget) => Promise<VerifiedObject>;
  readonly seesUnredacted: (budget: Budget) => Promise<'yes' | 'no' | 'unknown'>;
  /**
   * Downloads all files, in one way after another; `undefined` where the platform has none in that way.
   * @throws what keeps from asking.
   */
  readonly serve: (
    wanted: { readonly conversationId: string; readonly recordingId: string; readonly bytes: number },
    budget: Budget,
  ) => AsyncIterable<readonly Served[] | undefined>;
}

interface File {
  readonly channel: string | undefined;
  readonly base: string;
  readonly key: string;
  readonly bytes: number;
  readonly plaintext: { readonly bytes: number; readonly sha256: string };
}

export async function inspectCopy(
  ports: InspectPorts,
  item: SourceDeleteItem,
  rules: DeletionRules,
  budget: Budget,
): Promise<InspectedCopy> {
  const nothing = {
    comparison: 'not-asked',
    seesUnredacted: 'not-asked',
    context: 'not-asked',
    transcript: 'not-asked',
    files: 0,
    bytes: 0,
  } as const;
  if ((await findErasure(ports, item.recording, budget)) !== undefined)
    return { ...nothing, objects: 'erased' };
  if (await isQuarantined(ports, item, budget)) return { ...nothing, objects: 'quarantined' };
  const files: File[] = [];
  const bases = new Set(item.keys.map((key) => splitVersion(key).base));
  for (const base of bases) {
    const file = await inspectFile(ports, base, item, budget);
    if (typeof file === 'string') return { ...nothing, objects: file };
    files.push(file);
  }
  if (files.length === 0) return { ...nothing, objects: 'missing' };
  const comparison = rules.compare ? await compare(ports, files, item, budget) : 'not-asked';
  // without a comparison, only a gap between channels tells of a file that is not there
  const isWhole = comparison === 'same' || hasAllChannels(files.map(({ channel }) => channel));
  return {
    objects: isWhole ? 'verified' : 'partial',
    comparison,
    seesUnredacted: rules.compare ? await ports.seesUnredacted(budget) : 'not-asked',
    context: rules.wantsContext
      ? await worstOf(files, (file) => lookAtContext(ports, file, budget))
      : 'not-asked',
    transcript: rules.wantsTranscript
      ? await worstOf(files, (file) => lookAtTranscript(ports, file, budget))
      : 'not-asked',
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Also where only another file of the recording is: an erasure of that one erases all of them. */
async function isQuarantined(
  { store }: Pick<InspectPorts, 'store'>,
  { keys, recording }: SourceDeleteItem,
  budget: Budget,
): Promise<boolean> {
  for (const folder of new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/') + 1)))) {
    for await (const { key } of store.list(quarantineKey(releasedKey(folder)), budget))
      if (isSameId(identifyKey(key)?.recordingId ?? '', recording)) return true;
  }
  return false;
}

/** One file of all channels, or each of at least two from the first on. */
export function hasAllChannels(channels: readonly (string | undefined)[]): boolean {
  if (channels.some((channel) => channel === undefined)) return true;
  const numbers = new Set(channels.map(Number));
  return (
    numbers.size > 1 && Array.from({ length: numbers.size }, (_, at) => at).every((at) => numbers.has(at))
  );
}

const UNPROVEN = new Set(['adopted', 'unproven', 'missing-receipt']);

async function inspectFile(
  ports: InspectPorts,
  base: string,
  item: SourceDeleteItem,
  budget: Budget,
): Promise<File | Exclude<CopyFacts['objects'], 'verified' | 'partial'>> {
  const { key } = await findCurrentVersion(ports, base, budget);
  let found: VerifiedObject;
  try {
    found = await ports.verify(key, budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return 'missing';
    throw error;
  }
  if (found.isErased) return 'erased';
  const kinds = new Set(found.findings.map(({ kind }) => kind));
  if (kinds.has('missing-object')) return 'missing';
  if (kinds.has('swapped') || kinds.has('organization')) return 'other-recording';
  if ([...kinds].some((kind) => !UNPROVEN.has(kind))) return 'damaged';
  const isProven = found.receipt === 'archived' || found.receipt === 'completed';
  const plaintext = found.digests?.plaintext;
  if (kinds.size > 0 || !isProven || found.withoutBodyHash || plaintext === undefined) return 'unproven';
  const receipt = await readReceipt(ports.store, receiptKey(key), budget);
  if (receipt === undefined) return 'unproven';
  const { recording, conversation, channel } = receipt.ids;
  if (!isSameId(recording, item.recording) || !isSameId(conversation, item.conversation))
    return 'other-recording';
  return { channel, base, key, bytes: found.bytes, plaintext };
}

/** Each file against the platform's of the same channel; one that is on one side only makes it partial. */
async function compare(
  ports: InspectPorts,
  files: readonly File[],
  { conversation, recording }: SourceDeleteItem,
  budget: Budget,
): Promise<CopyFacts['comparison']> {
  const bytes = Math.max(...files.map(({ plaintext }) => plaintext.bytes));
  const wanted = { conversationId: conversation, recordingId: recording, bytes };
  let worst: CopyFacts['comparison'] = 'unavailable';
  for await (const served of ports.serve(wanted, budget)) {
    if (served === undefined) continue;
    const isSame = ({ channel, plaintext }: File) =>
      served.some(
        (one) => one.channel === channel && one.sha256 === plaintext.sha256 && one.bytes === plaintext.bytes,
      );
    if (served.length === files.length && files.every(isSame)) return 'same';
    const channels = new Set(files.map(({ channel }) => channel));
    const isMissing = served.some(({ channel }) => !channels.has(channel));
    if (worst !== 'different')
      worst = isMissing && files.every((file) => isSame(file)) ? 'partial' : 'different';
  }
  return worst;
}

/** The state of the file that is worst off: the first in the order of the alphabet but for what is there. */
async function worstOf<T extends string>(
  files: readonly File[],
  look: (file: File) => Promise<T>,
): Promise<T> {
  let found: T | undefined;
  for (const file of files) {
    const state = await look(file);
    if (found === undefined || found === 'kept' || (found === 'none' && state !== 'kept')) found = state;
  }
  return found ?? ('missing' as T);
}

async function lookAtContext(
  ports: InspectPorts,
  { base, key }: File,
  budget: Budget,
): Promise<'kept' | 'missing' | 'damaged'> {
  for (const place of new Set([contextKey(key), contextKey(base)])) {
    if ((await ports.store.head(place, budget)) === undefined) continue;
    return (await isIntact(ports, place, budget)) ? 'kept' : 'damaged';
  }
  return 'missing';
}

async function lookAtTranscript(
  ports: InspectPorts,
  { base, key }: File,
  budget: Budget,
): Promise<CopyFacts['transcript']> {
  for (const status of TRANSCRIPT_STATUSES) {
    for (const place of new Set([transcriptKey(key, status), transcriptKey(base, status)])) {
      if ((await ports.store.head(place, budget)) === undefined) continue;
      if (!(await isIntact(ports, place, budget))) return 'damaged';
      return status === 'known' ? 'kept' : status;
    }
  }
  return 'missing';
}

/** Decrypts to its end, and is of this recording. */
async function isIntact(ports: InspectPorts, place: string, budget: Budget): Promise<boolean> {
  const { findings, isErased, digests } = await ports.verify(place, budget);
  return findings.length === 0 && !isErased && digests?.plaintext !== undefined;
}
