import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openChecked } from '../../src/audit/open-checked.ts';
import { readRange } from '../../src/audit/read-range.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createReader, openConfiguredStore, readTrust } from '../../src/create/archiver.ts';
import { ERASURE_SCHEMA, erasureKey, formatErasure, subjectHash } from '../../src/record/erasure.ts';
import { hashWrap } from '../../src/record/first-wrap.ts';
import { erasedKey, formatErased, formatKeyRecord, keyRecordKey } from '../../src/record/key-record.ts';
import { createKeyRecords, keyRecordOf } from '../../src/record/key-records.ts';
import { openVersions } from '../../src/store/open-versions.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { type Mode, startKeyedArchive } from './keyed-archive.ts';

const RECORDS = { ARCHIVE_KEY_PLACEMENT: 'records' };
const CODES = { kms: '12', aes: '02', rsa: '22' } as const;
const CASES = (['kms', 'aes', 'rsa'] as const).flatMap((mode) =>
  ['directory', 'S3'].map((place) => [mode, place] as const),
);

/** An archive whose key records are in a directory of their own. */
async function start(mode: Exclude<Mode, 'static'>, place: string) {
  const lab = await startKeyedArchive();
  const { keys, stores, base, dir, clock, logger } = lab;
  const location = stores[place] ?? '';
  const recordsAt = `file:${dir}/key-records`;
  const settings = { ...RECORDS, ARCHIVE_KEY_RECORDS: recordsAt };
  const config = loadConfig(
    { env: { ...base, ARCHIVE_STORE: location, ...settings, ...keys[mode].read } },
    'restore',
  );
  const store = await openConfiguredStore(config, { clock, logger });
  const ports = {
    store,
    reader: await createReader(config, { clock, logger }),
    ...(await readTrust(config)),
  };
  const recordsOnly = createDirectoryStore(`${dir}/key-records`);
  const listed = async (prefix: string) => {
    const found: string[] = [];
    for await (const { key } of recordsOnly.list(prefix, unlimited)) found.push(key);
    return found;
  };
  return {
    ...lab,
    store,
    ports,
    recordsOnly,
    listed,
    archiveOne: (index = 0) => lab.archive({ ...keys[mode].write, ...settings }, location, index),
    restoreOne: (key: string) => lab.restore({ ...keys[mode].read, ...settings }, location, key),
    receiptOf: (key: string) => lab.receiptOf(location, key),
    /** Destroys every version of a record. */
    destroy: async (recordKey: string) => {
      const versions = await openVersions(recordsAt);
      for await (const version of versions.versions(recordKey, unlimited))
        await versions.remove(version, unlimited);
    },
  };
}

/** Of an archived object. */
async function recordOf(lab: Awaited<ReturnType<typeof start>>, key: string) {
  const stat = await lab.store.head(key, unlimited);
  const of = stat && keyRecordOf(stat);
  if (of === undefined) throw new Error('the object carries its data key');
  const found = await createKeyRecords(lab.store).get(of, unlimited);
  return { of, place: keyRecordKey(of), found };
}

