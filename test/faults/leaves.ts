import { createHash } from 'node:crypto';
import type { CiphertextFacts } from '../../src/record/receipt/schema.ts';

/** Are these the hashes of the pieces of `body`, all of them and in their order? */
export function hasLeaves(stated: CiphertextFacts | undefined, body: Buffer): boolean {
  const { leafBytes, leaves } = stated ?? {};
  if (leafBytes === undefined || leaves === undefined) return false;
  const wanted: string[] = [];
  for (let at = 0; at === 0 || at < body.length; at += leafBytes) {
    wanted.push(
      createHash('sha256')
        .update(body.subarray(at, at + leafBytes))
        .digest('hex'),
    );
  }
  return leaves.length === wanted.length && wanted.every((leaf, index) => leaf === leaves[index]);
}
