import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { logKeys, parseNoteKey, parseStatementKey } from '../../../src/proof/formats/log-keys.ts';
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

describe('names of the objects of a log', () => {
  const keys = logKeys('org');

  it('stand below the prefix of the organization, and sort as the log grows', () => {
    expect(keys.seal(7)).toBe('proof/org/seals/000000000007.json.gz');
    expect(keys.statement('2026-03-02', 12)).toBe('proof/org/days/2026/03/02/000000000012.json');
    expect(keys.note(3)).toBe('proof/org/checkpoints/000000000003.note');
    expect(keys.token(3, 'tsa-1')).toBe('proof/org/checkpoints/000000000003.tsa-1.tsr');
    expect(keys.list('2026-03-02', 'ab'.repeat(32), 'source')).toBe(
      `proof/org/lists/2026/03/02/${'ab'.repeat(8)}.source.jsonl.gz`,
    );
  });

  it('are read back, and nothing else is', () => {
    expect(parseStatementKey(keys, keys.statement('2026-03-02', 12))).toEqual({
      day: '2026-03-02',
      index: 12,
    });
    expect(parseNoteKey(keys, keys.note(3))).toBe(3);
    expect(parseStatementKey(keys, keys.note(3))).toBeUndefined();
    expect(parseStatementKey(logKeys('other'), keys.statement('2026-03-02', 12))).toBeUndefined();
    expect(parseNoteKey(keys, keys.token(3, 'a'))).toBeUndefined();
  });
});
