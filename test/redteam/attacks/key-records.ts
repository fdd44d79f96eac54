import { keyRecordKey } from '../../../src/record/key-record.ts';
import { keyRecordOf } from '../../../src/record/key-records.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';
import type { Stored } from '../make-bucket.ts';

const buckets = sharedBuckets();
const MAY =
  'writes objects, metadata and key records, and knows public keys; has neither the signing key nor a data key';

function attack(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  outcome: { readonly verify: string; readonly restore: string },
): Attack {
  return {
    name,
    may: MAY,
    under: ['records'],
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return { verify: await bucket.verify('a', 'head'), restore: await bucket.restore() };
    },
  };
}

interface Written {
  readonly object: { readonly key: string; readonly messageId: string };
  readonly wrap: Readonly<Record<string, string>>;
}

/** Where the record of an object stands, and what it says. */
async function recordOf(bucket: HostileBucket, name: 'a' | 'b') {
  const key = bucket.keys[name];
  const { metadata } = await bucket.get(key);
  return placed(bucket, { key, metadata });
}

async function placed(bucket: HostileBucket, stat: { readonly key: string } & Pick<Stored, 'metadata'>) {
  const of = keyRecordOf(stat);
  if (of === undefined) throw new Error(`${stat.key} has no key record`);
  const place = keyRecordKey(of);
  const stored = await bucket.get(place);
  return { place, stored, written: JSON.parse(stored.body.toString('utf8')) as Written };
}

const bodyOf = (record: Written) => Buffer.from(`${JSON.stringify(record)}\n`);

export const keyRecords: Kind = {
  title: 'key records that are exchanged, replayed or removed',
  close: () => buckets.close(),
  attacks: [
    attack(
      'puts the key record of another recording in the place of one',
      async (bucket) => {
        const [own, other] = [await recordOf(bucket, 'a'), await recordOf(bucket, 'b')];
        await bucket.put(own.place, other.stored);
      },
      { verify: '5: unreadable-key', restore: 'OBJECT_MALFORMED' },
    ),
    attack(
      'gives the key record of one recording the wrapped data key of another',
      async (bucket) => {
        const [own, other] = [await recordOf(bucket, 'a'), await recordOf(bucket, 'b')];
        await bucket.put(own.place, {
          ...own.stored,
          body: bodyOf({ ...own.written, wrap: other.written.wrap }),
        });
      },
      { verify: '5: wrap', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'replays the wrapped data key of an earlier attempt at the same recording',
      async (bucket) => {
        const own = await recordOf(bucket, 'a');
        const { metadata } = bucket.earlier.a;
        const earlier = await placed(bucket, { key: bucket.keys.a, metadata });
        await bucket.put(own.place, {
          ...own.stored,
          body: bodyOf({ ...own.written, wrap: earlier.written.wrap }),
        });
      },
      { verify: '5: wrap', restore: 'DECRYPT_FAILED' },
    ),
    attack(
      'puts back the object of an earlier attempt, whose key record is still there',
      (bucket) => bucket.put(bucket.keys.a, bucket.earlier.a),
      { verify: '5: checksum', restore: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'removes the key record of a recording',
      async (bucket) => bucket.remove((await recordOf(bucket, 'a')).place),
      { verify: '5: missing-key', restore: 'KEY_RECORD_MISSING' },
    ),
    {
      name: 'exchanges a key record and removes the receipt, so that it is signed for',
      may: MAY,
      under: ['records'],
      outcome: { deliver: 'OBJECT_UNPROVEN', receipt: false },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const [own, other] = [await recordOf(bucket, 'a'), await recordOf(bucket, 'b')];
        await bucket.put(own.place, {
          ...own.stored,
          body: bodyOf({ ...own.written, wrap: other.written.wrap }),
        });
        await bucket.remove(receiptKey(bucket.keys.a));
        return { deliver: await bucket.deliver('a'), receipt: await bucket.hasReceipt('a') };
      },
    },
  ],
};
