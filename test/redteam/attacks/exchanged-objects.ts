import { idempotencyMetadata } from '../../../src/record/identity.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import type { Attack, Kind, Wrap } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';

const buckets = sharedBuckets();
const ALL: readonly Wrap[] = ['static', 'aes', 'rsa'];
const MAY = 'puts, copies and deletes any object of the bucket; has neither the signing key nor a data key';

function attack(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  outcome: { readonly verify: string; readonly restore: string },
): Attack {
  return {
    name,
    may: MAY,
    under: ALL,
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return { verify: await bucket.verify(), restore: await bucket.restore() };
    },
  };
}

export const exchangedObjects: Kind = {
  title: 'objects exchanged with others',
  close: () => buckets.close(),
  attacks: [
    attack(
      'exchanges two objects with their metadata',
      async (bucket) => {
        const { a, b } = bucket.keys;
        const [one, other] = [await bucket.get(a), await bucket.get(b)];
        await bucket.put(a, other);
        await bucket.put(b, one);
      },
      { verify: '5: swapped', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts another recording in the place of one, under its hash of ids',
      async (bucket) => {
        const other = await bucket.get(bucket.keys.b);
        const metadata = { ...other.metadata, ...idempotencyMetadata(bucket.ids.a) };
        await bucket.put(bucket.keys.a, { ...other, metadata });
      },
      { verify: '5: checksum', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts object and receipt of another recording in the place of one',
      async (bucket) => {
        const { a, b } = bucket.keys;
        await bucket.copy(b, a);
        await bucket.copy(receiptKey(b), receiptKey(a));
      },
      { verify: '5: swapped', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts back the object of an earlier attempt at the same recording',
      (bucket) => bucket.put(bucket.keys.a, bucket.earlier.a),
      { verify: '5: checksum', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts the bytes of another recording under the metadata of one',
      async (bucket) => {
        const { body } = await bucket.get(bucket.keys.b);
        await bucket.change(bucket.keys.a, () => ({ body }));
      },
      { verify: '5: checksum', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'flips one bit in the middle of a recording',
      (bucket) =>
        bucket.change(bucket.keys.a, ({ body }) => {
          const changed = Buffer.from(body);
          changed.writeUInt8(changed.readUInt8(10_000) ^ 1, 10_000);
          return { body: changed };
        }),
      { verify: '5: checksum', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'cuts the end of a recording off',
      (bucket) => bucket.change(bucket.keys.a, ({ body }) => ({ body: body.subarray(0, 15_000) })),
      { verify: '5: size', restore: 'RECEIPT_MISMATCH' },
    ),
  ],
};
