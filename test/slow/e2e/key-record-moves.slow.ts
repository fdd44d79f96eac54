import { generateKeyPairSync } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { verifyAgainstReceipt } from '../../../src/audit/verify-recording.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createReader, openConfiguredStore, openConfiguredVersions } from '../../../src/create/archiver.ts';
import { detectFormat } from '../../../src/envelope/detect.ts';
import { moveKeys, openMoving } from '../../../src/job-kinds/rekey.ts';
import { openRewrapping } from '../../../src/job-kinds/rewrap.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { instructionKey, readInstruction } from '../../../src/record/instruction-file.ts';
import { keyRecordKey } from '../../../src/record/key-record.ts';
import { createKeyRecords, keyRecordOf } from '../../../src/record/key-records.ts';
import { publishInstruction } from '../../../src/rekey/publish-instruction.ts';
import { rewrapRecording } from '../../../src/rekey/rewrap-recordings.ts';
import { sweepKeyRecords } from '../../../src/rekey/sweep-key-records.ts';
import { startKeyedArchive } from '../../e2e/keyed-archive.ts';

const write = { dryRun: false };
const day = { minAgeMs: 0, dryRun: false };

/** A signed archive of `aes` that another program may move under `rsa`. */
async function start(place: string, written: Record<string, string> = {}) {
  const lab = await startKeyedArchive();
  const { keys, stores, base, dir } = lab;
  await mkdir(dir, { recursive: true });
  const signing = `${dir}/signing.pem`;
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const settings = {
    ARCHIVE_STORE: stores[place] ?? '',
    ARCHIVE_KEY_RECORDS: `file:${dir}/key-records`,
    ARCHIVE_SIGNING_KEY_FILE: signing,
    ...keys.aes.write,
  };
  const env = { ...base, ...settings, ...keys.rsa.write, ...keys.rsa.read };
  const config = loadConfig({ env }, 'wrap');
  const tools = { clock: systemClock, logger: lab.logger };
  const store = await openConfiguredStore(config, tools);
  const moving = await openMoving(config, false, tools);
  const reader = await createReader(config, tools);
  return {
    ...lab,
    store,
    ports: { store, ...moving, reader },
    rewrapping: { store, ...(await openRewrapping(config, { wrap: 'rsa', unverified: false }, tools)) },
    records: await openConfiguredVersions(config, tools, 'key records'),
    archiveOne: () => lab.archive({ ...settings, ...written }, stores[place] ?? ''),
    restoreOne: (key: string) => lab.restore({ ...settings, ...keys.rsa.read }, stores[place] ?? '', key),
    keyRecordFile: (recordKey: string) => `${dir}/key-records/${recordKey}`,
  };
}

type Lab = Awaited<ReturnType<typeof start>>;

async function expectWhole(lab: Lab, key: string, wrap: string): Promise<void> {
  for (const depth of ['head', 'full'] as const)
    expect(await verifyAgainstReceipt(lab.ports, key, depth)).toMatchObject({ findings: [], wrap });
  expect(await lab.restoreOne(key)).toEqual({ sha256: await lab.simulator.recordings[0]?.sha256() });
}

const ofObject = async (store: ObjectStore, key: string) => {
  const stat = await store.head(key, unlimited);
  const of = stat && keyRecordOf(stat);
  if (of === undefined) throw new Error('the object carries its data key');
  return of;
};

