import { publicEncrypt, randomBytes } from 'node:crypto';
import { unlimited } from '../../../src/clock.ts';
import { createRsaWrapper } from '../../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import { idempotencyMetadata } from '../../../src/record/identity.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { pair3072 } from '../../envelope/rsa-pairs.ts';
import type { Attack, Kind, Wrap } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';
import { ORGANIZATION, type Stored } from '../make-bucket.ts';

const buckets = sharedBuckets();
const MAY = 'writes objects and metadata, and knows public keys; has neither the signing key nor a data key';

function attack(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  outcome: { readonly verify: string; readonly restore: string },
  under: readonly Wrap[] = ['aes', 'rsa'],
): Attack {
  return {
    name,
    may: MAY,
    under,
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return { verify: await bucket.verify('a', 'head'), restore: await bucket.restore() };
    },
  };
}

const changed =
  (change: (metadata: Stored['metadata'], other: Stored['metadata']) => Stored['metadata']) =>
  async (bucket: HostileBucket) => {
    const other = await bucket.get(bucket.keys.b);
    await bucket.change(bucket.keys.a, ({ metadata }) => ({ metadata: change(metadata, other.metadata) }));
  };

/** Everybody who has the public key may encrypt a recording: here one that the platform never had. */
async function forged({ ids }: HostileBucket, name: 'a' | 'c'): Promise<Stored> {
  const wrapper = createRsaWrapper(pair3072.publicKey);
  const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper, organizationId: ORGANIZATION });
  const sealer = await envelope.seal(ids[name], unlimited);
  const body = Buffer.concat([sealer.update(randomBytes(20_000)), sealer.final()]);
  return { body, metadata: { ...sealer.metadata, ...idempotencyMetadata(ids[name]) } };
}

export const wraps: Kind = {
  title: 'wrapped data keys that are exchanged or destroyed',
  close: () => buckets.close(),
  attacks: [
    attack(
      'sets a wrapped data key to zeros',
      changed((metadata) => ({
        ...metadata,
        'x-amz-3': Buffer.alloc(Buffer.from(metadata['x-amz-3'] ?? '', 'base64').length).toString('base64'),
      })),
      { verify: '5: wrap', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'puts the wrapped data key of another recording there',
      changed((metadata, other) => ({ ...metadata, 'x-amz-3': other['x-amz-3'] ?? '' })),
      { verify: '5: wrap', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'names another wrapping key',
      changed((metadata) => ({ ...metadata, 'x-amz-m': '{"kid":"k2"}' })),
      // the name only says which key to try first: whoever has the right one still reads the recording
      { verify: '5: wrap', restore: 'its own' },
      ['aes'],
    ),
    attack(
      'names another way of wrapping',
      changed((metadata) => ({ ...metadata, 'x-amz-w': metadata['x-amz-w'] === '02' ? '22' : '02' })),
      { verify: '5: wrap', restore: 'OBJECT_MALFORMED' },
      ['rsa'],
    ),
    attack(
      'takes the wrap away and puts an instruction file there with another',
      async (bucket) => {
        const { metadata } = await bucket.get(bucket.keys.b);
        const wrap = Object.fromEntries(
          Object.entries(metadata).filter(([name]) => /^x-amz-[3wtm]$/.test(name)),
        );
        await bucket.put(`${bucket.keys.a}.instruction`, {
          body: Buffer.from(JSON.stringify(wrap)),
          metadata: {},
        });
        await bucket.change(bucket.keys.a, ({ metadata: own }) => ({
          metadata: Object.fromEntries(Object.entries(own).filter(([name]) => !/^x-amz-[3wtm]$/.test(name))),
        }));
      },
      { verify: '5: wrap', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'puts an instruction file beside an object that has its wrap in its metadata',
      (bucket) =>
        bucket.put(`${bucket.keys.a}.instruction`, { body: Buffer.from('{"x-amz-3":"AAAA"}'), metadata: {} }),
      { verify: '0: nothing', restore: 'its own' },
    ),
    attack(
      'changes the key commitment',
      changed((metadata) => ({ ...metadata, 'x-amz-d': randomBytes(28).toString('base64') })),
      { verify: '5: metadata', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'encrypts a recording of their own with the public key and puts it in the place of one',
      async (bucket) => bucket.put(bucket.keys.a, await forged(bucket, 'a')),
      { verify: '5: checksum', restore: 'RECEIPT_MISMATCH' },
      ['rsa'],
    ),
    {
      name: 'encrypts a recording of their own with the public key and waits for the event of one',
      may: MAY,
      under: ['rsa'],
      outcome: { deliver: 'OBJECT_UNPROVEN', receipt: false, restore: 'RECEIPT_MISMATCH' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await bucket.put(bucket.keys.c, await forged(bucket, 'c'));
        return {
          deliver: await bucket.deliver('c'),
          receipt: await bucket.hasReceipt('c'),
          restore: await bucket.restore('c'),
        };
      },
    },
    {
      name: 'exchanges a wrapped data key and removes the receipt, so that it is signed for',
      may: MAY,
      under: ['aes', 'rsa'],
      outcome: { deliver: 'OBJECT_UNPROVEN', receipt: false },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await changed((metadata, other) => ({ ...metadata, 'x-amz-3': other['x-amz-3'] ?? '' }))(bucket);
        await bucket.remove(receiptKey(bucket.keys.a));
        return { deliver: await bucket.deliver('a'), receipt: await bucket.hasReceipt('a') };
      },
    },
    {
      name: 'wraps a data key of their own with the public key and has it rewrapped',
      may: MAY,
      under: ['rsa'],
      outcome: { code: 5, verify: '5: wrap' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const own = publicEncrypt({ key: pair3072.publicKey, oaepHash: 'sha1' }, randomBytes(32));
        await changed((metadata) => ({ ...metadata, 'x-amz-3': own.toString('base64') }))(bucket);
        const { code } = await bucket.run('rewrap', bucket.keys.a, '--wrap', 'rsa', '--json');
        return { code, verify: await bucket.verify('a', 'head') };
      },
    },
  ],
};
