import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { hasOwnReceipt } from '../../../src/archive/own-receipt.ts';
import type { KeyLimits } from '../../../src/record/receipt/keys.ts';
import { parseReceipt, RECEIPT_SCHEMA, type Receipt } from '../../../src/record/receipt/schema.ts';
import { checkSignature, createReceiptSigner, formatReceipt } from '../../../src/record/receipt/receipt.ts';
import { verifyAgainstReceipt } from '../../../src/audit/verify-recording.ts';
import { checkMark, markMetadata } from '../../../src/record/writer-mark.ts';
import { mapStore } from '../../archive/map-store.ts';
import { idsAt } from '../../archive/sealed-archive.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const signer = createReceiptSigner(privateKey);
const ISSUED = Date.UTC(2026, 4, 20, 12);
const ids = idsAt(7);
const KEY = `archive/2026/05/20/${ids.recordingId}.enc`;
const PLACE = `receipts/2026/05/20/${ids.recordingId}.json`;

const receiptAt = (issued: number): Receipt => ({
  schema: RECEIPT_SCHEMA,
  kind: 'terminal',
  ids: { conversation: ids.conversationId, recording: ids.recordingId },
  reason: 'gone',
  object: { key: KEY, store: 'map:' },
  times: { recorded: '2026-05-20T12:00:00.000Z', issued: new Date(issued).toISOString() },
  tool: { name: 'genesys-media-archive', version: '0.0.0' },
});
const keysWith = (limits: KeyLimits) => new Map([[signer.keyId, { publicKey, ...limits }]]);
const textAt = async (issued = ISSUED) => (await formatReceipt(receiptAt(issued), signer)).toString();

async function verdict(limits: KeyLimits, issued = ISSUED) {
  return checkSignature(parseReceipt(await textAt(issued), 'it'), keysWith(limits));
}

async function storedAt(lastModified: number) {
  const store = mapStore();
  const body = Buffer.from(await textAt());
  await store.put(PLACE, body, { metadata: {}, contentType: 'application/json' }, unlimited);
  const head = store.head.bind(store);
  store.head = async (key, budget) => {
    const stat = await head(key, budget);
    return stat && { ...stat, lastModified };
  };
  return store;
}

async function kindsOf(limits: KeyLimits, lastModified = ISSUED) {
  const store = await storedAt(lastModified);
  const { findings } = await verifyAgainstReceipt({ store, keys: keysWith(limits) }, KEY, 'head', unlimited);
  return findings.map(({ kind }) => kind);
}

describe('a receipt, judged by the time that it states', () => {
  it.each<[string, KeyLimits]>([
    ['no limits', {}],
    ['the first moment', { validFrom: ISSUED }],
    ['the last moment', { validUntil: ISSUED }],
    ['the moment before the revocation', { revokedAt: ISSUED + 1 }],
  ])('is valid at %s of its key', async (_what, limits) => {
    expect(await verdict(limits)).toBe('valid');
    expect(await kindsOf(limits)).toEqual([]);
  });

  it.each<[string, KeyLimits, string]>([
    ['before its key was in use', { validFrom: ISSUED + 1 }, 'outside-validity'],
    ['after its key was retired', { validUntil: ISSUED - 1 }, 'outside-validity'],
    ['at the moment of the revocation', { revokedAt: ISSUED }, 'revoked'],
    ['after the revocation', { revokedAt: ISSUED - 1 }, 'revoked'],
    [
      'after both, which a revocation outweighs',
      { validUntil: ISSUED - 2, revokedAt: ISSUED - 1 },
      'revoked',
    ],
  ])('is a finding %s', async (_what, limits, expected) => {
    expect(await verdict(limits)).toBe(expected);
    expect(await kindsOf(limits)).toEqual([expected === 'revoked' ? 'revoked-key' : 'outside-validity']);
  });

  it('is invalid before anything else: a broken signature is no question of time', async () => {
    const receipt = parseReceipt(await textAt(), 'it');
    const changed = { ...receipt, reason: 'other' };
    expect(checkSignature(changed, keysWith({ revokedAt: 0 }))).toBe('invalid');
  });

  it('is not taken by the writer for its own, where its key was revoked or not in use', async () => {
    const subject = { ids, key: KEY, stat: undefined };
    for (const limits of [{ revokedAt: ISSUED }, { validFrom: ISSUED + 1 }, { storedBy: ISSUED - 1 }]) {
      const trust = { store: await storedAt(ISSUED), receiptKeys: keysWith(limits) };
      await expect(hasOwnReceipt(trust, subject, unlimited)).rejects.toMatchObject({
        code: 'RECEIPT_MISMATCH',
        hint: expect.stringContaining('docs/keys.md') as unknown,
      });
      // that the writer signs with the same key lifts no limit
      await expect(hasOwnReceipt({ ...trust, signer }, subject, unlimited)).rejects.toMatchObject({
        code: 'RECEIPT_MISMATCH',
      });
    }
    const trust = { store: await storedAt(ISSUED), receiptKeys: keysWith({ storedBy: ISSUED }) };
    expect(await hasOwnReceipt(trust, subject, unlimited)).toBe(true);
  });
});

describe('a receipt, judged by when the store got it', () => {
  it('is a finding when that was later than its key is believed, with any stated time', async () => {
    expect(await kindsOf({ storedBy: ISSUED + 60_000 }, ISSUED + 60_001)).toEqual(['revoked-key']);
    expect(await kindsOf({ storedBy: ISSUED + 60_000 }, ISSUED + 60_000)).toEqual([]);
    expect(await kindsOf({ revokedAt: ISSUED + 90_000, storedBy: ISSUED }, ISSUED + 1)).toEqual([
      'revoked-key',
    ]);
  });

  it('costs a request only where a key is limited so', async () => {
    const store = await storedAt(ISSUED);
    const asked: string[] = [];
    const head = store.head.bind(store);
    store.head = (key, budget) => {
      asked.push(key);
      return head(key, budget);
    };
    await verifyAgainstReceipt({ store, keys: keysWith({ revokedAt: ISSUED + 1 }) }, KEY, 'head', unlimited);
    expect(asked).toContain(KEY);
    expect(asked).not.toContain(PLACE);
    await verifyAgainstReceipt({ store, keys: keysWith({ storedBy: ISSUED }) }, KEY, 'head', unlimited);
    expect(asked.filter((key) => key === PLACE)).toHaveLength(1);
  });
});

describe('a mark of a key that was revoked', () => {
  it('proves nothing, for it states no time', async () => {
    const marked = { kind: 'media', key: KEY, ids, organizationId: undefined, metadata: {} } as const;
    const metadata = await markMetadata(signer, marked);
    expect(checkMark({ ...marked, metadata }, keysWith({}))).toBe('valid');
    expect(checkMark({ ...marked, metadata }, keysWith({ validUntil: 0 }))).toBe('valid');
    expect(checkMark({ ...marked, metadata }, keysWith({ revokedAt: Date.UTC(2099, 0, 1) }))).toBe(
      'revoked-key',
    );
  });
});
