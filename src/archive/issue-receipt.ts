import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import type { Filing } from './filing.ts';
import { formatOf, hashMetadata, statedWrap, wrapOf } from '../record/identity.ts';
import { type LeafDigests, LeafHasher } from '../record/leaf-hasher.ts';
import { stateCiphertext } from '../record/leaf-list.ts';
import { receiptKey } from '../record/object-key.ts';
import type { OpenedObject, Plaintext } from './open-object.ts';
import { hasOwnReceipt, type ReceiptSubject, type ReceiptTrust } from './own-receipt.ts';
import { RECEIPT_SCHEMA, type Receipt } from '../record/receipt/schema.ts';
import { formatReceipt, type ReceiptSigner } from '../record/receipt/receipt.ts';
import { putSmall } from '../record/small-object.ts';
import type { StoredFacts } from './store-recording.ts';

export interface Issuer extends ReceiptTrust {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Of the envelope. */
  readonly format: string;
  /** Of the KMS key that new objects are written with; keys of other kinds are named by the objects themselves. */
  readonly kmsKeyId?: string | undefined;
  readonly signer: ReceiptSigner | undefined;
  readonly organizationId: string | undefined;
}

/** An object and whose it is. */
interface Standing extends Omit<Filing, 'key'> {
  readonly stat: ObjectStat;
}

interface Stored extends Standing {
  readonly facts: StoredFacts;
  readonly resumes: number;
  readonly restarts: number;
}

/** The receipt of an object that was just stored. Returns its key. */
export async function issueReceipt(issuer: Issuer, stored: Stored, budget: Budget): Promise<string> {
  const { ids, stat, facts, resumes, restarts } = stored;
  const { at } = stored;
  const { contentType, contentLength, etag, length } = facts.source;
  const wrapped = { metadata: { ...stat.metadata, ...facts.wrap } };
  return put(
    issuer,
    { ids, key: stat.key, stat },
    {
      ...opening(issuer, 'archived', stored),
      ...statePredecessor(stored),
      source: {
        ...present({
          contentType: contentType === undefined ? undefined : printable(contentType),
          contentLength,
          etag: etag === undefined ? undefined : printable(etag),
          length,
        }),
        resumes,
        restarts,
      },
      plaintext: statePlaintext(facts.plaintext),
      ciphertext: await stateCiphertext(issuer, stat.key, facts.ciphertext, budget),
      ...objectFacts(issuer, stat, { format: issuer.format, ...wrapOf(wrapped, issuer.kmsKeyId) }, at),
    },
    budget,
  );
}

/** What proved that an object without a receipt is this archive's own. */
export interface Proof {
  readonly proof: 'mark' | 'comparison';
  /** The object itself, where this process could open it; its plaintext is what the receipt states. */
  readonly opened?: (OpenedObject & { readonly plaintext: Plaintext }) | undefined;
  /** Otherwise the plaintext as the platform serves it, of the size that the object has. */
  readonly downloaded?: Plaintext | undefined;
  /** What the person who asked for the proof stated. */
  readonly reason?: string | undefined;
}

/**
 * The receipt of an object whose own attempt was interrupted before it wrote one. Of a body that this process cannot open it states
 * the size alone: no hash and no checksum of bytes that may have been exchanged are signed. Returns its key.
 */
export async function issueCompletedReceipt(
  issuer: Issuer,
  standing: Standing,
  { proof, opened, downloaded, reason }: Proof,
  budget: Budget,
): Promise<string> {
  const { ids, stat, at } = standing;
  const plaintext = opened?.plaintext ?? downloaded;
  const from = downloaded === undefined ? 'unknown' : 'second-download';
  const { key, size: bytes } = stat;
  const facts = objectFacts(issuer, stat, { format: formatOf(stat), ...wrapOf(stat, undefined) }, at);
  const { key: _key, store: location } = facts.object;
  return put(
    issuer,
    { ids, key, stat },
    {
      ...opening(issuer, 'completed', standing),
      ...present({ reason: reason === undefined ? undefined : printable(reason) }),
      ...statePredecessor(standing),
      completion: { proof, plaintext: opened === undefined ? from : 'decrypted' },
      ...present({ plaintext: plaintext === undefined ? undefined : statePlaintext(plaintext) }),
      ciphertext:
        opened === undefined ? { bytes } : await stateCiphertext(issuer, key, opened.ciphertext, budget),
      ...facts,
      ...(opened === undefined ? { object: { key, store: location } } : {}),
    },
    budget,
  );
}

