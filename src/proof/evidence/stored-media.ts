/** A recording in a package as it is stored: encrypted, with its metadata, and with the list of its leaves where that is an object of its own. */
import type { Budget } from '../../clock.ts';
import type { CheckedObject } from '../../audit/open-checked.ts';
import { compareDigests, leafBytesOf } from '../../audit/verify-body.ts';
import type { ObjectStore } from '../../ports.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { LeafHasher } from '../../record/leaf-hasher.ts';
import { readLeaves } from '../../record/leaf-list.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import type { PackageFile } from './package-file.ts';

export interface StoredMedia {
  readonly opened: CheckedObject;
  /** As it stands in the package. */
  readonly receipt: SignedReceipt;
  /** Of its files in the package. */
  readonly name: string;
}

/** Puts it, held to what the receipt states of each piece. @param find is told what it is not. */
export async function putStored(
  store: ObjectStore,
  { opened, receipt, name }: StoredMedia,
  {
    put,
    find,
  }: { readonly put: (file: PackageFile) => Promise<void>; readonly find: (problem: string) => void },
  budget: Budget,
): Promise<void> {
  const { stat } = opened;
  const { ciphertext } = receipt;
  const leaves = ciphertext && (await readLeaves(store, stat.key, ciphertext, budget));
  const hasher = LeafHasher.full(leafBytesOf(stat, receipt));
  const { body } = await store.get(stat.key, budget);
  await put({ name: `media/${name}.enc`, body: hashing(body, hasher) });
  await put({
    name: `media/${name}.enc.metadata.json`,
    body: Buffer.from(`${canonicalJson(stat.metadata)}\n`),
  });
  if (ciphertext?.leavesSha256 !== undefined && Array.isArray(leaves))
    await put({
      name: `receipts/${name}.leaves`,
      body: Buffer.from(leaves.map((leaf: string) => `${leaf}\n`).join('')),
    });
  const [problem] = compareDigests(stat, hasher.finish(), receipt, leaves);
  if (problem !== undefined) find(`the object is not the one that the receipt describes: ${problem.message}`);
}

async function* hashing(
  body: AsyncIterable<Uint8Array>,
  hasher: LeafHasher,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    hasher.update(chunk);
    yield chunk;
  }
}
