import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { restoreRecording } from '../../../src/audit/read-recording.ts';
import { unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createReader, openConfiguredStore } from '../../../src/create/archiver.ts';
import { readKeyringFile } from '../../../src/envelope/keys/files.ts';
import { keyringWrapper } from '../../../src/envelope/keys/keyring.ts';
import { createS3ecEnvelope } from '../../../src/envelope/s3ec/envelope.ts';
import { rejectionOf } from '../../envelope/bytes.ts';
import { fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { type Mode, ORGANIZATION, startKeyedArchive } from '../../e2e/keyed-archive.ts';

const formats: readonly (readonly [Mode, string])[] = [
  ['static', 'static-gcm'],
  ['kms', 's3ec-v3'],
  ['kms', 's3ec-v2'],
  ['aes', 's3ec-v3'],
  ['aes', 's3ec-v2'],
  ['rsa', 's3ec-v3'],
  ['rsa', 's3ec-v2'],
];
const WRAP_CODES: Readonly<Record<string, string>> = { kms: '12', aes: '02', rsa: '22' };
const cases = formats.flatMap(([mode, format]) =>
  ['directory', 'S3'].map((place) => [mode, format, place] as const),
);

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}

describe('a recording goes in and comes out', () => {
  it.each(cases)('%s, %s, %s', async (mode, format, place) => {
    const { keys, stores, archive, receiptOf, restore, simulator, logger, asked } = await startKeyedArchive();
    const store = stores[place] ?? '';
    const { key, metadata } = await archive({ ...keys[mode].write, ARCHIVE_FORMAT: format }, store);
    const wrap = metadata['x-amz-w'] ?? metadata['x-amz-wrap-alg'];
    const wraps = { kms: 'kms+context', aes: 'AES/GCM', rsa: 'RSA-OAEP-SHA1', static: undefined };
    expect(wrap).toBe(format === 's3ec-v3' ? WRAP_CODES[mode] : wraps[mode]);
    expect(asked('Decrypt')).toBe(0);
    const { envelope } = await receiptOf(store, key);
    expect(envelope).toMatchObject({ format: mode === 'static' ? 'static-gcm' : format });
    expect(envelope?.wrap).toBe(wraps[mode]);
    expect(envelope?.keyId).toEqual(
      { kms: 'alias/recordings', aes: 'k1', rsa: expect.stringMatching(/./) as unknown, static: undefined }[
        mode
      ],
    );
    const sha256 = await simulator.recordings[0]?.sha256();
    expect(await restore(keys[mode].read, store, key)).toEqual({ sha256 });
    // a redelivery asks for no second data key
    const before = simulator.requests.length;
    await archive({ ...keys[mode].write, ARCHIVE_FORMAT: format }, store);
    const more = simulator.requests.slice(before).map(({ route }) => route);
    expect(more).not.toContain('GenerateDataKey');
    expect(more).not.toContain('PutObject');
    expect(logger.lines.join('\n')).not.toMatch(/"level":"(?:warn|error)"/);
  });

  it('every format is read at once, with all keys', async () => {
    const { keys, stores, archive, restore, simulator } = await startKeyedArchive({ recordings: 7 });
    const store = stores['directory'] ?? '';
    const all = { ...keys.static.read, ...keys.kms.read, ...keys.aes.read, ...keys.rsa.read };
    for (const [index, [mode, format]] of formats.entries()) {
      const { key } = await archive({ ...keys[mode].write, ARCHIVE_FORMAT: format }, store, index);
      expect(await restore(all, store, key)).toEqual({ sha256: await simulator.recordings[index]?.sha256() });
      const others = Object.entries(keys).filter(([name]) => name !== mode);
      for (const [, { read }] of others) {
        expect(await restore(read, store, key)).toMatchObject({ code: 'DECRYPT_FAILED', written: 0 });
      }
    }
  });
});

