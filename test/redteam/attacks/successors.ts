import { generateKeyPairSync } from 'node:crypto';
import { receiptKey } from '../../../src/record/object-key.ts';
import { parseReceipt } from '../../../src/record/receipt/schema.ts';
import { createReceiptSigner, formatReceipt } from '../../../src/record/receipt/receipt.ts';
import { keyOfVersion } from '../../../src/record/versions.ts';
import { MARK } from '../../../src/record/writer-mark.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';

const buckets = sharedBuckets();
const MAY =
  'puts, copies and deletes any object of the bucket; has neither the signing key nor a data key, and wants readers to take an object of theirs for the current version of a recording';
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);

const successorOf = (bucket: HostileBucket) => keyOfVersion(bucket.keys.a, 2);

/** A receipt like that of the recording, changed, under the key of the successor. */
async function forge(bucket: HostileBucket, receiptOf: 'a' | 'b', isSigned: boolean): Promise<void> {
  const key = successorOf(bucket);
  const { body, metadata } = await bucket.get(receiptKey(bucket.keys[receiptOf]));
  const { signature: _, ...receipt } = parseReceipt(body.toString('utf8'), 'the receipt');
  const forged = {
    ...receipt,
    ...(receipt.object === undefined ? {} : { object: { ...receipt.object, key } }),
    predecessor: { key: bucket.keys.a },
    reason: 'the source has changed',
  };
  const bytes = await formatReceipt(forged, isSigned ? stranger : undefined);
  await bucket.put(receiptKey(key), { body: bytes, metadata });
}

/** The recording is handed out as it was, and the object that was planted is found. */
function attack(name: string, does: (bucket: HostileBucket) => Promise<void>, finding: string): Attack {
  return {
    name,
    may: MAY,
    under: ['static', 'aes', 'rsa'],
    outcome: { restore: 'its own', verify: finding, deliver: 'found' },
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return {
        restore: await bucket.restore('a'),
        verify: await bucket.verify(successorOf(bucket)),
        deliver: await bucket.deliver('a'),
      };
    },
  };
}

export const successors: Kind = {
  title: 'objects that are to pass for a newer version',
  close: () => buckets.close(),
  attacks: [
    attack(
      'puts another recording beside one as its successor',
      async (bucket) => bucket.put(successorOf(bucket), await bucket.get(bucket.keys.b)),
      '5: missing-receipt',
    ),
    attack(
      'puts a copy of a recording without its mark beside it as its successor',
      async (bucket) => {
        const { body, metadata } = await bucket.get(bucket.keys.a);
        const { [MARK]: _mark, ...others } = metadata;
        await bucket.put(successorOf(bucket), { body, metadata: others });
      },
      '5: missing-receipt',
    ),
    attack(
      'puts another recording beside one with a receipt of a successor without a signature',
      async (bucket) => {
        await bucket.put(successorOf(bucket), await bucket.get(bucket.keys.b));
        await forge(bucket, 'b', false);
      },
      '5: unsigned',
    ),
    attack(
      'signs the receipt of a successor with a key of their own',
      async (bucket) => {
        await bucket.put(successorOf(bucket), await bucket.get(bucket.keys.a));
        await forge(bucket, 'a', true);
      },
      '5: unknown-key',
    ),
    attack(
      'puts a recording and its genuine receipt under the name of its successor',
      async (bucket) => {
        await bucket.copy(bucket.keys.a, successorOf(bucket));
        await bucket.copy(receiptKey(bucket.keys.a), receiptKey(successorOf(bucket)));
      },
      '5: swapped',
    ),
    attack(
      'puts the receipt of a successor there without an object',
      async (bucket) => forge(bucket, 'a', false),
      '5: unsigned',
    ),
  ],
};
