import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import { toArchiveError } from '../../src/errors.ts';
import { formatKeyList, parseKeyList } from '../../src/signing/key-list.ts';
import { requireSigningKey } from '../../src/signing/require-signing-key.ts';
import { readReceiptKeys } from '../../src/signing-keys.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519').publicKey;
const idOf = signingKeyId;
const base64 = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const entry = { keyId: idOf(publicKey), publicKey: base64 };
const listOf = (...keys: object[]) => JSON.stringify({ version: 1, keys });
const problemOf = (text: string) => {
  try {
    parseKeyList(text, 'the list');
  } catch (error) {
    const { code, message } = toArchiveError(error);
    return `${code}: ${message}`;
  }
  return 'none';
};

async function fileWith(text: string, name = 'keys.json') {
  const dir = await mkdtemp(join(tmpdir(), 'key-list-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, name), text);
  return join(dir, name);
}

describe('a list of public keys', () => {
  it('holds keys in PEM and in base64, with times and a comment', () => {
    const full = {
      keyId: idOf(publicKey),
      publicKey: pem,
      validFrom: '2026-01-01T00:00:00Z',
      validUntil: '2027-01-01T00:00:00.000Z',
      revokedAt: '2026-11-28T09:30:00Z',
      storedBy: '2026-11-28T10:00:00Z',
      comment: 'the first',
    };
    expect(parseKeyList(listOf(full), 'it').keys).toEqual([full]);
    expect(parseKeyList(listOf(entry), 'it').keys).toEqual([entry]);
    const written = formatKeyList(parseKeyList(listOf(full), 'it'));
    expect(parseKeyList(written, 'it').keys).toEqual([full]);
    expect(written.endsWith('}\n')).toBe(true);
  });

  it.each<[string, string, string]>([
    ['no JSON', '{', 'the list is not JSON'],
    ['no keys', listOf(), 'keys names no key'],
    ['another version', JSON.stringify({ version: 2, keys: [entry] }), 'version is not 1'],
    [
      'an unknown member, which may be a limit spelled wrong',
      listOf({ ...entry, revoked: '2026-01-01T00:00:00Z' }),
      'keys.0 has members that no list has',
    ],
    [
      'a time without its zone',
      listOf({ ...entry, revokedAt: '2026-01-01T00:00:00' }),
      'keys.0.revokedAt is not a time',
    ],
    ['a day for a time', listOf({ ...entry, validFrom: '2026-01-01' }), 'keys.0.validFrom is not a time'],
    [
      'a time of another zone',
      listOf({ ...entry, validFrom: '2026-01-01T00:00:00+01:00' }),
      'keys.0.validFrom is not a time',
    ],
    ['no time at all', listOf({ ...entry, revokedAt: null }), 'keys.0.revokedAt is not a time'],
    [
      'an end before the beginning',
      listOf({ ...entry, validFrom: '2026-02-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' }),
      'keys.0.validUntil is before its validFrom',
    ],
    [
      'the id of another key',
      listOf({ ...entry, keyId: idOf(other) }),
      'keys.0.keyId is not the id of its publicKey',
    ],
    [
      'an id in capitals',
      listOf({ ...entry, keyId: 'ABCDEF0123456789' }),
      'keys.0.keyId is not 16 hexadecimal digits',
    ],
    [
      'one key twice',
      listOf(entry, { ...entry, revokedAt: '2026-01-01T00:00:00Z' }),
      'keys.1 is a key that the list has already',
    ],
    [
      'a private key',
      listOf({ ...entry, publicKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }),
      'keys.0.publicKey holds a private key',
    ],
    [
      'a private key in base64',
      listOf({ ...entry, publicKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64') }),
      'keys.0.publicKey holds no public key',
    ],
    [
      'a key of another kind',
      listOf({
        ...entry,
        publicKey: generateKeyPairSync('ed448').publicKey.export({ type: 'spki', format: 'pem' }),
      }),
      'keys.0.publicKey holds another key than Ed25519',
    ],
    [
      'text in the place of a key',
      listOf({ ...entry, publicKey: 'canary' }),
      'keys.0.publicKey holds no public key',
    ],
  ])('is refused as a whole with %s', (_what, text, problem) => {
    expect(problemOf(text)).toContain('CONFIG_INVALID: the list');
    expect(problemOf(text)).toContain(problem);
    expect(problemOf(text)).not.toContain('canary');
  });
});

describe('ARCHIVE_RECEIPT_PUBLIC_KEYS', () => {
  it('names lists, PEM files and keys in base64', async () => {
    const list = await fileWith(listOf({ ...entry, revokedAt: '2026-11-28T00:00:00Z' }));
    const file = await fileWith(other.export({ type: 'spki', format: 'pem' }).toString(), 'other.pem');
    const third = generateKeyPairSync('ed25519').publicKey;
    const inline = third.export({ type: 'spki', format: 'der' }).toString('base64');
    const keys = await readReceiptKeys([list, file, inline]);
    expect([...keys.keys()]).toEqual([idOf(publicKey), idOf(other), idOf(third)]);
    expect(keys.get(idOf(publicKey))).toMatchObject({ revokedAt: Date.UTC(2026, 10, 28) });
    expect(Object.keys(keys.get(idOf(third)) ?? {})).toEqual(['publicKey']);
  });

  it('holds a key to all limits that any source states: a PEM file does not lift a revocation', async () => {
    const one = await fileWith(
      listOf({ ...entry, validFrom: '2026-01-01T00:00:00Z', revokedAt: '2026-11-28T00:00:00Z' }),
    );
    const two = await fileWith(
      listOf({ ...entry, validFrom: '2026-02-01T00:00:00Z', revokedAt: '2026-12-24T00:00:00Z' }),
    );
    const bare = await fileWith(pem, 'bare.pem');
    for (const sources of [
      [one, two, bare],
      [bare, two, one],
      [base64, one, two],
    ]) {
      const key = (await readReceiptKeys(sources)).get(idOf(publicKey));
      expect(key).toMatchObject({ validFrom: Date.UTC(2026, 1, 1), revokedAt: Date.UTC(2026, 10, 28) });
      expect(key).not.toHaveProperty('validUntil');
    }
  });
});

describe('a key that is to sign', () => {
  const keyId = idOf(publicKey);
  const now = Date.UTC(2026, 10, 28);
  const refusal = (keys: Parameters<typeof requireSigningKey>[1]['keys'], mustBeListed = false) => {
    try {
      requireSigningKey({ keyId }, { keys, mustBeListed, now });
    } catch (error) {
      return toArchiveError(error).message;
    }
    return undefined;
  };

  it.each<[string, object]>([
    ['was revoked', { revokedAt: now }],
    ['was revoked', { storedBy: now - 1 }],
    ['is not in use at this time', { validFrom: now + 1 }],
    ['is not in use at this time', { validUntil: now - 1 }],
  ])('%s: what it would sign, no reader would believe', (why, limits) => {
    expect(refusal(new Map([[keyId, { publicKey, ...limits }]]))).toContain(why);
  });

  it('may be one that is listed, or, where it is in a file, one that is not', () => {
    const listed = { publicKey, validFrom: now, validUntil: now, revokedAt: now + 1 };
    expect(refusal(new Map([[keyId, listed]]), true)).toBeUndefined();
    expect(refusal(new Map([[idOf(other), other]]))).toBeUndefined();
    expect(refusal(new Map(), true)).toBeUndefined();
  });

  it('must be listed where a service shows it: an impostor of the service has another', () => {
    expect(refusal(new Map([[idOf(other), other]]), true)).toContain(
      'is not among ARCHIVE_RECEIPT_PUBLIC_KEYS',
    );
  });
});