describe('KMS', () => {
  it('a writer that may not decrypt archives all the same, and reads nothing', async () => {
    const { keys, stores, archive, restore, simulator } = await startKeyedArchive();
    simulator.faults.add({
      on: 'kms',
      id: 'Decrypt',
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'status', status: 403 },
    });
    const store = stores['S3'] ?? '';
    const { key } = await archive(keys.kms.write, store);
    expect(await restore(keys.kms.read, store, key)).toMatchObject({
      code: 'KMS_DENIED',
      hint: expect.stringContaining('kms:Decrypt') as unknown,
      written: 0,
    });
    simulator.faults.clear();
    expect(await restore(keys.kms.read, store, key)).toHaveProperty('sha256');
  });

  it('a reader that may not write reads', async () => {
    const { keys, stores, archive, restore, simulator } = await startKeyedArchive();
    const store = stores['directory'] ?? '';
    const { key } = await archive(keys.kms.write, store);
    simulator.faults.add({
      on: 'kms',
      id: 'GenerateDataKey',
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'status', status: 403 },
    });
    expect(await restore(keys.kms.read, store, key)).toHaveProperty('sha256');
    await expect(archive(keys.kms.write, store, 1)).rejects.toMatchObject({
      code: 'KMS_DENIED',
      retryable: false,
      hint: expect.stringContaining('kms:GenerateDataKey') as unknown,
    });
    expect(simulator.s3?.requests).toEqual([]);
  });

  it('is asked for what docs/aws-permissions.md grants, and that is all used', async () => {
    const { keys, stores, archive, restore, simulator } = await startKeyedArchive();
    const page = readFileSync('docs/aws-permissions.md', 'utf8');
    const granted = (name: string) => {
      const [, json = ''] = new RegExp(`\`\`\`json ${name}\\n([^\`]+)\`\`\``).exec(page) ?? [];
      const { Statement } = JSON.parse(json) as { Statement: { Action: string[]; Condition: object }[] };
      const text = JSON.stringify(Statement);
      const names = [...text.matchAll(/kms:EncryptionContext:([a-z-]+)/g)].map(
        ([, context]) => context ?? '',
      );
      return { actions: Statement.flatMap(({ Action }) => Action), names };
    };
    const asked = () =>
      (simulator.kms?.requests ?? []).map(({ operation, contextNames }) => ({
        action: `kms:${operation}`,
        contextNames,
      }));
    const store = stores['directory'] ?? '';
    const { key } = await archive(keys.kms.write, store);
    const written = asked();
    await restore(keys.kms.read, store, key);
    for (const [name, requests] of [
      ['kms-writer', written],
      ['kms-auditor', asked().slice(written.length)],
    ] as const) {
      const { actions, names } = granted(name);
      expect([...new Set(requests.map(({ action }) => action))]).toEqual(actions);
      expect(names.length).toBeGreaterThan(0);
      for (const { contextNames } of requests) expect(contextNames).toEqual(expect.arrayContaining(names));
    }
  });

  it('binds each object to its recording: the ids are all its context holds', async () => {
    const { keys, stores, archive, simulator } = await startKeyedArchive();
    const [recording] = simulator.recordings;
    const { metadata } = await archive(keys.kms.write, stores['directory'] ?? '');
    expect(JSON.parse(metadata['x-amz-t'] ?? '')).toEqual({
      'genesys-cloud-organization-id': ORGANIZATION,
      'conversation-id': recording?.interactionId,
      'recording-id': recording?.id,
      'aws:x-amz-cek-alg': '115',
    });
  });

  it('an object in another’s place, or of another organization, is refused before KMS is asked', async () => {
    const { keys, stores, archive, restore, simulator, asked, base } = await startKeyedArchive();
    const store = stores['directory'] ?? '';
    const { key, metadata } = await archive(keys.kms.write, store);
    const opened = await openConfiguredStore(
      loadConfig({ env: { ...base, ARCHIVE_STORE: store, ...keys.kms.read } }, 'restore'),
      { clock: fastClock(), logger: recordingLogger() },
    );
    const { body, stat } = await opened.get(key, unlimited);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const elsewhere = key.replace(simulator.recordings[0]?.id ?? '', simulator.recordings[1]?.id ?? '');
    expect(elsewhere).not.toBe(key);
    await opened.put(
      elsewhere,
      once(Buffer.concat(chunks)),
      { metadata, contentType: stat.contentType ?? '' },
      unlimited,
    );
    const refused = { code: 'CONTEXT_MISMATCH', written: 0 };
    expect(await restore(keys.kms.read, store, elsewhere)).toMatchObject(refused);
    const stranger = { ...keys.kms.read, GENESYS_ORGANIZATION_ID: 'another-organization' };
    expect(await restore(stranger, store, key)).toMatchObject(refused);
    expect(asked('Decrypt')).toBe(0);
    expect(await restore(keys.kms.read, store, key)).toHaveProperty('sha256');
  });

  it('throttling, failures and lost connections are waited out, and one recording is stored once', async () => {
    const { keys, stores, archive, restore, simulator, asked } = await startKeyedArchive();
    const store = stores['S3'] ?? '';
    for (const fault of [
      { kind: 'throttle', retryAfter: 'absent' },
      { kind: 'status', status: 500 },
      { kind: 'status', status: 503 },
      { kind: 'reset' },
      { kind: 'reset', afterBytes: 0 },
    ] as const) {
      simulator.faults.add({ on: 'kms', fault });
    }
    const { key } = await archive(keys.kms.write, store);
    expect([asked('GenerateDataKey'), simulator.faults.injected('kms')]).toEqual([6, 5]);
    expect(await restore(keys.kms.read, store, key)).toHaveProperty('sha256');
  });

  it('a download that starts over gets a data key of its own', async () => {
    const { keys, stores, archive, restore, simulator, asked } = await startKeyedArchive({
      recordings: [{ bytes: 400_000 }],
    });
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: true } });
    simulator.faults.add({ on: 'download', skip: 1, fault: { kind: 'change-etag', etag: 'changed' } });
    const { key, restarts } = await archive(keys.kms.write, stores['directory'] ?? '');
    expect(restarts).toBeGreaterThan(0);
    expect(asked('GenerateDataKey')).toBe(1 + restarts);
    expect(await restore(keys.kms.read, stores['directory'] ?? '', key)).toHaveProperty('sha256');
  });

  it('is loaded only where a KMS key is used', () => {
    const sources = readFileSync('src/envelope/keys/sources.ts', 'utf8');
    expect(sources).toContain("await import('../kms/data-keys.ts')");
    expect(sources).not.toMatch(/from '\.\.\/kms\/data-keys\.ts'/);
  });
});