/**
 * The receipt of an object that nothing proves and nothing signs: it states what can be seen from outside. The ciphertext is hashed
 * where it may be read; a writer without that permission states the size and the store's own checksum. Returns its key.
 */
export async function adoptReceipt(
  issuer: Omit<Issuer, 'signer'>,
  { ids, stat, at }: Standing,
  budget: Budget,
): Promise<string> {
  const seen = await hashObject(issuer.store, stat.key, budget);
  const receipt: Receipt = {
    ...opening(issuer, 'adopted', { ids, at }),
    ciphertext:
      seen === undefined
        ? { bytes: stat.size }
        : await stateCiphertext({ store: issuer.store }, stat.key, seen, budget),
    ...objectFacts(issuer, stat, { format: formatOf(stat), ...wrapOf(stat, undefined) }, at),
  };
  return put({ ...issuer, signer: undefined }, { ids, key: stat.key, stat }, receipt, budget);
}

/** The receipt of a recording that will never be available. It states the key that it speaks for, so that it cannot stand for another. */
export async function issueTerminalReceipt(
  issuer: Issuer,
  { ids, key, at, reason }: Filing & { readonly reason: string },
  budget: Budget,
): Promise<string> {
  const object = { key, store: locationOf(issuer.store) };
  return put(
    issuer,
    { ids, key, stat: undefined },
    { ...opening(issuer, 'terminal', { ids, at }), reason: printable(reason), object },
    budget,
  );
}

function statePredecessor({ succeeds }: Pick<Filing, 'succeeds'>): Pick<Receipt, 'predecessor' | 'reason'> {
  if (succeeds === undefined) return {};
  return { predecessor: succeeds.predecessor, reason: printable(succeeds.reason) };
}

function opening(
  issuer: Omit<Issuer, 'signer'>,
  kind: Receipt['kind'],
  { ids, at }: Pick<Filing, 'ids' | 'at'>,
) {
  const { organizationId, clock } = issuer;
  const { conversationId: conversation, recordingId: recording, channel } = ids;
  return {
    schema: RECEIPT_SCHEMA,
    kind,
    ids: {
      ...present({ organization: organizationId }),
      conversation,
      recording,
      ...present({ channel }),
    },
    times: { recorded: iso(at), issued: iso(clock.now()) },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  } as const;
}

function objectFacts(
  { store, clock }: Pick<Issuer, 'store' | 'clock'>,
  stat: ObjectStat,
  envelope: Omit<NonNullable<Receipt['envelope']>, 'metadataSha256' | 'wrapSha256'>,
  at: number,
) {
  const { key, versionId, etag, checksum, lastModified, metadata } = stat;
  const wrapSha256 = statedWrap({ metadata });
  return {
    object: {
      key,
      store: locationOf(store),
      ...present({ versionId, etag: etag === undefined ? undefined : printable(etag), checksum }),
    },
    envelope: {
      ...envelope,
      metadataSha256: hashMetadata(stat),
      ...present({ wrapSha256 }),
    },
    times: { recorded: iso(at), stored: iso(lastModified), issued: iso(clock.now()) },
  };
}

async function put(
  issuer: Issuer,
  subject: ReceiptSubject,
  receipt: Receipt,
  budget: Budget,
): Promise<string> {
  const key = receiptKey(subject.key);
  const bytes = await formatReceipt(receipt, issuer.signer, budget);
  if ((await putSmall(issuer.store, key, bytes, budget)) === 'stored') return key;
  // an attempt that was faster has written its own, or a stranger something else: the first stays, and must be one of ours
  if (await hasOwnReceipt(issuer, subject, budget)) return key;
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} was refused as existing and then not found`);
}

const statePlaintext = ({ bytes, sha256 }: Plaintext) => ({ bytes, sha256: sha256.toString('hex') });

const locationOf = ({ location }: ObjectStore) => location.slice(0, 1024);

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
