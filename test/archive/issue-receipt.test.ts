import { createHash, generateKeyPairSync } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { checkSignature, createReceiptSigner, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { OCCURRED, setUpArchive } from './set-up.ts';

let open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.map((close) => close()));
  open = [];
});

async function setUp() {
  const all = await setUpArchive({ simulator: { recordings: [{ bytes: 300_000 }], statesStartTime: false } });
  open.push(all.close);
  const day = '2026/05/20';
  const path = (room: string, suffix: string) => join(all.dir, room, day, `${all.recording.id}.${suffix}`);
  const readReceipt = async () => parseReceipt(await readFile(path('receipts', 'json'), 'utf8'), 'receipt');
  return { ...all, path, readReceipt };
}

describe('receipts in the archive', () => {
  it('state what was stored, where from, and its digests', async () => {
    const { archive, recording, readReceipt, path, store } = await setUp();
    const { key, receiptKey } = (await archive()) as { key: string; receiptKey: string };
    expect(receiptKey).toBe(`receipts/2026/05/20/${recording.id}.json`);
    const receipt = await readReceipt();
    const body = await readFile(path('archive', 'enc'));
    const sha256 = createHash('sha256').update(body).digest('hex');
    const stat = await store.head(key, unlimited);
    expect(receipt).toMatchObject({
      kind: 'archived',
      ids: { conversation: recording.interactionId, recording: recording.id },
      source: {
        contentType: 'audio/wav',
        contentLength: recording.bytes,
        etag: recording.etag,
        resumes: 0,
        restarts: 0,
      },
      plaintext: { bytes: recording.bytes, sha256: await recording.sha256() },
      ciphertext: { bytes: body.length, sha256, leaves: [sha256] },
      object: { key, store: store.location, checksum: stat?.checksum },
      envelope: { format: 'static-gcm' },
      times: { recorded: new Date(OCCURRED).toISOString() },
    });
    expect(receipt.signature).toBeUndefined();
  });

  it('are signed when there is a key', async () => {
    const { ports, request, readReceipt } = await setUp();
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    await archiveRequest({ ...ports, signer: createReceiptSigner(privateKey) }, request, unlimited);
    const keys = new Map([[signingKeyId(publicKey), publicKey]]);
    expect(checkSignature(await readReceipt(), keys)).toBe('valid');
  });

  it('are written once: a redelivery changes nothing', async () => {
    const { archive, path } = await setUp();
    await archive();
    const before = await readFile(path('receipts', 'json'), 'utf8');
    await archive();
    expect(await readFile(path('receipts', 'json'), 'utf8')).toBe(before);
  });

  it('a redelivery after an interruption before the receipt adopts the object, without a download', async () => {
    const { archive, readReceipt, path, count } = await setUp();
    await archive();
    const sha256 = (await readReceipt()).ciphertext?.sha256;
    await rm(path('receipts', 'json'));
    await rm(path('receipts', 'json.metadata.json'));
    await archive();
    const adopted = await readReceipt();
    expect(adopted).toMatchObject({
      kind: 'adopted',
      ciphertext: { sha256 },
      envelope: { format: 'static-gcm' },
    });
    expect(adopted.plaintext).toBeUndefined();
    expect(count('GET /genesys-media/{id}')).toBe(1);
  });

  it('a writer that may not read states the size and the store’s checksum', async () => {
    const { archive, ports, request, readReceipt, path, store, recording } = await setUp();
    await archive();
    await rm(path('receipts', 'json'));
    await rm(path('receipts', 'json.metadata.json'));
    const writeOnly: ObjectStore = {
      ...store,
      get: async () => {
        throw new ArchiveError('STORE_DENIED', 'GET object: AccessDenied');
      },
    };
    await archiveRequest({ ...ports, store: writeOnly }, request, unlimited);
    const receipt = await readReceipt();
    expect(receipt.ciphertext).toEqual({ bytes: recording.bytes + 16 });
    expect(receipt.object?.checksum).toEqual(
      (await store.head(receipt.object?.key ?? '', unlimited))?.checksum,
    );
  });

  it('a marker says that the reference was written back', async () => {
    const { archive, path, recording } = await setUp();
    await archive();
    const marker: unknown = JSON.parse(await readFile(path('links', 'json'), 'utf8'));
    expect(marker).toMatchObject({
      conversation: recording.interactionId,
      key: `archive/2026/05/20/${recording.id}.enc`,
    });
    const none = await setUp();
    await archiveRequest({ ...none.ports, references: undefined }, none.request, unlimited);
    await expect(readFile(none.path('links', 'json'))).rejects.toThrow('ENOENT');
  });
});