describe('a recording whose data key is kept in a record', () => {
  it.each(CASES)('goes in and comes out: %s, %s', async (mode, place) => {
    const lab = await start(mode, place);
    const { key, metadata } = await lab.archiveOne();
    expect(Object.keys(metadata).filter((name) => name.startsWith('x-amz-'))).toEqual([
      'x-amz-c',
      'x-amz-d',
      'x-amz-i',
    ]);
    const { place: at, found } = await recordOf(lab, key);
    expect(await lab.listed('')).toEqual([at]);
    expect(found?.record.wrap['x-amz-w']).toBe(CODES[mode]);
    const { envelope } = await lab.receiptOf(key);
    expect(envelope).toMatchObject({ format: 's3ec-v3', wrapSha256: hashWrap(found?.record.wrap ?? {}) });
    expect(envelope?.wrap).toBe({ kms: 'kms+context', aes: 'AES/GCM', rsa: 'RSA-OAEP-SHA1' }[mode]);
    expect(await lab.restoreOne(key)).toEqual({ sha256: await lab.simulator.recordings[0]?.sha256() });
    for (const depth of ['head', 'ciphertext', 'full'] as const) {
      const verification = await verifyAgainstReceipt(lab.ports, key, depth);
      expect(verification).toMatchObject({ findings: [], wrap: 'receipt', isErased: false });
    }
    // a redelivery makes no second record
    await lab.archiveOne();
    expect(await lab.listed('')).toEqual([at]);
  });

  it('is played from the middle', async () => {
    const lab = await start('aes', 'directory');
    const { key } = await lab.archiveOne();
    const read = async (first: number, last: number) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of readRange(lab.ports, key, { first, last }, unlimited)) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    const whole = await read(0, Number.MAX_SAFE_INTEGER);
    const sha256 = createHash('sha256').update(whole).digest('hex');
    expect(sha256).toBe(await lab.simulator.recordings[0]?.sha256());
    expect((await read(1000, 1999)).equals(whole.subarray(1000, 2000))).toBe(true);
  });

  it('is lost with its record, which verify tells at depth head, and no waiver opens', async () => {
    const lab = await start('aes', 'directory');
    const { key } = await lab.archiveOne();
    const { place } = await recordOf(lab, key);
    await lab.destroy(place);
    expect(await lab.restoreOne(key)).toMatchObject({ code: 'KEY_RECORD_MISSING', written: 0 });
    for (const depth of ['head', 'full'] as const) {
      const { findings } = await verifyAgainstReceipt(lab.ports, key, depth);
      expect(findings).toMatchObject([{ kind: 'missing-key', code: 'KEY_RECORD_MISSING' }]);
    }
    const waived = await openChecked({ ...lab.ports, unverified: true }, key, unlimited);
    await expect(waived.request.readInstruction()).rejects.toMatchObject({ code: 'KEY_RECORD_MISSING' });
  });

  it('is erased with its record: every reader refuses, and verify finds nothing wrong', async () => {
    const lab = await start('kms', 'S3');
    const { key, ids } = await lab.archiveOne();
    const { of, place } = await recordOf(lab, key);
    const json = { metadata: {}, contentType: 'application/json' };
    await lab.store.put(erasedKey(of), formatErased('erasure-1'), json, unlimited);
    await lab.destroy(place);
    // begun, and not stated yet
    expect((await verifyAgainstReceipt(lab.ports, key, 'head')).findings).toMatchObject([
      { kind: 'missing-key' },
    ]);
    const tombstone = formatErasure({
      schema: ERASURE_SCHEMA,
      id: 'erasure-1',
      day: '2026-11-28',
      what: ['key'],
      reason: 'request',
      at: '2026-11-28T00:00:00.000Z',
      recording: subjectHash(ids.recordingId),
    });
    await lab.store.put(erasureKey('erasure-1'), tombstone, json, unlimited);
    expect(await lab.restoreOne(key)).toMatchObject({ code: 'RECORDING_ERASED', written: 0 });
    await expect(openChecked({ ...lab.ports, unverified: true }, key, unlimited)).rejects.toMatchObject({
      code: 'RECORDING_ERASED',
      message: expect.stringContaining('erasure-1') as unknown,
    });
    for (const depth of ['head', 'ciphertext', 'full'] as const) {
      const verification = await verifyAgainstReceipt(lab.ports, key, depth);
      expect(verification).toMatchObject({ findings: [], isErased: true });
      expect(verification.notes.join()).toContain('erasure-1');
    }
  });

  it('is not read by the record of another, nor by one that was put in its place', async () => {
    const lab = await start('aes', 'directory');
    const [one, two] = [await lab.archiveOne(0), await lab.archiveOne(1)];
    const [first, second] = [await recordOf(lab, one.key), await recordOf(lab, two.key)];
    const { record } = second.found ?? {};
    if (record === undefined) throw new Error('there is no record');
    const put = async (body: Buffer) => {
      await lab.destroy(first.place);
      await lab.store.put(first.place, body, { metadata: {}, contentType: 'application/json' }, unlimited);
    };
    // as it is
    await put(formatKeyRecord(record));
    expect((await verifyAgainstReceipt(lab.ports, one.key, 'head')).findings).toMatchObject([
      { kind: 'unreadable-key' },
    ]);
    // relabelled
    await put(formatKeyRecord({ ...record, ...first.of }));
    expect((await verifyAgainstReceipt(lab.ports, one.key, 'head')).findings).toMatchObject([
      { kind: 'wrap' },
    ]);
    expect(await lab.restoreOne(one.key)).toMatchObject({ code: 'DECRYPT_FAILED', written: 0 });
  });

  it('whose receipt was never written gets one, with the wrap that it was stored with', async () => {
    const lab = await start('aes', 'directory');
    const { key, receiptKey } = await lab.archiveOne();
    const { envelope } = await lab.receiptOf(key);
    const versions = await openVersions(lab.stores['directory'] ?? '');
    for await (const version of versions.versions(receiptKey, unlimited))
      await versions.remove(version, unlimited);
    await lab.archiveOne();
    const completed = await lab.receiptOf(key);
    expect(completed).toMatchObject({ kind: 'completed', envelope: { wrapSha256: envelope?.wrapSha256 } });
    expect(await verifyAgainstReceipt(lab.ports, key, 'full')).toMatchObject({
      findings: [],
      wrap: 'receipt',
    });
  });
});
