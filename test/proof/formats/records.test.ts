import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { noteKey } from '../../../src/proof/formats/note.ts';
import {
  formatRecord,
  isSealSigned,
  parseLogFile,
  parseSealFile,
  type SealFile,
  sealText,
  type UnsignedSeal,
} from '../../../src/proof/formats/records.ts';

const ORIGIN = 'recordings.example.com/proof/org';
const pair = generateKeyPairSync('ed25519');
const key = noteKey(ORIGIN, pair.publicKey);
const unsigned: UnsignedSeal = {
  schema: 'genesys-media-archive/seal/v1',
  organization: 'org',
  origin: ORIGIN,
  from: 0,
  to: 1,
  root: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  entries: ['statement 2026-03-02 1df0c537476ff6b892c873a708dbf6177e6c3837a1580f472e764ce5222fe603'],
  objects: [{ key: 'days/2026/03/02/000000000000.json', text: '{}\n' }],
};
const value = sign(null, Buffer.from(sealText(unsigned)), pair.privateKey).toString('base64');
const seal: SealFile = { ...unsigned, signature: { id: key.id, value } };

describe('staged seals', () => {
  it('are read back as they were written, and are signed with the log’s key over all of it', () => {
    expect(parseSealFile(formatRecord(seal))).toEqual(seal);
    expect(isSealSigned(seal, [key])).toBe(true);
    expect(isSealSigned(seal, [])).toBe(false);
    expect(isSealSigned({ ...seal, from: 1 }, [key])).toBe(false);
    expect(isSealSigned({ ...seal, entries: [...seal.entries, 'more'] }, [key])).toBe(false);
    expect(isSealSigned({ ...seal, signature: { id: key.id, value: `${value}=` } }, [key])).toBe(false);
    expect(isSealSigned(seal, [noteKey('another', pair.publicKey)])).toBe(false);
    // the key that signed it stands among others of its name, and of its id
    const sameName = noteKey(ORIGIN, generateKeyPairSync('ed25519').publicKey);
    const sameId = { ...noteKey('another', sameName.publicKey), id: key.id };
    expect(isSealSigned(seal, [sameName, sameId, key])).toBe(true);
    expect(isSealSigned(seal, [sameName, sameId])).toBe(false);
  });

  it('sign a text that is no checkpoint, under any name of the log', () => {
    expect(sealText(unsigned)).toMatch(/^genesys-media-archive\/seal\/v1\n[0-9a-f]{64}\n$/);
  });

  it('in another spelling are none', () => {
    expect(parseSealFile(`${formatRecord(seal)}\n`)).toBeUndefined();
    expect(parseSealFile(JSON.stringify(seal))).toBeUndefined();
    expect(parseLogFile(formatRecord(seal))).toBeUndefined();
  });
});

describe('the file that a log begins with', () => {
  it('is read back as it was written, and states a day that there is', () => {
    const log = {
      schema: 'genesys-media-archive/log/v1',
      organization: 'org',
      origin: ORIGIN,
      first: '2026-03-02',
      vkey: key.vkey,
      created: '2026-03-03T03:00:00.000Z',
    } as const;
    expect(parseLogFile(formatRecord(log))).toEqual(log);
    expect(parseLogFile(formatRecord({ ...log, first: '2026-02-30' }))).toBeUndefined();
  });
});
