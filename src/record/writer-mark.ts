/** The writer's mark: what tells an object of this archive from one of another writer (`docs/format.md`, section 13). */
import { createHash, verify } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { RecordingIds } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalJson } from './canonical-json.ts';
import { hashMetadata, statedWrap } from './identity.ts';
import { isRevoked, publicKeyOf, type ReceiptKeys } from './receipt/keys.ts';
import type { ReceiptSigner } from './receipt/receipt.ts';

/** Of the user metadata of an object: `v1.{keyId}.{base64url of the signature}`. */
export const MARK = 'gca-mark';

/** No receipt, and nothing else that the same key signs, begins with this line. */
const DOMAIN = 'genesys-media-archive/mark/v1\n';

/** Version, key id, 64 bytes in base64url: a mark has 106 characters, and its name 8. */
const FORM = /^v1\.([0-9a-f]{16})\.([A-Za-z0-9_-]{86})$/;

/** What kind of object is marked. The key says it too; the mark holds in a layout that does not. */
export type MarkedKind = 'media' | 'context' | 'transcript';

/** Everything that a mark binds: an object with another key, other ids, metadata or wrap needs another mark. */
export interface Marked {
  readonly kind: MarkedKind;
  readonly key: string;
  readonly ids: RecordingIds;
  readonly organizationId: string | undefined;
  /** All user metadata of the object; {@link MARK} itself is left out. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Signs the mark of an object that is about to be written.
 *
 * @returns the user metadata to add; none without a signer.
 * @throws what the signer throws.
 */
export async function markMetadata(
  signer: ReceiptSigner | undefined,
  marked: Marked,
  budget?: Budget,
): Promise<Readonly<Record<string, string>>> {
  if (signer === undefined) return {};
  const signature = await signer.sign(markStatement(marked), budget);
  return { [MARK]: `v1.${signer.keyId}.${Buffer.from(signature).toString('base64url')}` };
}

export type MarkVerdict = 'valid' | 'absent' | 'malformed' | 'unknown-key' | 'revoked-key' | 'invalid';

/**
 * Checks the mark of an object against what the caller knows of it: key and ids come from what was asked for, never from the object.
 *
 * @param keys by their `signingKeyId`.
 */
export function checkMark(marked: Marked, keys: ReceiptKeys): MarkVerdict {
  const mark = marked.metadata[MARK];
  if (mark === undefined) return 'absent';
  const [, keyId = '', encoded = ''] = FORM.exec(mark) ?? [];
  const signature = Buffer.from(encoded, 'base64url');
  // one spelling only: the last character has bits that decoding drops
  if (signature.length !== 64 || signature.toString('base64url') !== encoded) return 'malformed';
  const key = keys.get(keyId);
  if (key === undefined) return 'unknown-key';
  // a mark states no time: it may have been made when the key was stolen already
  if (isRevoked(key)) return 'revoked-key';
  return verify(null, markStatement(marked), publicKeyOf(key), signature) ? 'valid' : 'invalid';
}

/** Of the user metadata: which version of the file on the media host the object holds, for a writer that cannot open it. */
export const SOURCE = 'gca-source';

/**
 * Returns the user metadata that name the version of a download by its ETag: 22 characters of base64url of its SHA-256. None for a
 * weak ETag, which does not say that two downloads are the same byte for byte (RFC 9110, section 8.8.1).
 */
export function sourceMetadata(etag: string | undefined): Readonly<Record<string, string>> {
  if (etag === undefined || !etag.startsWith('"')) return {};
  return { [SOURCE]: createHash('sha256').update(etag).digest('base64url').slice(0, 22) };
}

/** Reports whether a download is of the version that an object holds, as far as ETags tell: true where the object states none. */
export function isOfSource(
  metadata: Readonly<Record<string, string>>,
  { etag }: { readonly etag: string | undefined },
): boolean {
  const stated = metadata[SOURCE];
  return stated === undefined || stated === sourceMetadata(etag)[SOURCE];
}

/** Returns the bytes that are signed. */
export function markStatement({ kind, key, ids, organizationId, metadata }: Marked): Buffer {
  const { [MARK]: _mark, ...others } = metadata;
  const { conversationId: conversation, recordingId: recording, channel } = ids;
  const wrapSha256 = statedWrap({ metadata: others });
  const statement = canonicalJson({
    kind,
    key,
    ids: {
      ...present({ organization: organizationId }),
      conversation,
      recording,
      ...present({ channel }),
    },
    metadataSha256: hashMetadata({ metadata: others }),
    ...present({ wrapSha256 }),
  });
  return Buffer.from(`${DOMAIN}${statement}`, 'utf8');
}
