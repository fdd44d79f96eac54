/** Holds a recording in an evidence package to the receipt that describes it, as `verify-proof.sh` does. */
import { LeafHasher } from '../../record/leaf-hasher.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';

/** What is read of a package. */
export interface MediaFiles {
  /** SHA-256 in hex, by name. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly text: (name: string) => Promise<string | undefined>;
  readonly stream: (name: string) => AsyncIterable<Uint8Array>;
}

export type MediaVerdict =
  | { readonly state: 'same' }
  /** The receipt states no hash of it. */
  | { readonly state: 'unstated' }
  | { readonly state: 'other'; readonly problem: string };

const OTHER: MediaVerdict = { state: 'other', problem: 'not the recording that the receipt describes' };

/** @param media name of the file; `….enc` as it is stored, anything else decrypted. */
export async function checkMedia(
  files: MediaFiles,
  media: string,
  receipt: SignedReceipt,
): Promise<MediaVerdict> {
  const isStored = media.endsWith('.enc');
  const { ciphertext, plaintext } = receipt;
  const whole = isStored ? ciphertext?.sha256 : plaintext?.sha256;
  if (whole !== undefined) return whole === files.hashes.get(media) ? { state: 'same' } : OTHER;
  return isStored ? checkPieces(files, media, ciphertext) : { state: 'unstated' };
}

/** Of a recording of several pieces the receipt has the hash of each, or of their list, and none of the whole. */
async function checkPieces(
  files: MediaFiles,
  media: string,
  ciphertext: SignedReceipt['ciphertext'],
): Promise<MediaVerdict> {
  const { bytes, leafBytes, leavesSha256 } = ciphertext ?? {};
  if (leafBytes === undefined) return { state: 'unstated' };
  const list = `receipts/${media.slice('media/'.length, -'.enc'.length)}.leaves`;
  if (leavesSha256 !== undefined && files.hashes.get(list) !== leavesSha256)
    return { state: 'other', problem: `${list} is not there, or not the list that the receipt states` };
  const leaves =
    leavesSha256 === undefined ? ciphertext?.leaves : (await files.text(list))?.split('\n').slice(0, -1);
  if (leaves === undefined || bytes === undefined) return { state: 'unstated' };
  if (leaves.length !== Math.max(1, Math.ceil(bytes / leafBytes))) return OTHER;
  const hasher = LeafHasher.leavesOnly(leafBytes);
  let received = 0;
  for await (const chunk of files.stream(media)) {
    received += chunk.byteLength;
    // what is longer is another one, however it is cut
    if (received > bytes) return OTHER;
    hasher.update(chunk);
  }
  const seen = hasher.finish().leaves.map((leaf) => leaf.toString('hex'));
  return received === bytes && seen.join() === leaves.join() ? { state: 'same' } : OTHER;
}
