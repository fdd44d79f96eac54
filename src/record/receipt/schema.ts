import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import { canonicalJson } from '../canonical-json.ts';

/** Named in every receipt; another version of the schema has another name. */
export const RECEIPT_SCHEMA = 'genesys-media-archive/receipt/v1';

const bytes = z.int().min(0);
const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });

/**
 * Hex digests. `leaves[i]` is SHA-256 of bytes `i · leafBytes` up to `(i + 1) · leafBytes` of the object's body. Where there are
 * many they stand in an object of their own, one a line, and `leavesSha256` is that object's digest.
 */
const ciphertext = z.strictObject({
  bytes,
  sha256: sha256Hex.exactOptional(),
  leafBytes: z.int().min(1).exactOptional(),
  leaves: z.array(sha256Hex).exactOptional(),
  leavesSha256: sha256Hex.exactOptional(),
});

/** Of a receipt, and of other documents that are signed like one. */
export const SIGNATURE = z.strictObject({
  algorithm: z.literal('Ed25519'),
  /** The first 16 hex digits of SHA-256 over the raw 32-byte public key. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  value: base64,
});

const receipt = z.strictObject({
  schema: z.literal(RECEIPT_SCHEMA),
  /**
   * `archived`: written by the attempt that stored the object. `adopted`: the object stood there already without a receipt (an
   * attempt was interrupted, or the object is older than receipts), so that only what can be seen of it is stated. `completed`: the
   * object carries the mark of an attempt of this archive that was interrupted before its receipt; `completion` says what is known of
   * it. `terminal`: the platform says that this recording will never be available; there is no object.
   */
  kind: z.enum(['archived', 'adopted', 'completed', 'terminal']),
  ids: z.strictObject({
    organization: text.exactOptional(),
    conversation: text,
    recording: text,
    channel: text.exactOptional(),
  }),
  /** Why there is nothing to archive, with `terminal`; why it was proved or archived again, with others. */
  reason: text.exactOptional(),
  /** Of a successor: the object that it takes the place of, and the SHA-256 of that one's receipt, where it had one. */
  predecessor: z.strictObject({ key: text, receiptSha256: sha256Hex.exactOptional() }).exactOptional(),
  source: z
    .strictObject({
      contentType: text.exactOptional(),
      contentLength: bytes.exactOptional(),
      etag: text.exactOptional(),
      /** What proved that the download was whole, where it was anything but the host's or the file's own length alone. */
      length: z.enum(['framing', 'container', 'second-download', 'framing+second-download']).exactOptional(),
      /** How often the connection was resumed, and how often the download was started over. */
      resumes: z.int().min(0),
      restarts: z.int().min(0),
    })
    .exactOptional(),
  /**
   * With `completed` only. `proof`: the writer's mark in the object's metadata, or a comparison of the decrypted object with a new
   * download. `plaintext`: where the plaintext's hash is from; `unknown` where it is left out.
   */
  completion: z
    .strictObject({
      proof: z.enum(['mark', 'comparison']),
      plaintext: z.enum(['decrypted', 'second-download', 'unknown']),
    })
    .exactOptional(),
  plaintext: z.strictObject({ bytes, sha256: sha256Hex }).exactOptional(),
  ciphertext: ciphertext.exactOptional(),
  object: z
    .strictObject({
      key: text,
      store: text,
      versionId: text.exactOptional(),
      etag: text.exactOptional(),
      /** As the store keeps it: `full` over the object, `composite` over the digests of its parts, with `-` and their number. */
      checksum: z.strictObject({ type: z.enum(['full', 'composite']), sha256: text }).exactOptional(),
    })
    .exactOptional(),
  /** `metadataSha256` is over the canonical JSON of the object's user metadata, less the members that wrap the data key. */
  envelope: z
    .strictObject({
      format: text,
      metadataSha256: sha256Hex,
      /** Over the canonical JSON of the members that wrap the data key; absent where the format has none. A rewrap amends it. */
      wrapSha256: sha256Hex.exactOptional(),
      /** How the data key was wrapped, and under which key, when the receipt was issued; a rewrap changes both. */
      wrap: z.enum(['kms+context', 'AES/GCM', 'RSA-OAEP-SHA1']).exactOptional(),
      keyId: text.exactOptional(),
    })
    .exactOptional(),
  times: z.strictObject({
    /** Of the recording, as it was filed. */
    recorded: time,
    /** Of the object, as the store states it. */
    stored: time.exactOptional(),
    issued: time,
  }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

export type SignedReceipt = z.output<typeof receipt>;
export type Receipt = Omit<SignedReceipt, 'signature'>;
export type CiphertextFacts = z.output<typeof ciphertext>;

/** Bytes. With 1,024 leaves, the most that are usually written into one, it has about 72 KB; any list that a valid object has fits. */
export const MAX_RECEIPT_BYTES = 1024 * 1024;

/**
 * @param key where the receipt stands, for the message.
 * @throws `OBJECT_MALFORMED` (not retryable) when it is no receipt of this version; says which member, not what it holds.
 */
export function parseReceipt(json: string, key: string): SignedReceipt {
  const result = z.safeParse(receipt, parseForeignJson(json));
  // one form only: a member that appears twice, or a different order, is not what was signed
  if (result.success && `${canonicalJson(result.data)}\n` === json) return result.data;
  const where = result.error?.issues[0]?.path.join('.') ?? '';
  throw new ArchiveError(
    'OBJECT_MALFORMED',
    `${key} is not a receipt${where === '' ? '' : `: see ${where}`}`,
  );
}

/** JSON Schema (draft 2020-12) of a receipt, for `docs/`. */
export function receiptJsonSchema(): unknown {
  return z.toJSONSchema(receipt);
}
