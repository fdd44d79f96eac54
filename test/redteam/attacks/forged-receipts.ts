import { generateKeyPairSync } from 'node:crypto';
import { receiptKey } from '../../../src/record/object-key.ts';
import { createReceiptSigner, formatReceipt } from '../../../src/record/receipt/receipt.ts';
import { parseReceipt, type Receipt } from '../../../src/record/receipt/schema.ts';
import { MARK } from '../../../src/record/writer-mark.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';

const buckets = sharedBuckets();
const MAY = 'writes any receipt of the bucket and owns a signing key; has not the archive’s signing key';
const own = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);

interface Outcome {
  readonly verify: string;
  readonly restore: string;
  readonly deliver: string;
}

function attack(name: string, does: (bucket: HostileBucket) => Promise<void>, outcome: Outcome): Attack {
  return {
    name,
    may: MAY,
    under: ['static', 'rsa'],
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

const edited = (change: (text: string) => string) => (bucket: HostileBucket) =>
  bucket.changeReceipt(bucket.keys.a, change);
const parsed = (text: string) => parseReceipt(text, 'a receipt');

/** The receipt signed anew by the attacker, after `change`. */
const resigned =
  (change: (receipt: Receipt) => Receipt, keyId?: (text: string) => string) =>
  async (bucket: HostileBucket) => {
    const text = (await bucket.get(receiptKey(bucket.keys.a))).body.toString('utf8');
    const { signature: _, ...receipt } = parsed(text);
    const body = await formatReceipt(change(receipt), own);
    await bucket.changeReceipt(bucket.keys.a, () =>
      keyId === undefined ? body.toString('utf8') : body.toString('utf8').replace(own.keyId, keyId(text)),
    );
  };

const REFUSED = { restore: 'RECEIPT_MISMATCH', deliver: 'RECEIPT_MISMATCH' };

export const forgedReceipts: Kind = {
  title: 'receipts that are forged, replayed or spelled in another way',
  close: () => buckets.close(),
  attacks: [
    attack(
      'spells the signature of a receipt without its padding',
      edited((text) => text.replace(/=="/, '"')),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'spells the signature of a receipt with stray bits at its end',
      edited((text) => text.replace(/([AQgw])=="/, (_, last: string) => `${STRAY[last]}=="`)),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'takes the signature of a receipt away',
      async (bucket) => {
        const text = (await bucket.get(receiptKey(bucket.keys.a))).body.toString('utf8');
        const { signature: _, ...receipt } = parsed(text);
        const unsigned = await formatReceipt(receipt, undefined);
        await bucket.changeReceipt(bucket.keys.a, () => unsigned.toString('utf8'));
      },
      { verify: '5: unsigned', ...REFUSED },
    ),
    attack(
      'signs a receipt with a key of their own',
      resigned((receipt) => receipt),
      {
        verify: '5: unknown-key',
        ...REFUSED,
      },
    ),
    attack(
      'signs a receipt with a key of their own and names the archive’s key',
      resigned(
        (receipt) => receipt,
        (text) => parsed(text).signature?.keyId ?? '',
      ),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'states another plaintext in a signed receipt',
      edited((text) =>
        text.replace(/("plaintext":\{"bytes":\d+,"sha256":")[0-9a-f]{64}/, `$1${'0'.repeat(64)}`),
      ),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'states another bucket in a signed receipt',
      edited((text) => text.replace('"store":"file:', '"store":"file:/elsewhere')),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'states another organization in a signed receipt',
      edited((text) => text.replace(/"organization":"0c2f/, '"organization":"1c2f')),
      { verify: '5: bad-signature', ...REFUSED },
    ),
    attack(
      'adds a member that stands in a receipt already',
      edited((text) => text.replace('{', '{"kind":"archived",')),
      { verify: '5: unreadable-receipt', ...REFUSED },
    ),
    attack(
      'writes the same receipt with white space in it',
      edited((text) => text.replaceAll(',', ', ')),
      { verify: '5: unreadable-receipt', ...REFUSED },
    ),
    attack(
      'puts a receipt of 5 MB there',
      edited((text) => `${text}${' '.repeat(5_000_000)}`),
      { verify: '5: unreadable-receipt', ...REFUSED },
    ),
    attack(
      'puts the receipt of another recording in its place',
      (bucket) => bucket.copy(receiptKey(bucket.keys.b), receiptKey(bucket.keys.a)),
      { verify: '5: swapped', ...REFUSED },
    ),
    attack(
      'uses the signature of the object’s mark as that of a receipt',
      async (bucket) => {
        const mark = (await bucket.get(bucket.keys.a)).metadata[MARK] ?? '';
        const value = Buffer.from(mark.split('.')[2] ?? '', 'base64url').toString('base64');
        await bucket.changeReceipt(bucket.keys.a, (text) =>
          text.replace(parsed(text).signature?.value ?? '', value),
        );
      },
      { verify: '5: bad-signature', ...REFUSED },
    ),
  ],
};

/** The last character before the padding carries four bits that decoding drops. */
const STRAY: Readonly<Record<string, string>> = { A: 'B', Q: 'R', g: 'h', w: 'x' };
