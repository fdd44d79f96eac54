import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { unlimited } from '../../../src/clock.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { idempotencyMetadata } from '../../../src/record/identity.ts';
import { contextKey, receiptKey } from '../../../src/record/object-key.ts';
import { createReceiptSigner } from '../../../src/record/receipt/receipt.ts';
import { MARK, markMetadata } from '../../../src/record/writer-mark.ts';
import type { Attack, Kind, Wrap } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';
import { ORGANIZATION, type Stored } from '../make-bucket.ts';

const buckets = sharedBuckets();
const MAY =
  'puts, copies and deletes any object of the bucket and has events delivered again; has neither the signing key nor a data key';
const stranger = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
type Target = 'b' | 'c';

const withoutMark = ({ [MARK]: _mark, ...metadata }: Stored['metadata']) => metadata;

/** Under the target's key, with its hash of ids, and without a receipt. */
async function plant(bucket: HostileBucket, target: Target, stored: Stored): Promise<void> {
  const metadata = { ...stored.metadata, ...idempotencyMetadata(bucket.ids[target]) };
  await bucket.remove(receiptKey(bucket.keys[target]));
  await bucket.put(bucket.keys[target], { ...stored, metadata });
}

/** A delivery, and the cure that its message names, sign for nothing. */
function attack(
  name: string,
  target: Target,
  does: (bucket: HostileBucket) => Promise<void>,
  rest: Partial<Attack> & { readonly again?: string } = {},
): Attack {
  const { again = 'OBJECT_UNPROVEN', ...more } = rest;
  return {
    name,
    may: MAY,
    under: ['static', 'aes', 'rsa'],
    outcome: { deliver: 'OBJECT_UNPROVEN', again, receipt: false, verify: '5: missing-receipt' },
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return {
        deliver: await bucket.deliver(target),
        again: await bucket.again(target),
        receipt: await bucket.hasReceipt(target),
        verify: await bucket.verify(target),
      };
    },
    ...more,
  };
}

async function ownObject({ ids }: HostileBucket, target: Target): Promise<Stored> {
  const sealer = await createStaticEnvelope(randomBytes(32)).seal(ids[target], unlimited);
  const body = Buffer.concat([sealer.update(randomBytes(20_000)), sealer.final()]);
  return { body, metadata: { ...sealer.metadata } };
}

const OPENABLE: readonly Wrap[] = ['static', 'aes'];

export const adoption: Kind = {
  title: 'foreign objects that ask for a signature',
  close: () => buckets.close(),
  attacks: [
    attack('puts one recording under the key of another before its first delivery', 'c', async (bucket) =>
      plant(bucket, 'c', await bucket.get(bucket.keys.a)),
    ),
    attack('puts one recording under the key of another and removes its receipt', 'b', async (bucket) =>
      plant(bucket, 'b', await bucket.get(bucket.keys.a)),
    ),
    attack('puts one recording under the key of another without a mark', 'b', async (bucket) => {
      const { body, metadata } = await bucket.get(bucket.keys.a);
      await plant(bucket, 'b', { body, metadata: withoutMark(metadata) });
    }),
    attack(
      'puts one recording under the key of another with the mark of its own object',
      'b',
      async (bucket) => {
        const [{ body, metadata }, other] = [
          await bucket.get(bucket.keys.a),
          await bucket.get(bucket.keys.b),
        ];
        await plant(bucket, 'b', { body, metadata: { ...metadata, [MARK]: other.metadata[MARK] ?? '' } });
      },
    ),
    attack('puts one recording under the key of another with a mark of their own', 'c', async (bucket) => {
      const { body, metadata } = await bucket.get(bucket.keys.a);
      const [key, ids] = [bucket.keys.c, bucket.ids.c];
      const own = { ...withoutMark(metadata), ...idempotencyMetadata(ids) };
      const marked = { kind: 'media', key, ids, organizationId: ORGANIZATION, metadata: own } as const;
      await plant(bucket, 'c', { body, metadata: { ...own, ...(await markMetadata(stranger, marked)) } });
    }),
    attack(
      'puts an object that they have encrypted themselves under a key that is free',
      'c',
      async (bucket) => plant(bucket, 'c', await ownObject(bucket, 'c')),
    ),
    attack(
      'exchanges the bytes of an object whose mark is genuine and removes its receipt',
      'b',
      async (bucket) => {
        const [{ body }, { metadata }] = [await bucket.get(bucket.keys.a), await bucket.get(bucket.keys.b)];
        await plant(bucket, 'b', { body, metadata });
      },
      { under: OPENABLE },
    ),
    {
      name: 'exchanges the bytes of an object whose writer cannot open it and removes its receipt',
      may: MAY,
      under: ['rsa'],
      // nothing is signed of the bytes: a delivery goes through, and decryption tells
      outcome: { deliver: 'found', verify: '5: decrypt-failed', restore: 'DECRYPT_FAILED' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const [{ body }, { metadata }] = [await bucket.get(bucket.keys.a), await bucket.get(bucket.keys.b)];
        await plant(bucket, 'b', { body, metadata });
        return {
          deliver: await bucket.deliver('b'),
          verify: await bucket.verify('b'),
          restore: await bucket.restore('b'),
        };
      },
    },
    attack('puts what was stored as the context of a call in the place of the call', 'c', async (bucket) => {
      const { body, metadata } = await bucket.get(bucket.keys.a);
      const [key, ids] = [contextKey(bucket.keys.c), bucket.ids.c];
      const marked = { kind: 'context', key, ids, organizationId: ORGANIZATION, metadata } as const;
      await plant(bucket, 'c', {
        body,
        metadata: { ...metadata, ...(await markMetadata(stranger, marked)) },
      });
    }),
    {
      name: 'puts an object of their own there together with a receipt for it',
      may: MAY,
      under: ['static', 'aes', 'rsa'],
      outcome: { deliver: 'RECEIPT_MISMATCH', verify: '5: swapped', restore: 'RECEIPT_MISMATCH' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await plant(bucket, 'c', await ownObject(bucket, 'c'));
        await bucket.copy(receiptKey(bucket.keys.a), receiptKey(bucket.keys.c));
        return {
          deliver: await bucket.deliver('c'),
          verify: await bucket.verify('c'),
          restore: await bucket.restore('c'),
        };
      },
    },
    {
      name: 'puts back the object of an interrupted attempt, which is genuine',
      may: MAY,
      under: ['static', 'aes'],
      // it was downloaded for this recording by this archive: it is completed, and hands out its own bytes
      outcome: { deliver: 'found', verify: '0: nothing', restore: 'its own' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await bucket.put(bucket.keys.c, bucket.earlier.c);
        return {
          deliver: await bucket.deliver('c'),
          verify: await bucket.verify('c'),
          restore: await bucket.restore('c'),
        };
      },
    },
  ],
};
