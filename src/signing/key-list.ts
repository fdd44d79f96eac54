/** Lists of public keys with the times that each of them counts (`docs/keys.md`): JSON that people keep, and that programs extend. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import type { DatedKey, KeyLimits } from '../record/receipt/keys.ts';
import { signingKeyId } from '../record/receipt/receipt.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';

/** Bytes; a thousand keys with comments have half of it. */
export const MAX_KEY_LIST_BYTES = 1024 * 1024;

const time = z.iso.datetime({ error: 'is not a time such as 2026-11-28T00:00:00Z' });

const keyList = z.strictObject({
  version: z.literal(1, { error: 'is not 1' }),
  keys: z
    .array(
      z.strictObject({
        keyId: z.string().regex(/^[0-9a-f]{16}$/, 'is not 16 hexadecimal digits in lower case'),
        /** PEM, or its base64 alone. */
        publicKey: z.string().max(1024),
        validFrom: time.exactOptional(),
        validUntil: time.exactOptional(),
        revokedAt: time.exactOptional(),
        storedBy: time.exactOptional(),
        comment: z.string().max(1024).exactOptional(),
      }),
    )
    .min(1, 'names no key'),
});

export type KeyList = z.output<typeof keyList>;
export type ListedKey = KeyList['keys'][number];

/** Reports whether a text is meant to be a list: PEM begins with dashes. */
export function looksLikeKeyList(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/**
 * Reads a list.
 *
 * @param what where it is from, for messages.
 * @throws `CONFIG_INVALID` (not retryable) with what is wrong and where; no text of the list is repeated.
 */
export function parseKeyList(text: string, what: string): KeyList {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(`${what} is not JSON`);
  }
  const result = z.safeParse(keyList, json);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.map(String).join('.') || 'the whole';
    const unknown = issue?.code === 'unrecognized_keys' ? 'has members that no list has' : undefined;
    throw invalid(`${what}: ${where} ${unknown ?? describeIssue(issue?.message)}`);
  }
  const seen = new Set<string>();
  for (const [index, key] of result.data.keys.entries()) {
    const where = `${what}: keys.${index}`;
    if (seen.has(key.keyId)) throw invalid(`${where} is a key that the list has already`);
    seen.add(key.keyId);
    if (signingKeyId(parsePublicKey(key.publicKey, `${where}.publicKey`)) !== key.keyId) {
      throw invalid(`${where}.keyId is not the id of its publicKey`);
    }
    if (
      key.validFrom !== undefined &&
      key.validUntil !== undefined &&
      at(key.validUntil) < at(key.validFrom)
    ) {
      throw invalid(`${where}.validUntil is before its validFrom`);
    }
  }
  return result.data;
}

/** The schema's own messages say what a good value is; zod's say which type it is not. */
function describeIssue(message: string | undefined): string {
  return message !== undefined && /^(?:is|names) /.test(message)
    ? message
    : 'is not what a key list has there';
}

/** The text of a list as it is stored: members in a fixed order, a line for each. */
export function formatKeyList({ keys }: KeyList): string {
  return `${JSON.stringify({ version: 1, keys }, undefined, 2)}\n`;
}

/** Returns the keys of a list as receipts are checked with them. */
export function datedKeys({ keys }: KeyList): readonly (readonly [keyId: string, key: DatedKey])[] {
  return keys.map(({ keyId, publicKey, validFrom, validUntil, revokedAt, storedBy }) => [
    keyId,
    {
      publicKey: parsePublicKey(publicKey, keyId),
      ...present({
        validFrom: validFrom === undefined ? undefined : at(validFrom),
        validUntil: validUntil === undefined ? undefined : at(validUntil),
        revokedAt: revokedAt === undefined ? undefined : at(revokedAt),
        storedBy: storedBy === undefined ? undefined : at(storedBy),
      }),
    },
  ]);
}

/** Of a key that several sources name, every limit holds: a PEM file beside a list does not lift a revocation. */
export function mergeKeys(one: DatedKey, other: DatedKey): DatedKey {
  const least = (name: keyof KeyLimits) => pick(Math.min, one[name], other[name]);
  const limits = {
    validFrom: pick(Math.max, one.validFrom, other.validFrom),
    validUntil: least('validUntil'),
    revokedAt: least('revokedAt'),
    storedBy: least('storedBy'),
  };
  const known = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  return { publicKey: one.publicKey, ...(Object.fromEntries(known) as KeyLimits) };
}

function pick(
  choose: (one: number, other: number) => number,
  one: number | undefined,
  other: number | undefined,
): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : choose(one, other);
}

/**
 * Reads an Ed25519 public key: PEM, or the base64 of its SubjectPublicKeyInfo.
 *
 * @throws `CONFIG_INVALID` (not retryable) for private keys, other kinds of keys, and what is no key.
 */
export function parsePublicKey(text: string, what: string): KeyObject {
  // createPublicKey would quietly derive the public half, and the private one would stay where it must not be
  if (text.includes('PRIVATE KEY')) throw invalid(`${what} holds a private key`);
  let key: KeyObject;
  try {
    key = /^[A-Za-z0-9+/]+={0,2}$/.test(text.trim())
      ? createPublicKey({ key: Buffer.from(text.trim(), 'base64'), format: 'der', type: 'spki' })
      : createPublicKey(text);
  } catch {
    throw invalid(`${what} holds no public key in PEM form`);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw invalid(`${what} holds another key than Ed25519`);
  return key;
}

const at = (iso: string) => Date.parse(iso);

function invalid(message: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', message, {
    hint: 'docs/keys.md says what a key list looks like; `genesys-archive keys receipts` makes and extends one',
  });
}