describe.each(['directory', 'S3'])('a data key in the metadata of an object: %s', (place) => {
  it('is moved into a record, and the object stays what its receipt and mark state', async () => {
    const lab = await start(place);
    const { key } = await lab.archiveOne();
    expect(await moveKeys(lab.ports, key, { dryRun: true }, unlimited)).toMatchObject({ state: 'moved' });
    expect((await lab.store.head(key, unlimited))?.metadata).toHaveProperty('x-amz-3');
    const moved = await moveKeys(lab.ports, key, write, unlimited);
    expect(moved).toMatchObject({ state: 'moved', amendment: expect.stringContaining('.wrap-') as unknown });
    const { metadata = {} } = (await lab.store.head(key, unlimited)) ?? {};
    expect(Object.keys(metadata).filter((name) => name.startsWith('x-amz-'))).toHaveLength(3);
    await expectWhole(lab, key, 'receipt');
    expect(await moveKeys(lab.ports, key, write, unlimited)).toMatchObject({ state: 'present' });
    // and from there under another key
    const rewrapped = await rewrapRecording(lab.rewrapping, key, write, unlimited);
    expect(rewrapped).toMatchObject({ state: 'rewrapped', placement: 'record' });
    await expectWhole(lab, key, 'amendment');
  });

  it('is moved by the run after one that was killed at any point', async () => {
    const lab = await start(place);
    const { key } = await lab.archiveOne();
    // what writes, in the order in which it is done
    for (const step of [1, 2, 3]) {
      let left = step;
      const dying = new Error('killed');
      const stop = async <T>(work: () => Promise<T>): Promise<T> => {
        left -= 1;
        if (left === 0) throw dying;
        return work();
      };
      const store: ObjectStore = {
        ...lab.store,
        put: (...asked) => stop(() => lab.store.put(...asked)),
        replaceMetadata: (...asked) =>
          stop(async () => (await lab.store.replaceMetadata?.(...asked)) ?? Promise.reject(dying)),
      };
      await expect(moveKeys({ ...lab.ports, store }, key, write, unlimited)).rejects.toBe(dying);
      await expectWhole(lab, key, 'receipt');
    }
    expect(await moveKeys(lab.ports, key, write, unlimited)).toMatchObject({ state: 'moved' });
    await expectWhole(lab, key, 'receipt');
  });

  it('that was moved under another key before is moved as it is now', async () => {
    const lab = await start(place);
    const { key } = await lab.archiveOne();
    await rewrapRecording(lab.rewrapping, key, write, unlimited);
    expect(await moveKeys(lab.ports, key, write, unlimited)).toMatchObject({ state: 'moved' });
    await expectWhole(lab, key, 'amendment');
  });

  it('that a lock keeps is left where it is', async () => {
    const lab = await start(place);
    const { key } = await lab.archiveOne();
    const retainUntil = Date.now() + 86_400_000;
    const versions = { lockOf: () => Promise.resolve({ legalHold: false, retainUntil, metadata: {} }) };
    expect(await moveKeys({ ...lab.ports, versions }, key, write, unlimited)).toMatchObject({
      state: 'locked',
      reason: expect.stringContaining(new Date(retainUntil).toISOString()) as unknown,
    });
    expect((await lab.store.head(key, unlimited))?.metadata).toHaveProperty('x-amz-3');
  });
});

describe('an instruction file', () => {
  const RECORDS = { ARCHIVE_KEY_PLACEMENT: 'records' };

  it('is derived from the record, repaired, and renewed with it', async () => {
    const lab = await start('S3', RECORDS);
    const { key } = await lab.archiveOne();
    const publish = () => publishInstruction(lab.ports, key, write, unlimited);
    expect(await lab.store.head(instructionKey(key), unlimited)).toBeUndefined();
    expect(await publish()).toMatchObject({ state: 'published' });
    expect(await publish()).toMatchObject({ state: 'current' });
    const readable = async () => {
      const stat = await lab.store.head(key, unlimited);
      const body = await readInstruction(lab.store, key, unlimited);
      const record = await createKeyRecords(lab.store).get(await ofObject(lab.store, key), unlimited);
      expect(JSON.parse(body ?? '')).toEqual(record?.record.wrap);
      return detectFormat(stat?.metadata ?? {}, body).placement;
    };
    expect(await readable()).toBe('instruction');
    const file = await lab.store.head(instructionKey(key), unlimited);
    if (file === undefined) throw new Error('there is no file');
    await lab.store.replace?.(
      file,
      Buffer.from('{}'),
      { metadata: {}, contentType: 'text/plain' },
      unlimited,
    );
    // what stands beside the object is never read
    await expectWhole(lab, key, 'receipt');
    expect(await publish()).toMatchObject({ state: 'repaired' });
    await rewrapRecording(lab.rewrapping, key, write, unlimited);
    expect(await readable()).toBe('instruction');
    await expectWhole(lab, key, 'amendment');
  });

  it('is not written for an object that carries its data key', async () => {
    const lab = await start('directory');
    const { key } = await lab.archiveOne();
    expect(await publishInstruction(lab.ports, key, write, unlimited)).toMatchObject({ state: 'no-record' });
  });
});

