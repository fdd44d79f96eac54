import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyRecord } from '../../src/ports.ts';
import { firstWrapMetadata, firstWrapOf, hashWrap } from '../../src/record/first-wrap.ts';
import {
  erasedKey,
  formatErased,
  formatKeyRecord,
  isKeyRecordKey,
  keyRecordFolder,
  keyRecordKey,
  parseErased,
  parseKeyRecord,
  requireKeyRecord,
} from '../../src/record/key-record.ts';
import { isObjectKey } from '../../src/store/object-rules.ts';

const RECORDING = '6e9f3c7a-1b2d-4e5f-8a9b-0c1d2e3f4a5b';
const OBJECT = `archive/2026/11/28/${RECORDING}.enc`;
const FORMAT = readFileSync('docs/format.md', 'utf8');
const messageId = () => randomBytes(28).toString('base64');

function record(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    ids: { conversationId: 'c-1', recordingId: RECORDING, organizationId: 'o-1' },
    objectKey: OBJECT,
    messageId: Buffer.alloc(28, 0xfb).toString('base64'),
    wrap: { 'x-amz-3': 'AAAA', 'x-amz-w': '12', 'x-amz-t': '{"recording-id":"r"}' },
    ...changes,
  };
}

describe('a key record', () => {
  it('is the one that docs/format.md shows', () => {
    const [, shown] = /<!-- tested: key-record -->\n```json\n(.+\n)```/.exec(FORMAT) ?? [];
    expect(shown).toBe(String(formatKeyRecord(record())));
  });

  it('has one spelling, which is read back to what it was made of', () => {
    const bytes = formatKeyRecord(record());
    expect(String(bytes)).toBe(
      `{"ids":{"conversation":"c-1","organization":"o-1","recording":"${RECORDING}"},"object":{"key":"${OBJECT}","messageId":"${record().messageId}"},"schema":"genesys-media-archive/key-record/v1","wrap":{"x-amz-3":"AAAA","x-amz-t":"{\\"recording-id\\":\\"r\\"}","x-amz-w":"12"}}\n`,
    );
    expect(parseKeyRecord(String(bytes))).toEqual(record());
  });

  it('is refused in any other spelling, and with any member more', () => {
    const text = String(formatKeyRecord(record()));
    const wrong = [
      text.trimEnd(),
      ` ${text}`,
      text.replace('"ids"', '"more":1,"ids"'),
      text.replace('"x-amz-w":"12"', '"x-amz-w":"13"'),
      text.replace('"x-amz-3":"AAAA",', ''),
      text.replace('key-record/v1', 'key-record/v2'),
      text.replace(/"messageId":"[^"]*"/, '"messageId":"AAAA"'),
      '[]\n',
      '',
    ];
    expect(wrong.map(parseKeyRecord)).toEqual(wrong.map(() => undefined));
  });

  it('is taken for no object but its own', () => {
    const text = String(formatKeyRecord(record()));
    expect(requireKeyRecord(text, record())).toEqual(record());
    const others = [
      { ...record(), objectKey: OBJECT.replace('28', '27') },
      { ...record(), messageId: messageId() },
    ];
    for (const of of others) {
      expect(() => requireKeyRecord(text, of)).toThrow(
        expect.objectContaining({ code: 'OBJECT_MALFORMED', message: expect.not.stringContaining('AAAA') }),
      );
    }
  });

  it('stands in the folder of its recording, whichever file, version or context of it is meant', () => {
    const folder = `keys/2026/11/28/${RECORDING}/`;
    const files = ['.enc', '.0.enc', '.v2.enc', '.0.v3.enc'].map((end) => OBJECT.replace('.enc', end));
    const beside = ['context', 'transcripts'].map((name) => `${name}/2026/11/28/${RECORDING}.json.enc`);
    const forbidden = `transcripts/2026/11/28/${RECORDING}.0.=forbidden.json.enc`;
    const all = [...files, ...beside, forbidden];
    expect(all.map(keyRecordFolder)).toEqual(all.map(() => folder));
    expect(keyRecordKey(record())).toBe(`${folder}-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-w.json`);
    const exported = 'org/year=2026/month=11/conversation_id=c/rec.wav';
    expect(keyRecordFolder(exported)).toBe(`keys/${exported}/`);
    expect(keyRecordFolder(`archive/q/2026/${RECORDING}.enc`)).toBe(`keys/q/2026/${RECORDING}/`);
  });

  it('has a name that no other attempt has, and that every store takes', () => {
    const ids = fc.uint8Array({ minLength: 28, maxLength: 28 });
    fc.assert(
      fc.property(ids, fc.constantFrom('', '.0', '.v2'), (id, end) => {
        const objectKey = OBJECT.replace('.enc', `${end}.enc`);
        const of = { objectKey, messageId: Buffer.from(id).toString('base64') };
        const key = keyRecordKey(of);
        expect([isObjectKey(key), isKeyRecordKey(key), isKeyRecordKey(erasedKey(of))]).toEqual([
          true,
          true,
          false,
        ]);
        const name = key.slice(keyRecordFolder(objectKey).length, -'.json'.length);
        expect(Buffer.from(name, 'base64url')).toEqual(Buffer.from(id));
        expect(parseKeyRecord(String(formatKeyRecord(record(of))))?.messageId).toBe(of.messageId);
      }),
    );
  });
});

describe('what an erasure leaves beside a record', () => {
  it('names the tombstone and nothing else', () => {
    expect(String(formatErased('erasure_1'))).toBe(
      '{"erasure":"erasure_1","schema":"genesys-media-archive/erased/v1"}\n',
    );
    expect(parseErased(String(formatErased('erasure_1')))).toBe('erasure_1');
    expect(parseErased('{"erasure":"../../x","schema":"genesys-media-archive/erased/v1"}\n')).toBeUndefined();
    expect(parseErased(String(formatErased('erasure_1')).trimEnd())).toBeUndefined();
  });
});

describe('what an object says of its first wrap', () => {
  it('is the hash that a receipt states of the same wrap', () => {
    const { wrap } = record();
    const metadata = firstWrapMetadata(wrap);
    expect(firstWrapOf(metadata)).toEqual({ code: '12', sha256: hashWrap(wrap) });
    expect(Object.keys(metadata)).toEqual(['gca-wrap']);
    expect(firstWrapMetadata(undefined)).toEqual({});
  });

  it('is nothing in any other form', () => {
    const [value = ''] = Object.values(firstWrapMetadata(record().wrap));
    const wrong = [value.slice(1), `${value}A`, value.replace('12.', '99.'), value.slice(0, -1), '12.', ''];
    expect(wrong.map((text) => firstWrapOf({ 'gca-wrap': text }))).toEqual(wrong.map(() => undefined));
  });
});
