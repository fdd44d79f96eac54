import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, ObjectStore, RecordingIds } from '../ports.ts';
import { formatOf, hashMetadata, wrapOf } from './identity.ts';
import { type LeafDigests, LeafHasher } from './leaf-hasher.ts';
import { stateCiphertext } from './leaf-list.ts';
import { receiptKey } from './object-key.ts';
import { RECEIPT_SCHEMA, type Receipt } from './receipt-schema.ts';
import { formatReceipt, type ReceiptSigner } from './receipt.ts';
import { putSmall } from './small-object.ts';
import type { StoredFacts } from './store-recording.ts';

export interface Issuer {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Of the envelope. */
  readonly format: string;
  /** Of the KMS key that new objects are written with; keys of other kinds are named by the objects themselves. */
  readonly kmsKeyId?: string | undefined;
  readonly signer: ReceiptSigner | undefined;
  readonly organizationId: string | undefined;
}

interface Stored {
  readonly ids: RecordingIds;
  readonly stat: ObjectStat;
  /** Epoch ms the recording is filed under. */
  readonly at: number;
  readonly facts: StoredFacts;
  readonly resumes: number;
  readonly restarts: number;
}

/** The receipt of an object that was just stored. Returns its key. */
export async function issueReceipt(issuer: Issuer, stored: Stored, budget: Budget): Promise<string> {
  const { ids, stat, at, facts, resumes, restarts } = stored;
  const { contentType, contentLength, etag, length } = facts.source;
  return put(
    issuer,
    stat.key,
    {
      ...opening(issuer, 'archived', ids, at),
      source: {
        ...(contentType === undefined ? {} : { contentType: printable(contentType) }),
        ...(contentLength === undefined ? {} : { contentLength }),
        ...(etag === undefined ? {} : { etag: printable(etag) }),
        ...(length === undefined ? {} : { length }),
        resumes,
        restarts,
      },
      plaintext: { bytes: facts.plaintext.bytes, sha256: facts.plaintext.sha256.toString('hex') },
      ciphertext: await stateCiphertext(issuer.store, stat.key, facts.ciphertext, budget),
      ...objectFacts(issuer, stat, { format: issuer.format, ...wrapOf(stat, issuer.kmsKeyId) }, at),
    },
    budget,
  );
}

/**
 * The receipt of an object that stands there already: the one it has, or, when an attempt was interrupted before it wrote one, a
 * new one that states what can be seen from outside. The ciphertext is hashed where it may be read; a writer without that
 * permission states the size and the store's own checksum.
 */
export async function adoptReceipt(
  issuer: Issuer,
  ids: RecordingIds,
  stat: ObjectStat,
  at: number,
  budget: Budget,
): Promise<string> {
  const key = receiptKey(stat.key);
  if ((await issuer.store.head(key, budget)) !== undefined) return key;
  const seen = await hashObject(issuer.store, stat.key, budget);
  const receipt: Receipt = {
    ...opening(issuer, 'adopted', ids, at),
    ciphertext:
      seen === undefined ? { bytes: stat.size } : await stateCiphertext(issuer.store, stat.key, seen, budget),
    ...objectFacts(issuer, stat, { format: formatOf(stat), ...wrapOf(stat, undefined) }, at),
  };
  return put(issuer, stat.key, receipt, budget);
}

/** The receipt of a recording that will never be available. */
export async function issueTerminalReceipt(
  issuer: Issuer,
  { ids, key, at, reason }: { ids: RecordingIds; key: string; at: number; reason: string },
  budget: Budget,
): Promise<string> {
  return put(issuer, key, { ...opening(issuer, 'terminal', ids, at), reason: printable(reason) }, budget);
}

function opening(issuer: Issuer, kind: Receipt['kind'], ids: RecordingIds, at: number) {
  const { organizationId, clock } = issuer;
  const { conversationId: conversation, recordingId: recording, channel } = ids;
  return {
    schema: RECEIPT_SCHEMA,
    kind,
    ids: {
      ...(organizationId === undefined ? {} : { organization: organizationId }),
      conversation,
      recording,
      ...(channel === undefined ? {} : { channel }),
    },
    times: { recorded: iso(at), issued: iso(clock.now()) },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  } as const;
}

function objectFacts(
  { store, clock }: Issuer,
  stat: ObjectStat,
  envelope: Omit<NonNullable<Receipt['envelope']>, 'metadataSha256'>,
  at: number,
) {
  const { key, versionId, etag, checksum, lastModified } = stat;
  return {
    object: {
      key,
      store: store.location.slice(0, 1024),
      ...(versionId === undefined ? {} : { versionId }),
      ...(etag === undefined ? {} : { etag: printable(etag) }),
      ...(checksum === undefined ? {} : { checksum }),
    },
    envelope: { ...envelope, metadataSha256: hashMetadata(stat) },
    times: { recorded: iso(at), stored: iso(lastModified), issued: iso(clock.now()) },
  };
}

async function put(issuer: Issuer, objectKey: string, receipt: Receipt, budget: Budget): Promise<string> {
  const key = receiptKey(objectKey);
  // An attempt that was faster has written its own: there is one receipt, the first.
  await putSmall(issuer.store, key, formatReceipt(receipt, issuer.signer), budget);
  return key;
}

async function hashObject(store: ObjectStore, key: string, budget: Budget): Promise<LeafDigests | undefined> {
  try {
    const { body } = await store.get(key, budget);
    const hasher = LeafHasher.full();
    for await (const chunk of body) hasher.update(chunk);
    return hasher.finish();
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return undefined;
    throw error;
  }
}

/** Headers of other people's hosts end up in a receipt: one line of printable ASCII, and not too long. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 256) || '?';
}

const iso = (at: number) => new Date(at).toISOString();
