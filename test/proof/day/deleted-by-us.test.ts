import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { readDeletedByUs } from '../../../src/proof/day/deleted-by-us.ts';
import { subjectHash } from '../../../src/record/erasure.ts';
import { formatSigned } from '../../../src/record/receipt/receipt.ts';
import {
  SOURCE_DELETION_SCHEMA,
  type SourceDeletion,
  sourceDeletionKey,
} from '../../../src/record/source-deletion.ts';
import { failure } from '../../failure.ts';
import { idFrom, RECEIPT_KEYS, RECEIPT_SIGNER } from '../archive-fixture.ts';
import { plainStore } from '../plain-store.ts';

const D = '2026-03-02';
const NOON = Date.parse(`${D}T12:00:00Z`);

async function planted() {
  const store = plainStore();
  const steps = [
    ['ours', D, 0],
    ['ahead', D, 1],
    ['another day', '2026-03-03', 0],
  ] as const;
  for (const [word, day, after] of steps) {
    const step: SourceDeletion = {
      schema: SOURCE_DELETION_SCHEMA,
      n: 1,
      step: 'marked',
      day,
      ids: { conversation: 'c', recording: idFrom(word) },
      by: 'A. Brandt',
      deleteDate: new Date(NOON + after).toISOString(),
      times: { issued: `${D}T10:00:00.000Z` },
      tool: { name: 'genesys-media-archive', version: '1' },
    };
    const key = sourceDeletionKey({ day, recording: idFrom(word), n: 1 });
    store.plant(key, await formatSigned(step, RECEIPT_SIGNER));
  }
  return { store, receiptKeys: RECEIPT_KEYS, now: () => NOON };
}

const failing = async (code: 'STORE_DENIED' | 'STORE_UNAVAILABLE') => {
  const ports = await planted();
  const get = () => Promise.reject(new ArchiveError(code, 'no'));
  return { ...ports, store: { ...ports.store, get } };
};

describe('what this archive has deleted at the platform', () => {
  it('are the recordings of the day whose date has come', async () => {
    const ports = await planted();
    expect([...(await readDeletedByUs(ports, D, unlimited))]).toEqual([subjectHash(idFrom('ours'))]);
    const later = { ...ports, now: () => NOON + 1 };
    expect([...(await readDeletedByUs(later, D, unlimited))].sort()).toEqual(
      ['ours', 'ahead'].map((word) => subjectHash(idFrom(word))).sort(),
    );
  });

  it('is nothing where the role may not look, and an error where the store does not answer', async () => {
    expect([...(await readDeletedByUs(await failing('STORE_DENIED'), D, unlimited))]).toEqual([]);
    const error = await failure(readDeletedByUs(await failing('STORE_UNAVAILABLE'), D, unlimited));
    expect(error.code).toBe('STORE_UNAVAILABLE');
    const ports = await planted();
    const get = () => Promise.reject(Object.assign(new RangeError('no'), { code: 'STORE_DENIED' }));
    const broken = { ...ports, store: { ...ports.store, get } };
    await expect(readDeletedByUs(broken, D, unlimited)).rejects.toThrow(RangeError);
  });
});
