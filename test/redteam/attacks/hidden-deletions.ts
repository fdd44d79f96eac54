import { receiptKey } from '../../../src/record/object-key.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';

const buckets = sharedBuckets();
const MAY = 'deletes and copies any object of the bucket; has no signing key';

function attack(
  name: string,
  does: (bucket: HostileBucket) => Promise<void>,
  outcome: Readonly<Record<'verify' | 'restore' | 'deliver', string>>,
): Attack {
  return {
    name,
    may: MAY,
    under: ['aes'],
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      await does(bucket);
      return {
        verify: await bucket.verify('a', 'head'),
        restore: await bucket.restore(),
        deliver: await bucket.deliver('a'),
      };
    },
  };
}

const hide = (change: (bucket: HostileBucket, text: string) => string) => async (bucket: HostileBucket) => {
  await bucket.remove(bucket.keys.a);
  await bucket.copy(receiptKey(bucket.keys.gone), receiptKey(bucket.keys.a));
  await bucket.changeReceipt(bucket.keys.a, (text) => change(bucket, text));
};

export const hiddenDeletions: Kind = {
  title: 'hidden deletions',
  close: () => buckets.close(),
  attacks: [
    attack('removes an object and leaves its receipt', (bucket) => bucket.remove(bucket.keys.a), {
      verify: '5: missing-object',
      restore: 'OBJECT_NOT_FOUND',
      // downloaded again, under a new data key: the receipt is that of the object before
      deliver: 'RECEIPT_MISMATCH',
    }),
    attack(
      'removes an object and puts the terminal receipt of another recording in the place of its receipt',
      hide((_, text) => text),
      { verify: '5: swapped', restore: 'OBJECT_NOT_FOUND', deliver: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'changes a terminal receipt so that it fits the recording whose object they have removed',
      hide(({ ids, keys }, text) =>
        text
          .replaceAll(ids.gone.recordingId, ids.a.recordingId)
          .replaceAll(ids.gone.conversationId, ids.a.conversationId)
          .replaceAll(keys.gone, keys.a),
      ),
      { verify: '5: bad-signature', restore: 'OBJECT_NOT_FOUND', deliver: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'puts a terminal receipt beside an object that is there',
      (bucket) => bucket.copy(receiptKey(bucket.keys.gone), receiptKey(bucket.keys.a)),
      { verify: '5: unexpected-object', restore: 'RECEIPT_MISMATCH', deliver: 'RECEIPT_MISMATCH' },
    ),
    attack(
      'removes a receipt and leaves its object',
      (bucket) => bucket.remove(receiptKey(bucket.keys.a)),
      // the object carries the mark of its writer: the next delivery completes its receipt
      { verify: '5: missing-receipt', restore: 'RECEIPT_MISMATCH', deliver: 'found' },
    ),
    {
      name: 'moves an object and its receipt to another day',
      may: MAY,
      under: ['aes'],
      outcome: { verify: '5: swapped', restore: 'RECEIPT_MISMATCH' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const { a } = bucket.keys;
        const moved = a.replace(/\/\d{4}\//, '/2031/');
        await bucket.copy(a, moved);
        await bucket.copy(receiptKey(a), receiptKey(moved));
        await bucket.remove(a, receiptKey(a));
        return { verify: await bucket.verify(moved, 'head'), restore: await bucket.restore() };
      },
    },
    {
      name: 'removes every object and every receipt',
      may: MAY,
      under: ['aes'],
      outcome: { code: 6, says: true },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        await bucket.remove('archive', 'receipts');
        const { code, stderr } = await bucket.run('verify', '--all');
        return { code, says: stderr.includes('NOTHING_FOUND') };
      },
    },
  ],
};
