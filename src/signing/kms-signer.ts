/** Signatures of a key that never leaves AWS KMS: no process of the archive ever holds it. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { GetPublicKeyCommand, SignCommand } from '@aws-sdk/client-kms';
import { type Budget, type Clock, unlimited } from '../clock.ts';
import { type ReceiptSigner, signingKeyId } from '../record/receipt/receipt.ts';
import { assertAbout, connectKms, incomplete, type KmsClientOptions } from '../envelope/kms/client.ts';
import { SIGNING_KEY_HINT } from '../envelope/kms/errors.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** Bytes of a message that is signed as it is. https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
export const MAX_KMS_MESSAGE_BYTES = 4096;

/**
 * Pure Ed25519 (RFC 8032), as every verifier knows it. `ED25519_PH_SHA_512` is another algorithm, which `openssl pkeyutl` and
 * the readers of receipts do not take.
 */
const ALGORITHM = { SigningAlgorithm: 'ED25519_SHA_512', MessageType: 'RAW' } as const;

/** What a SubjectPublicKeyInfo of Ed25519 begins with, the OID 1.3.101.112 in it; 32 bytes of key follow (RFC 8410, section 4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export interface KmsSignerOptions extends KmsClientOptions {
  /** Key id, key ARN, alias name or alias ARN. An ARN also names the region. */
  readonly keyId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens a signer whose key is a KMS key of the spec `ECC_NIST_EDWARDS25519`. Its public key is asked for once; an alias is followed
 * then, and not again. Needs `kms:GetPublicKey` and `kms:Sign`. Makes no request before it is called.
 *
 * The function, and the signer that it gives, throw `KMS_THROTTLED`, `KMS_UNAVAILABLE`, `OUT_OF_TIME` (retryable); `KMS_DENIED`,
 * `KMS_KEY_UNUSABLE`, `CONFIG_INVALID` (not). No signature leaves it that the public key does not verify.
 */
export function openKmsSigner(options: KmsSignerOptions): (budget: Budget) => Promise<ReceiptSigner> {
  const { client, call } = connectKms(options);
  let known: ReceiptSigner | undefined;

  const sign = async (
    key: { readonly keyId: string; readonly publicKey: KeyObject },
    bytes: Uint8Array,
    budget: Budget,
  ) => {
    if (bytes.length > MAX_KMS_MESSAGE_BYTES) {
      throw new ArchiveError(
        'CONFIG_INVALID',
        `the message to sign has ${bytes.length} bytes, and KMS signs at most ${MAX_KMS_MESSAGE_BYTES}`,
        {
          hint: 'shorten the prefix of the store or the layout, or sign with ARCHIVE_SIGNING_KEY_SECRET_ARN',
        },
      );
    }
    const { KeyId, Signature } = await call('Sign', budget, (given) =>
      client.send(new SignCommand({ KeyId: key.keyId, Message: bytes, ...ALGORITHM }), given),
    );
    if (Signature === undefined || KeyId === undefined) throw incomplete('Sign', 'signature');
    assertAbout('Sign', key.keyId, KeyId);
    if (verify(null, bytes, key.publicKey, Signature)) return Signature;
    throw new ArchiveError(
      'KMS_KEY_UNUSABLE',
      'KMS Sign: the signature is not one of the key whose public key KMS gave',
      { hint: 'check the endpoint of KMS that is in force (AWS_ENDPOINT_URL_KMS); nothing was signed' },
    );
  };

  return async (budget) => {
    if (known !== undefined) return known;
    const answer = await call('GetPublicKey', budget, (given) =>
      client.send(new GetPublicKeyCommand({ KeyId: options.keyId }), given),
    );
    const { KeyId, PublicKey, KeyUsage } = answer;
    if (PublicKey === undefined || KeyId === undefined) throw incomplete('GetPublicKey', 'public key');
    assertAbout('GetPublicKey', options.keyId, KeyId);
    const publicKey = readPublicKey(PublicKey, KeyUsage);
    // by the name KMS has for the key itself: an alias may name another one tomorrow
    const key = { keyId: KeyId, publicKey };
    known ??= {
      keyId: signingKeyId(publicKey),
      publicKey,
      maxMessageBytes: MAX_KMS_MESSAGE_BYTES,
      sign: (bytes, budget = unlimited) => sign(key, bytes, budget),
    };
    return known;
  };
}

/** By its bytes, not by the spec that KMS states: emulators have given keys of other kinds under that name. */
function readPublicKey(spki: Uint8Array, usage: string | undefined): KeyObject {
  const der = Buffer.from(spki);
  const isEd25519 = der.length === ED25519_SPKI.length + 32 && der.indexOf(ED25519_SPKI) === 0;
  if (isEd25519 && (usage ?? 'SIGN_VERIFY') === 'SIGN_VERIFY') {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  }
  throw new ArchiveError('KMS_KEY_UNUSABLE', 'KMS GetPublicKey: the key is not an Ed25519 key that signs', {
    hint: SIGNING_KEY_HINT,
  });
}