describe('key records that no object has', () => {
  it('are swept after a day, and none that an object has or may still need', async () => {
    const lab = await start('directory', { ARCHIVE_KEY_PLACEMENT: 'records' });
    const { key } = await lab.archiveOne();
    const of = await ofObject(lab.store, key);
    const found = await createKeyRecords(lab.store).get(of, unlimited);
    if (found === undefined) throw new Error('there is no record');
    const messageId = (name: string) => Buffer.from(name.padEnd(28, '.')).toString('base64');
    const others = {
      lost: { ...of, messageId: messageId('lost race') },
      young: { ...of, messageId: messageId('young') },
      killed: { objectKey: key.replace(/[^/]+$/, 'killed.enc'), messageId: messageId('killed') },
    };
    for (const other of Object.values(others))
      await createKeyRecords(lab.store).put({ ...found.record, ...other }, unlimited);
    const aged = new Date(Date.now() - 25 * 3_600_000);
    for (const one of [of, others.lost, others.killed])
      await utimes(lab.keyRecordFile(keyRecordKey(one)), aged, aged);
    const ports = { ...lab.ports, records: lab.records, clock: systemClock };
    const sweep = async (how: typeof day) => {
      const states: Record<string, string> = {};
      for await (const swept of sweepKeyRecords(ports, how, unlimited)) states[swept.key] = swept.state;
      return states;
    };
    const expected = {
      [keyRecordKey(of)]: 'needed',
      [keyRecordKey(others.lost)]: 'orphan',
      [keyRecordKey(others.young)]: 'young',
      [keyRecordKey(others.killed)]: 'orphan',
    };
    expect(await sweep({ ...day, dryRun: true })).toEqual(expected);
    expect(await sweep(day)).toEqual(expected);
    expect(await sweep(day)).toEqual({ [keyRecordKey(of)]: 'needed', [keyRecordKey(others.young)]: 'young' });
    await expectWhole(lab, key, 'receipt');
  });

  it('are kept where the object that stands there is not what its receipt states, or is gone', async () => {
    const lab = await start('directory', { ARCHIVE_KEY_PLACEMENT: 'records' });
    const { key } = await lab.archiveOne();
    const of = await ofObject(lab.store, key);
    const aged = new Date(Date.now() - 25 * 3_600_000);
    await utimes(lab.keyRecordFile(keyRecordKey(of)), aged, aged);
    const ports = { ...lab.ports, records: lab.records, clock: systemClock };
    const judge = async (store: ObjectStore) => {
      for await (const { state } of sweepKeyRecords({ ...ports, store }, { ...day, dryRun: true }, unlimited))
        return state;
      return undefined;
    };
    const exchanged: ObjectStore = {
      ...lab.store,
      head: async (asked, budget) => {
        const stat = await lab.store.head(asked, budget);
        if (asked !== key || stat === undefined) return stat;
        return { ...stat, metadata: { ...stat.metadata, 'x-amz-i': Buffer.alloc(28, 1).toString('base64') } };
      },
    };
    expect(await judge(exchanged)).toBe('unsettled');
    const gone: ObjectStore = {
      ...lab.store,
      head: (asked, budget) => (asked === key ? Promise.resolve(undefined) : lab.store.head(asked, budget)),
    };
    expect(await judge(gone)).toBe('unsettled');
    expect(await judge(lab.store)).toBe('needed');
  });
});
