/*
 * OpenPGP (RFC 9580). An export whose integration names a public key is said to be encrypted with it; nothing in its names tells, so the
 * bytes have to.
 */

/** Public-key encrypted session key, symmetric-key encrypted session key, encrypted data, integrity protected data. */
const ENCRYPTED_TAGS: ReadonlySet<number> = new Set([1, 3, 9, 18]);

/** Of packets that begin with a version, which versions there are. */
const VERSIONS: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [2, 3, 6]],
  [3, [4, 5, 6]],
  [18, [1, 2]],
]);

/** Reports whether a file begins as an encrypted OpenPGP message does, in armor or in binary. */
export function isOpenPgp(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1').trimStart();
  if (text.startsWith('-----BEGIN PGP MESSAGE')) return true;
  const [first = 0] = head;
  if ((first & 0x80) === 0) return false;
  const isNewFormat = (first & 0x40) !== 0;
  const tag = isNewFormat ? first & 0x3f : (first >> 2) & 0x0f;
  if (!ENCRYPTED_TAGS.has(tag)) return false;
  const bodyAt = isNewFormat ? newFormatBody(head) : oldFormatBody(first);
  const versions = VERSIONS.get(tag);
  if (bodyAt === undefined) return false;
  if (versions === undefined) return true;
  const version = head[bodyAt];
  return version !== undefined && versions.includes(version);
}

/** Offset of a packet's body, after its length (section 4.2.1). */
function newFormatBody(head: Uint8Array): number | undefined {
  const length = head[1];
  if (length === undefined) return undefined;
  if (length < 192) return 2;
  if (length < 224) return 3;
  return length === 255 ? 6 : 2;
}

/** The same for packets of the legacy format (section 4.2.2). */
function oldFormatBody(first: number): number {
  return [2, 3, 5, 1][first & 0x03] ?? 2;
}
