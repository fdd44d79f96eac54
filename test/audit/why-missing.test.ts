import { describe, expect, it } from 'vitest';
import { findRecording } from '../../src/audit/find-recording.ts';
import { createMissingReasons } from '../../src/audit/why-missing.ts';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ExpiredObjects } from '../../src/ports.ts';
import {
  type Erasure,
  ERASURE_SCHEMA,
  erasureKey,
  formatErasure,
  subjectHash,
  tombstoneId,
} from '../../src/record/erasure.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { mapStore } from '../archive/map-store.ts';

const NOON = Date.UTC(2026, 4, 20, 12);
const keyAt = (recordingId: string) => objectKey({ recordingId, at: NOON });
const TEXT = { metadata: {}, contentType: 'application/json' };

async function open() {
  const store = mapStore();
  const put = (key: string, text: string) => store.put(key, Buffer.from(text), TEXT, unlimited);
  const asked: string[] = [];
  const expired: ExpiredObjects = {
    of: (day) => {
      asked.push(day);
      return Promise.resolve(new Map([[keyAt('expired'), Date.UTC(2026, 5, 1)]]));
    },
  };
  // what stands there is not read as a receipt, and is one all the same
  for (const id of ['expired', 'gone']) await put(receiptKey(keyAt(id)), 'x');
  await put(keyAt('there'), 'x');
  const listed: string[] = [];
  const list = store.list.bind(store);
  store.list = (prefix, budget) => {
    listed.push(prefix);
    return list(prefix, budget);
  };
  return { store, put, expired, listed, asked };
}

const codeAndText = (error: unknown) => {
  const { code, message } = error as ArchiveError;
  return { code, message };
};

describe('why there is nothing to read under an id', () => {
  it('is told apart: let go by a rule, erased, gone with its receipt left, and never here', async () => {
    const { store, put, expired } = await open();
    const erasure: Erasure = {
      schema: ERASURE_SCHEMA,
      id: tombstoneId('erased'),
      day: '2026-05-20',
      what: ['media'],
      reason: 'request 31',
      at: '2026-05-21T00:00:00.000Z',
      by: 'A. Brandt',
      recording: subjectHash('erased'),
    };
    await put(erasureKey(erasure.id), formatErasure(erasure).toString('utf8'));
    const why = async (id: string) =>
      codeAndText(await findRecording(store, id, { expired }, unlimited).catch((error: unknown) => error));
    expect(await why('expired')).toEqual({
      code: 'RECORDING_EXPIRED',
      message: 'the recording was removed by its rule of retention, which let it go on 2026-06-01',
    });
    expect(await why('erased')).toEqual({
      code: 'RECORDING_ERASED',
      message: 'the recording was erased on 2026-05-21',
    });
    expect(await why('gone')).toEqual({
      code: 'OBJECT_NOT_FOUND',
      message: `${keyAt('gone')} is gone from map:: its receipt is there, and no erasure and no rule of retention explains it`,
    });
    expect(await why('nowhere')).toEqual({
      code: 'OBJECT_NOT_FOUND',
      message: 'no recording nowhere in map:',
    });
  });

  it('is unknown, and no answer, where what it takes to know it may not be read', async () => {
    const { store } = await open();
    const expired: ExpiredObjects = { of: () => Promise.reject(new ArchiveError('STORE_DENIED', 'no')) };
    await expect(findRecording(store, 'gone', { expired }, unlimited)).rejects.toMatchObject({
      code: 'STORE_DENIED',
    });
  });

  it('is found for many with one listing, and with none before it is asked', async () => {
    const { store, expired, listed } = await open();
    const why = createMissingReasons(store, ['expired', 'gone', 'nowhere'], { expired }, unlimited);
    expect(listed).toEqual([]);
    const codes = await Promise.all(['nowhere', 'expired', 'gone'].map(async (id) => (await why(id)).code));
    expect(codes).toEqual(['OBJECT_NOT_FOUND', 'RECORDING_EXPIRED', 'OBJECT_NOT_FOUND']);
    expect(listed.filter((prefix) => prefix.startsWith('receipts/')).length).toBe(
      new Set(listed.filter((prefix) => prefix.startsWith('receipts/'))).size,
    );
  });
});