describe('a refusal', () => {
  it('lets go of the connection the object comes over, however often it happens', async () => {
    const { keys, stores, archive, base } = await startKeyedArchive({ recordings: [{ bytes: 2_000_000 }] });
    const store = stores['S3'] ?? '';
    const { key } = await archive(keys.aes.write, store);
    const config = loadConfig({ env: { ...base, ARCHIVE_STORE: store, ...keys.static.read } }, 'restore');
    const ports = {
      store: await openConfiguredStore(config, { clock: fastClock(), logger: recordingLogger() }),
      reader: await createReader(config),
    };
    const target = {
      write: () => Promise.resolve(),
      commit: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
    // more than the SDK's 50 connections
    for (let count = 0; count < 60; count += 1) {
      const failure = await rejectionOf(restoreRecording(ports, key, target, unlimited));
      expect(failure.code).toBe('DECRYPT_FAILED');
    }
  });
});

describe('an object whose data key stands in an instruction file', () => {
  it('is read with it, and not without it', async () => {
    const { keys, stores, restore, base } = await startKeyedArchive();
    const store = stores['S3'] ?? '';
    const opened = await openConfiguredStore(
      loadConfig({ env: { ...base, ARCHIVE_STORE: store, ...keys.aes.read } }, 'restore'),
      { clock: fastClock(), logger: recordingLogger() },
    );
    const envelope = createS3ecEnvelope({
      format: 's3ec-v3',
      placement: 'instruction',
      wrapper: keyringWrapper(await readKeyringFile(keys.aes.read['ARCHIVE_KEYRING_FILE'] ?? '')),
    });
    const sealer = await envelope.seal({ recordingId: 'r-1', conversationId: 'c-1' });
    const body = Buffer.concat([sealer.update(Buffer.from('a call')), sealer.final()]);
    const key = 'archive/2026/11/23/r-1.enc';
    const contentType = 'application/octet-stream';
    await opened.put(key, once(body), { metadata: sealer.metadata, contentType }, unlimited);
    expect(await restore(keys.aes.read, store, key)).toMatchObject({ code: 'OBJECT_MALFORMED', written: 0 });
    const { suffix = '', body: instruction = '' } = sealer.instruction ?? {};
    const file = { metadata: {}, contentType: 'application/json' };
    await opened.put(`${key}${suffix}`, once(Buffer.from(instruction)), file, unlimited);
    expect(await restore(keys.aes.read, store, key)).toHaveProperty('sha256');
  });
});
