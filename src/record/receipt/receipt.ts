import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { canonicalJson, type Json } from '../canonical-json.ts';
import type { Erasure } from '../erasure.ts';
import { judgeTime, publicKeyOf, type ReceiptKeys } from './keys.ts';
import type { Receipt, SignedReceipt } from './schema.ts';

/** Signs receipts and the marks of objects (Ed25519). */
export interface ReceiptSigner {
  /** The {@link signingKeyId} of `publicKey`. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** The longest message that it signs; absent where there is no limit. */
  readonly maxMessageBytes?: number;
  /** Returns the 64 bytes of the signature. A key that is kept by a service may have to be asked for it. */
  sign(bytes: Uint8Array, budget?: Budget): Promise<Uint8Array>;
}

/** @throws `CONFIG_INVALID` when the key is not an Ed25519 private key. */
export function createReceiptSigner(privateKey: KeyObject): ReceiptSigner {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'ed25519') {
    throw new ArchiveError('CONFIG_INVALID', 'the signing key is not an Ed25519 private key');
  }
  const publicKey = createPublicKey(privateKey);
  const keyId = signingKeyId(publicKey);
  return { keyId, publicKey, sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey)) };
}

/** The name a public key goes by in receipts. */
export function signingKeyId(publicKey: KeyObject): string {
  // SubjectPublicKeyInfo of Ed25519 is a fixed 12-byte header before the 32 bytes of the key (RFC 8410, section 4)
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(12);
  return createHash('sha256').update(raw).digest('hex').slice(0, 16);
}

/** The bytes of a receipt as they are stored: canonical JSON with its signature as one more member, and a line feed. */
export function formatReceipt(
  receipt: Receipt,
  signer: ReceiptSigner | undefined,
  budget?: Budget,
): Promise<Buffer> {
  return formatSigned(receipt, signer, budget);
}

/** The same of another statement: the amendment of a wrap. */
export async function formatSigned(
  statement: object,
  signer: ReceiptSigner | undefined,
  budget?: Budget,
): Promise<Buffer> {
  const body = asJson(statement);
  if (signer === undefined) return Buffer.from(`${canonicalJson(body)}\n`, 'utf8');
  const signed = await signer.sign(Buffer.from(canonicalJson(body), 'utf8'), budget);
  const signature = {
    algorithm: 'Ed25519',
    keyId: signer.keyId,
    value: Buffer.from(signed).toString('base64'),
  };
  return Buffer.from(`${canonicalJson({ ...body, signature })}\n`, 'utf8');
}

export type SignatureVerdict =
  | 'valid'
  | 'unsigned'
  | 'unknown-key'
  | 'invalid'
  /** The signature fits, and the key was revoked by the time that the receipt states. */
  | 'revoked'
  /** The signature fits, and the key was not in use yet, or not any more. */
  | 'outside-validity'
  /** Of `checkStoredSignature`: the store got it when the key was not believed any more. */
  | 'stored-too-late';

/** A receipt, or another statement that is signed like one, and says when. */
export type SignedStatement =
  | SignedReceipt
  | Erasure
  | (Pick<SignedReceipt, 'signature'> & { readonly times: Pick<SignedReceipt['times'], 'issued'> });

/** Bytes of an Ed25519 signature. */
const SIGNATURE_LENGTH = 64;

/**
 * Checks the signature of a receipt, or of another statement that is signed like one. Accepts one spelling of it only: decoding drops
 * stray bits, white space and padding, so that other texts would pass as well.
 *
 * @param keys by their {@link signingKeyId}.
 */
export function checkSignature(statement: SignedStatement, keys: ReceiptKeys): SignatureVerdict {
  const { signature, ...rest } = statement;
  if (signature === undefined) return 'unsigned';
  const key = keys.get(signature.keyId);
  if (key === undefined) return 'unknown-key';
  const bytes = Buffer.from(canonicalJson(asJson(rest)), 'utf8');
  const value = Buffer.from(signature.value, 'base64');
  if (value.length !== SIGNATURE_LENGTH || value.toString('base64') !== signature.value) return 'invalid';
  if (!verify(null, bytes, publicKeyOf(key), value)) return 'invalid';
  return judgeTime(key, Date.parse('times' in statement ? statement.times.issued : statement.at));
}

/** Interfaces have no index signature, so TypeScript cannot see that a receipt is JSON; its type holds nothing else. */
function asJson(receipt: object): { readonly [name: string]: Json | undefined } {
  return receipt as { readonly [name: string]: Json | undefined };
}
