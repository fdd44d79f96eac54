import { randomBytes } from 'node:crypto';
import { unlimited } from '../../../src/clock.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { idempotencyMetadata } from '../../../src/record/identity.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import type { Attack, Kind, Wrap } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';
import { staticKey, type Stored } from '../make-bucket.ts';

const buckets = sharedBuckets();
const MAY =
  'writes objects and metadata, and has kept an old object under the static key; has neither the signing key nor a data key';

function attack(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  outcome: { readonly verify: string; readonly restore: string },
): Attack {
  return {
    name,
    may: MAY,
    under: ['aes', 'rsa'] satisfies Wrap[],
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return { verify: await bucket.verify('a', 'full'), restore: await bucket.restore() };
    },
  };
}

const withMetadata =
  (change: (metadata: Stored['metadata']) => Stored['metadata']) => (bucket: HostileBucket) =>
    bucket.change(bucket.keys.a, ({ metadata }) => ({ metadata: change(metadata) }));

/** A genuine object of the time before data keys were wrapped, of another recording. */
async function oldObject({ ids }: HostileBucket): Promise<Stored> {
  const sealer = await createStaticEnvelope(staticKey).seal(ids.b, unlimited);
  const body = Buffer.concat([sealer.update(randomBytes(20_000)), sealer.final()]);
  return { body, metadata: { ...sealer.metadata } };
}

const iv = randomBytes(12).toString('base64');

export const formats: Kind = {
  title: 'formats that are taken down or mixed',
  close: () => buckets.close(),
  attacks: [
    attack(
      'says that a recording is in the format of the static key',
      withMetadata(({ 'gca-idem': idem = '' }) => ({ encryption: 'aes-256-gcm', iv, 'gca-idem': idem })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'says that a recording is in format V1, which nothing authenticates',
      withMetadata(({ 'gca-idem': idem = '' }) => ({
        'x-amz-key': iv,
        'x-amz-iv': iv,
        'x-amz-matdesc': '{}',
        'gca-idem': idem,
      })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'adds the metadata of format V2 to those of V3',
      withMetadata((metadata) => ({ ...metadata, 'x-amz-key-v2': iv, 'x-amz-iv': iv })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'adds the metadata of the static key to those of V3',
      withMetadata((metadata) => ({ ...metadata, encryption: 'aes-256-gcm', iv })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'says that another algorithm of content was used, one that commits to no key',
      withMetadata((metadata) => ({ ...metadata, 'x-amz-c': '114' })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts an old object of the static key in the place of a recording',
      async (bucket) => {
        const old = await oldObject(bucket);
        const metadata = { ...old.metadata, ...idempotencyMetadata(bucket.ids.a) };
        await bucket.put(bucket.keys.a, { ...old, metadata });
      },
      { verify: '5: checksum', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts an old object of the static key in the place of a recording and removes its receipt',
      async (bucket) => {
        await bucket.put(bucket.keys.a, await oldObject(bucket));
        await bucket.remove(receiptKey(bucket.keys.a));
      },
      { verify: '5: missing-receipt', restore: 'RECEIPT_MISMATCH' },
    ),
    {
      name: 'puts an old object of the static key under the key of a recording before its event comes',
      may: MAY,
      under: ['aes', 'rsa'],
      outcome: { deliver: 'OBJECT_UNPROVEN', receipt: false, restore: 'RECEIPT_MISMATCH' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await bucket.put(bucket.keys.c, await oldObject(bucket));
        return {
          deliver: await bucket.deliver('c'),
          receipt: await bucket.hasReceipt('c'),
          restore: await bucket.restore('c'),
        };
      },
    },
  ],
};
