import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { LEAF_BYTES } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import { openChecked } from '../../src/audit/open-checked.ts';
import {
  type VerifyDepth,
  type VerifyPorts,
  verifyAgainstReceipt,
} from '../../src/audit/verify-recording.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createStaticReader } from '../../src/envelope/static-gcm.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { idsAt, makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

let archive: SealedArchive;
let next = 1000;
beforeAll(async () => {
  archive = await makeSealedArchive(1);
});
afterAll(() => archive.remove());

const AT = Date.UTC(2026, 4, 21, 9);

/** A recording of its own, so that no test spoils another's. */
async function fresh(options: Parameters<SealedArchive['add']>[2] = {}): Promise<string> {
  next += 1;
  return archive.add(idsAt(next), AT, options);
}

async function kinds(key: string, depth: VerifyDepth, ports: VerifyPorts = archive.ports): Promise<string[]> {
  const { findings } = await verifyAgainstReceipt(ports, key, depth, unlimited);
  expect(findings.every((found) => found.key === key)).toBe(true);
  return findings.map(({ kind }) => kind);
}

async function flipBit(key: string, at: number): Promise<void> {
  const body = await readFile(archive.fileOf(key));
  body.writeUInt8(body.readUInt8(at) ^ 4, at);
  await writeFile(archive.fileOf(key), body);
}

async function editMetadata(key: string, change: (metadata: Record<string, string>) => void): Promise<void> {
  const record = JSON.parse(await readFile(archive.recordOf(key), 'utf8')) as {
    metadata: Record<string, string>;
  };
  change(record.metadata);
  await writeFile(archive.recordOf(key), JSON.stringify(record));
}

describe('an object that is gone', () => {
  const expiredAt = (at: number | undefined, key: string) => ({
    of: () => Promise.resolve(new Map(at === undefined ? [] : [[key, at]])),
  });

  it('is missing, unless its rule of retention had let it go, and readers are told which', async () => {
    const key = await fresh();
    await rm(archive.fileOf(key));
    const lost = { ...archive.ports, expired: expiredAt(undefined, key) };
    expect(await kinds(key, 'head', lost)).toEqual(['missing-object']);
    await expect(openChecked(lost, key, unlimited)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
    const gone = { ...archive.ports, expired: expiredAt(Date.UTC(2027, 0, 2), key) };
    expect(await verifyAgainstReceipt(gone, key, 'head', unlimited)).toMatchObject({
      findings: [],
      isExpired: true,
      notes: ['expired: its rule of retention let it go on 2027-01-02'],
    });
    await expect(openChecked(gone, key, unlimited)).rejects.toMatchObject({
      code: 'RECORDING_EXPIRED',
      message: 'the recording was removed by its rule of retention, which let it go on 2027-01-02',
    });
  });

  it('asks about no rule as long as the object is there', async () => {
    const expired = { of: () => Promise.reject(new Error('asked')) };
    expect(await kinds(await fresh(), 'head', { ...archive.ports, expired })).toEqual([]);
  });
});

describe('a recording as it was archived', () => {
  it.each(['head', 'ciphertext', 'full'] as const)('has no finding at depth %s', async (depth) => {
    const key = await fresh({ bytes: 50_000 });
    const { findings, receipt, bytes, digests } = await verifyAgainstReceipt(
      archive.ports,
      key,
      depth,
      unlimited,
    );
    expect({ findings, receipt, bytes }).toEqual({ findings: [], receipt: 'archived', bytes: 50_016 });
    const sha256 = createHash('sha256')
      .update(await readFile(archive.fileOf(key)))
      .digest('hex');
    expect(digests?.ciphertextSha256).toBe(depth === 'head' ? undefined : sha256);
    expect(digests?.plaintext?.bytes).toBe(depth === 'full' ? 50_000 : undefined);
  });

  it('needs no key to be compared with its receipt', async () => {
    const { store, keys } = archive.ports;
    expect(await kinds(await fresh(), 'ciphertext', { store, keys })).toEqual([]);
    await expect(verifyAgainstReceipt({ store }, await fresh(), 'full', unlimited)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('is read from the store once, and not at all at depth head', async () => {
    const key = await fresh();
    const read: string[] = [];
    const { store } = archive;
    const watched: ObjectStore = {
      ...store,
      get: (name, ...rest) => {
        read.push(name);
        return store.get(name, ...rest);
      },
    };
    await kinds(key, 'head', { ...archive.ports, store: watched });
    expect(read).toEqual([receiptKey(key)]);
    await kinds(key, 'full', { ...archive.ports, store: watched });
    expect(read).toEqual([receiptKey(key), receiptKey(key), key]);
  });
});

describe('what is wrong with the object', () => {
  it('missing-object', async () => {
    const key = await fresh();
    await Promise.all([rm(archive.fileOf(key)), rm(archive.recordOf(key))]);
    expect(await kinds(key, 'head')).toEqual(['missing-object']);
  });

  it('a flipped bit: found from the ciphertext on, and decryption fails', async () => {
    const key = await fresh();
    await flipBit(key, 17);
    expect(await kinds(key, 'head')).toEqual([]);
    expect(await kinds(key, 'ciphertext')).toEqual(['leaf', 'ciphertext-sha256', 'checksum']);
    expect(await kinds(key, 'full')).toEqual(['leaf', 'ciphertext-sha256', 'checksum', 'decrypt-failed']);
  });

  it('names the piece that is damaged', async () => {
    const leafBytes = LEAF_BYTES;
    const key = await fresh({ bytes: 2 * leafBytes + 1000 });
    await flipBit(key, leafBytes + 5);
    await flipBit(key, 2 * leafBytes + 5);
    const { findings } = await verifyAgainstReceipt(archive.ports, key, 'ciphertext', unlimited);
    expect(findings[0]).toMatchObject({ kind: 'leaf', leaf: 1, code: 'RECEIPT_MISMATCH' });
    expect(findings[0]?.message).toBe(
      `bytes ${leafBytes} to ${2 * leafBytes - 1} are not what was archived, nor are 1 other pieces`,
    );
  });

  it('size', async () => {
    const key = await fresh();
    await truncate(archive.fileOf(key), 100);
    expect(await kinds(key, 'head')).toEqual(['size']);
    expect(await kinds(key, 'full')).toEqual([
      'size',
      'leaf',
      'ciphertext-sha256',
      'checksum',
      'decrypt-failed',
    ]);
  });

  it('metadata', async () => {
    const key = await fresh();
    await editMetadata(key, (metadata) => {
      metadata['note'] = 'x';
    });
    expect(await kinds(key, 'full')).toEqual(['metadata']);
    await writeFile(archive.recordOf(key), '{}');
    expect(await kinds(key, 'full')).toEqual(['metadata']);
  });

  it('metadata that decryption depends on', async () => {
    const key = await fresh();
    await editMetadata(key, (metadata) => {
      metadata['iv'] = randomBytes(12).toString('base64');
    });
    expect(await kinds(key, 'full')).toEqual(['metadata', 'decrypt-failed']);
  });

  it('swapped: the object of another recording, whole and with its own metadata', async () => {
    const [key, other] = [await fresh(), await fresh()];
    await copyFile(archive.fileOf(other), archive.fileOf(key));
    await copyFile(archive.recordOf(other), archive.recordOf(key));
    expect(await kinds(key, 'head')).toEqual(['swapped', 'checksum', 'metadata']);
  });

  it('swapped: object and receipt of another recording', async () => {
    const [key, other] = [await fresh(), await fresh()];
    for (const name of [archive.fileOf, archive.recordOf]) {
      await copyFile(name(other), name(key));
      await copyFile(name(receiptKey(other)), name(receiptKey(key)));
    }
    expect(await kinds(key, 'full')).toEqual(['swapped']);
  });

  it('an older version of the very same recording, put back with all its own metadata', async () => {
    const key = await fresh();
    const { fileOf, recordOf } = archive;
    const [body, record] = [await readFile(fileOf(key)), await readFile(recordOf(key))];
    const receipt = receiptKey(key);
    await Promise.all(
      [fileOf(key), recordOf(key), fileOf(receipt), recordOf(receipt)].map((file) => rm(file)),
    );
    await archive.add(idsAt(next), AT);
    await Promise.all([writeFile(fileOf(key), body), writeFile(recordOf(key), record)]);
    expect(await kinds(key, 'head')).toEqual(['checksum', 'metadata']);
    expect(await kinds(key, 'full')).toEqual([
      'checksum',
      'metadata',
      'leaf',
      'ciphertext-sha256',
      'plaintext-sha256',
    ]);
  });

  it('rolled-back: the store says that another version is current', async () => {
    const { store } = archive;
    const versioned = (versionId: string): ObjectStore => ({
      ...store,
      head: async (...args) => {
        const stat = await store.head(...args);
        return stat && { ...stat, versionId };
      },
    });
    const key = await fresh();
    await archive.editReceipt(key, (text) =>
      text.replace(/("object":\{.*?"store":"[^"]*")/, '$1,"versionId":"v2"'),
    );
    const keyless = { ...archive.ports, keys: new Map() };
    expect(await kinds(key, 'head', { ...keyless, store: versioned('v2') })).toEqual([]);
    expect(await kinds(key, 'head', { ...keyless, store: versioned('v1') })).toEqual(['rolled-back']);
  });

  it('decrypt-failed alone: the key is another one', async () => {
    const reader = createStaticReader(randomBytes(32));
    const { findings } = await verifyAgainstReceipt(
      { ...archive.ports, reader },
      await fresh(),
      'full',
      unlimited,
    );
    expect(findings).toMatchObject([{ kind: 'decrypt-failed', code: 'DECRYPT_FAILED' }]);
  });
});

describe('what is wrong with the receipt', () => {
  it('missing-receipt, where this product wrote the object or signatures are wanted', async () => {
    const key = await fresh({ receipt: false });
    expect(await kinds(key, 'head')).toEqual(['missing-receipt']);
    const keyless = { ...archive.ports, keys: new Map() };
    expect(await kinds(key, 'head', keyless)).toEqual(['missing-receipt']);
    await editMetadata(key, (metadata) => {
      delete metadata['gca-v'];
      delete metadata['gca-idem'];
    });
    expect(await kinds(key, 'full', keyless)).toEqual([]);
    expect(await kinds(key, 'full')).toEqual(['missing-receipt']);
  });

  it.each([
    ['text', () => 'x'],
    ['another form of the same JSON', (text: string) => JSON.stringify(JSON.parse(text), undefined, 1)],
    ['a member more', (text: string) => text.replace('{', '{"a":1,')],
    ['more than a receipt may have', (text: string) => text + ' '.repeat(700_000)],
  ])('unreadable-receipt: %s', async (_, change) => {
    const key = await fresh();
    await archive.editReceipt(key, change);
    expect(await kinds(key, 'head')).toEqual(['unreadable-receipt']);
  });

  it('bad-signature: what it states was changed', async () => {
    const key = await fresh();
    await archive.editReceipt(key, (text) => text.replace('"organization":"org"', '"organization":"0rg"'));
    expect(await kinds(key, 'head')).toEqual(['bad-signature']);
  });

  it('unsigned, and unknown-key', async () => {
    expect(await kinds(await fresh({ signed: false }), 'head')).toEqual(['unsigned']);
    const { publicKey } = generateKeyPairSync('ed25519');
    const others = { ...archive.ports, keys: new Map([[signingKeyId(publicKey), publicKey]]) };
    expect(await kinds(await fresh(), 'head', others)).toEqual(['unknown-key']);
  });

  it('plaintext-sha256: it states another plaintext', async () => {
    const key = await fresh();
    await archive.editReceipt(key, (text) =>
      text.replace(/("plaintext":\{"bytes":\d+,"sha256":")[0-9a-f]{8}/, '$100000000'),
    );
    expect(await kinds(key, 'full', { ...archive.ports, keys: new Map() })).toEqual(['plaintext-sha256']);
  });

  it('asks for pieces of one byte each: it is not followed', async () => {
    const key = await fresh({ bytes: 40_000 });
    await archive.editReceipt(key, (text) => text.replace(/"leafBytes":\d+/, '"leafBytes":1'));
    expect(await kinds(key, 'ciphertext', { ...archive.ports, keys: new Map() })).toEqual([]);
  });
});

describe('a recording that is gone', () => {
  it('has a receipt and no object; an object beside it is unexpected', async () => {
    next += 1;
    const ids = idsAt(next);
    const key = objectKey({ ...ids, at: AT });
    const { store } = archive;
    const issuer = { store, clock: systemClock, format: '', signer: undefined, organizationId: undefined };
    await issueTerminalReceipt(issuer, { ids, key, at: AT, reason: 'deleted' }, unlimited);
    const keyless = { ...archive.ports, keys: new Map() };
    expect(await kinds(key, 'full', keyless)).toEqual([]);
    await archive.add(ids, AT, { receipt: false });
    expect(await kinds(key, 'full', keyless)).toEqual(['unexpected-object']);
  });

  it('is not found when there is neither', async () => {
    next += 1;
    const key = objectKey({ ...idsAt(next), at: AT });
    await expect(verifyAgainstReceipt(archive.ports, key, 'head', unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
  });
});
