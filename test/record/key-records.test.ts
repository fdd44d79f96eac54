import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { KeyRecord, ObjectStore } from '../../src/ports.ts';
import { ERASURE_SCHEMA, erasureKey, formatErasure, subjectHash } from '../../src/record/erasure.ts';
import { firstWrapMetadata } from '../../src/record/first-wrap.ts';
import { erasedKey, formatErased, formatKeyRecord, keyRecordKey } from '../../src/record/key-record.ts';
import { createKeyRecords, findErasure, readWrap } from '../../src/record/key-records.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';

let root: string;
let store: ObjectStore;
let serial = 0;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'key-records-'));
  store = createDirectoryStore(root);
});
afterAll(() => rm(root, { recursive: true }));

const WRAP = { 'x-amz-3': 'AAAA', 'x-amz-w': '02', 'x-amz-m': '{"kid":"k1"}' };

function newRecord(): KeyRecord & { readonly stat: { key: string; metadata: Record<string, string> } } {
  const recordingId = `rec-${++serial}`;
  const objectKey = `archive/2026/11/28/${recordingId}.enc`;
  const messageId = randomBytes(28).toString('base64');
  const metadata = { 'x-amz-c': '115', 'x-amz-d': 'AA==', 'x-amz-i': messageId, ...firstWrapMetadata(WRAP) };
  return {
    ids: { recordingId, conversationId: 'c' },
    objectKey,
    messageId,
    wrap: WRAP,
    stat: { key: objectKey, metadata },
  };
}

const write = (key: string, body: Buffer | string) =>
  store.put(key, Buffer.from(body), { metadata: {}, contentType: 'application/json' }, unlimited);

describe('key records', () => {
  it('are written once, read, and replaced by a writer that knows what stands there', async () => {
    const { stat: _, ...record } = newRecord();
    const records = createKeyRecords(store);
    expect(await records.put(record, unlimited)).toBe('stored');
    expect(await records.put({ ...record, wrap: { ...WRAP, 'x-amz-3': 'BBBB' } }, unlimited)).toBe('exists');
    const found = await records.get(record, unlimited);
    if (found === undefined) throw new Error('there is no record');
    expect(found.record).toEqual(record);
    expect(await records.replace(found, { ...WRAP, 'x-amz-3': 'CCCC' }, unlimited)).toBe('replaced');
    expect(await records.replace(found, { ...WRAP, 'x-amz-3': 'DDDD' }, unlimited)).toBe('changed');
    expect((await records.get(record, unlimited))?.record.wrap['x-amz-3']).toBe('CCCC');
  });

  it('of one recording are listed together', async () => {
    const { stat: _, ...record } = newRecord();
    const other = {
      ...record,
      objectKey: record.objectKey.replace('.enc', '.v2.enc'),
      messageId: randomBytes(28).toString('base64'),
    };
    const records = createKeyRecords(store);
    await records.put(record, unlimited);
    await records.put(other, unlimited);
    const found: string[] = [];
    for await (const { key } of records.list(record.objectKey, unlimited)) found.push(key);
    expect(found).toEqual([keyRecordKey(record), keyRecordKey(other)].sort());
  });

  it('give a reader the wrap as an instruction file would', async () => {
    const { stat, ...record } = newRecord();
    await createKeyRecords(store).put(record, unlimited);
    expect(JSON.parse((await readWrap(store, stat, unlimited)) ?? '')).toEqual(WRAP);
  });

  it('of another object are refused under its name', async () => {
    const [one, { stat: _, ...other }] = [newRecord(), newRecord()];
    await write(keyRecordKey(one), formatKeyRecord(other));
    await expect(readWrap(store, one.stat, unlimited)).rejects.toMatchObject({ code: 'OBJECT_MALFORMED' });
  });

  it('that are gone are told from those that were erased', async () => {
    const { stat, ...record } = newRecord();
    await expect(readWrap(store, stat, unlimited)).rejects.toMatchObject({ code: 'KEY_RECORD_MISSING' });
    await write(erasedKey(record), formatErased('erasure-1'));
    // named, and no tombstone proves it
    await expect(readWrap(store, stat, unlimited)).rejects.toMatchObject({ code: 'KEY_RECORD_MISSING' });
    await write(erasureKey('erasure-1'), tombstone('erasure-1', record.ids.recordingId));
    await expect(readWrap(store, stat, unlimited)).rejects.toMatchObject({ code: 'RECORDING_ERASED' });
    expect(await findErasure(store, record, unlimited)).toBe('erasure-1');
  });

  it('are not taken for erased by the tombstone of another recording', async () => {
    const { stat, ...record } = newRecord();
    await write(erasedKey(record), formatErased('erasure-2'));
    await write(erasureKey('erasure-2'), tombstone('erasure-2', 'somebody-else'));
    await expect(readWrap(store, stat, unlimited)).rejects.toMatchObject({ code: 'KEY_RECORD_MISSING' });
  });

  it('leave instruction files to objects that never had one', async () => {
    const { stat, objectKey } = newRecord();
    const { 'gca-wrap': _, ...metadata } = stat.metadata;
    expect(await readWrap(store, { ...stat, metadata }, unlimited)).toBeUndefined();
    await write(`${objectKey}.instruction`, JSON.stringify(WRAP));
    expect(await readWrap(store, { ...stat, metadata }, unlimited)).toBe(JSON.stringify(WRAP));
  });
});

const tombstone = (id: string, recordingId: string) =>
  formatErasure({
    schema: ERASURE_SCHEMA,
    id,
    day: '2026-11-28',
    what: ['key'],
    reason: 'request',
    at: '2026-11-28T00:00:00.000Z',
    recording: subjectHash(recordingId),
  });
