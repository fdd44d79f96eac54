import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import {
  createArchiver,
  createReader,
  openConfiguredStore,
  openConfiguredVersions,
  readTrust,
} from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { moveKeys, openMoving } from '../../src/job-kinds/rekey.ts';
import { openRewrapping } from '../../src/job-kinds/rewrap.ts';
import { keyRecordOf } from '../../src/record/key-records.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { keyOfVersion } from '../../src/record/versions.ts';
import { reencryptRecording } from '../../src/rekey/reencrypt-recordings.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import { sweepKeyRecords } from '../../src/rekey/sweep-key-records.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { runHere } from '../cli/run-here.ts';
import { startKeyedArchive } from '../e2e/keyed-archive.ts';

const write = { dryRun: false };

/** A signed recording under `aes` and its successor. */
async function start(written: Record<string, string> = {}) {
  const lab = await startKeyedArchive();
  const { keys, stores, base, dir, simulator } = lab;
  await mkdir(dir, { recursive: true });
  const signing = `${dir}/signing.pem`;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(`${dir}/receipts.pem`, publicKey.export({ type: 'spki', format: 'pem' }));
  const settings = {
    ARCHIVE_STORE: stores['directory'] ?? '',
    ARCHIVE_KEY_RECORDS: `file:${dir}/key-records`,
    ARCHIVE_SIGNING_KEY_FILE: signing,
    ARCHIVE_RECEIPT_PUBLIC_KEYS: `${dir}/receipts.pem`,
    ...keys.aes.write,
  };
  const tools = { clock: systemClock, logger: lab.logger };
  const archiver = await createArchiver(
    loadConfig({ env: { ...base, ...settings, ...written } }, 'archive'),
    tools,
  );
  const [recording] = simulator.recordings;
  const parsed = parseEvent(simulator.event(recording?.id ?? '', 'eventbridge'));
  const [request] = parsed.kind === 'requests' ? parsed.requests : [];
  if (request === undefined || recording === undefined) throw new Error('the event names nothing');
  const [first] = await archiver.archive(request);
  simulator.faults.add({ on: 'download', fault: { kind: 'change-etag', etag: 'changed' } });
  await archiver.again(request, {
    reason: 'the call was redacted',
    locate: () => Promise.reject(new Error('it is stated')),
  });
  archiver.close();
  const key = first?.state === 'archived' ? first.key : objectKey({ recordingId: recording.id, at: 0 });
  const env = { ...base, ...settings, ...keys.rsa.write, ...keys.rsa.read };
  const config = loadConfig({ env }, 'wrap');
  const store = await openConfiguredStore(config, tools);
  const trust = await readTrust(config);
  const reader = await createReader(config, tools);
  const whole = async (name: string) =>
    (await verifyAgainstReceipt({ store, ...trust, reader }, name, 'full', unlimited)).findings;
  return {
    ...lab,
    env,
    config,
    tools,
    key,
    second: keyOfVersion(key, 2),
    store,
    reader,
    trust,
    whole,
    id: recording.id,
  };
}

describe('a successor', () => {
  it('has its key moved into a record, under another key from there, and swept by no gc', async () => {
    const { config, tools, key, second, store, reader, whole } = await start();
    const moving = await openMoving(config, false, tools);
    const rewrapping = await openRewrapping(config, { wrap: 'rsa', unverified: false }, tools);
    const ports = { store, ...moving, reader };
    for (const name of [key, second]) {
      expect(await moveKeys(ports, name, write, unlimited)).toMatchObject({ state: 'moved' });
      const stat = await store.head(name, unlimited);
      expect(stat && keyRecordOf(stat)).toBeDefined();
      const moved = await rewrapRecording({ store, ...rewrapping }, name, write, unlimited);
      expect(moved).toMatchObject({ state: 'rewrapped', placement: 'record' });
      expect(await whole(name)).toEqual([]);
    }
    const records = await openConfiguredVersions(config, tools, 'key records');
    const later = { ...systemClock, now: () => Date.now() + 3 * 86_400_000 };
    const states: string[] = [];
    const sweep = { ...moving, store, records, clock: later };
    for await (const { state } of sweepKeyRecords(sweep, { minAgeMs: 0, dryRun: false }, unlimited))
      states.push(state);
    expect(states).toEqual(['needed', 'needed']);
    expect(await whole(second)).toEqual([]);
  });

  it('is encrypted again as its own object, and compared when it is there', async () => {
    const { key, second, store, reader, trust, dir } = await start();
    const target = createDirectoryStore(`${dir}/target`);
    const { envelope, ports } = {
      envelope: createStaticEnvelope(Buffer.alloc(32, 5)),
      ports: { source: store, target, ...trust },
    };
    const resealer = {
      seal: (ids: object) => envelope.seal({ recordingId: '', conversationId: '', ...ids }),
    };
    const fresh = createEnvelopeReader({ staticKey: Buffer.alloc(32, 5) });
    const both = {
      unseal: (...asked: Parameters<typeof reader.unseal>) =>
        asked[0].metadata['x-amz-c'] === undefined && asked[0].metadata['x-amz-cek-alg'] === undefined
          ? fresh.unseal(...asked)
          : reader.unseal(...asked),
    };
    for (const name of [key, second]) {
      const asked = { ...ports, reader: both, resealer };
      expect(await reencryptRecording(asked, name, write, unlimited)).toMatchObject({
        state: 'reencrypted',
        key: name,
      });
      expect(await reencryptRecording(asked, name, write, unlimited)).toMatchObject({ state: 'present' });
    }
  });

  it('is held with the first object, and erased with it once the hold is released', async () => {
    const { env, id, key, second, store } = await start({ ARCHIVE_KEY_PLACEMENT: 'records' });
    const cli = (...args: string[]) => runHere(args, { env: { ...env, ARCHIVE_KEY_PLACEMENT: 'records' } });
    const placed = await cli('hold', 'place', id, '--matter', '2026/117', '--by', 'Ito', '--json');
    expect([placed.code, placed.stderr]).toEqual([0, expect.anything()]);
    const planned = await cli('erase', id, '--reason', 'request 31', '--by', 'Brandt', '--json');
    expect(planned.stderr).toMatch(/RECORDING_HELD|held/);
    const hold = placed.records().find(({ type }) => type === 'hold');
    const released = await cli(
      'hold',
      'release',
      String(hold?.['hold'] ?? hold?.['id']),
      '--by',
      'Ito',
      '--reason',
      'settled',
    );
    expect([released.code, released.stderr]).toEqual([0, expect.anything()]);
    const plan = await cli('erase', id, '--reason', 'request 31', '--by', 'Brandt', '--json');
    expect([plan.code, plan.stderr]).toEqual([0, expect.anything()]);
    const name = plan.records().find(({ type }) => type === 'plan');
    const done = await cli(
      'erase',
      '--confirm',
      String(name?.['plan'] ?? name?.['id']),
      '--by',
      'Brandt',
      '--yes',
      '1',
    );
    expect([done.code, done.stderr]).toEqual([0, expect.anything()]);
    for (const one of [key, second]) {
      expect(await store.head(one, unlimited)).toBeUndefined();
      expect(await store.head(receiptKey(one), unlimited)).toBeDefined();
    }
  });
});
