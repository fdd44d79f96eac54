import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { sealBeside } from '../../src/archive/seal-beside.ts';
import { openChecked } from '../../src/audit/open-checked.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createReader, openConfiguredStore, openKeySources, readTrust } from '../../src/create/archiver.ts';
import { openEnvelope } from '../../src/envelope/keys/sources.ts';
import { openRewrapping } from '../../src/job-kinds/rewrap.ts';
import { contextKey, transcriptKey } from '../../src/record/object-key.ts';
import { MARK } from '../../src/record/writer-mark.ts';
import { rewrapRecording } from '../../src/rekey/rewrap-recordings.ts';
import { failure } from '../failure.ts';
import { startKeyedArchive } from './keyed-archive.ts';

const write = { dryRun: false };

/** A signed recording under `aes` with context and transcript, which another program may move under `rsa`. */
async function start(place: string) {
  const lab = await startKeyedArchive();
  const { keys, stores, base, dir } = lab;
  await mkdir(dir, { recursive: true });
  const signing = `${dir}/signing.pem`;
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  await writeFile(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(`${dir}/receipts.pem`, publicKey.export({ type: 'spki', format: 'pem' }));
  const settings = {
    ARCHIVE_STORE: stores[place] ?? '',
    ARCHIVE_SIGNING_KEY_FILE: signing,
    ARCHIVE_RECEIPT_PUBLIC_KEYS: `${dir}/receipts.pem`,
    ...keys.aes.write,
  };
  const env = { ...base, ...settings, ...keys.rsa.write, ...keys.rsa.read };
  const config = loadConfig({ env }, 'wrap');
  const tools = { clock: systemClock, logger: lab.logger };
  const store = await openConfiguredStore(config, tools);
  const rewrapping = await openRewrapping(config, { wrap: 'rsa', unverified: false }, tools);
  const { key, ids } = await lab.archive(settings, stores[place] ?? '');
  const beside = [contextKey(key), transcriptKey(key, 'known')] as const;
  const envelope = await openKeySources(config, (sources) =>
    openEnvelope({ mode: 'aes', format: 's3ec-v3' }, sources, tools),
  );
  const sealing = { store, envelope, signer: rewrapping.signer, organizationId: config.organizationId };
  for (const [at, kind] of (['context', 'transcript'] as const).entries()) {
    await sealBeside(sealing, { kind, ids, key: beside[at] ?? '', text: kind }, unlimited);
  }
  const onlyRsa = loadConfig(
    { env: { ...base, ARCHIVE_STORE: stores[place] ?? '', ...keys.rsa.read } },
    'restore',
  );
  const reader = await createReader(onlyRsa, tools);
  const trust = await readTrust(config);
  /** With the new key alone, held to the mark. */
  const open = async (name: string) => {
    const { stat, request } = await openChecked({ store, ...trust }, name, unlimited);
    const { body } = await store.get(name, unlimited);
    const unsealer = await reader.unseal(stat, request);
    const parts: Uint8Array[] = [];
    for await (const chunk of body) parts.push(unsealer.update(chunk));
    return Buffer.concat([...parts, unsealer.final()]).toString('utf8');
  };
  return { ...lab, key, beside, store, ports: { store, ...rewrapping }, open };
}

describe.each(['directory', 'S3'])('what stands beside a recording: %s', (place) => {
  it('is moved under the new key with it, and its mark holds', async () => {
    const { key, beside, store, ports, open } = await start(place);
    await expect(failure(open(beside[0]))).resolves.toMatchObject({ code: 'DECRYPT_FAILED' });
    expect(await rewrapRecording(ports, key, { dryRun: true }, unlimited)).toMatchObject({
      state: 'rewrapped',
    });
    expect(await rewrapRecording(ports, key, write, unlimited)).toMatchObject({ state: 'rewrapped', key });
    expect(await Promise.all(beside.map(open))).toEqual(['context', 'transcript']);
    expect(await rewrapRecording(ports, key, write, unlimited)).toMatchObject({ state: 'current', key });
    expect((await store.head(beside[0], unlimited))?.metadata).toHaveProperty([MARK]);
  });

  it('is moved by the run after one that was killed between recording and context', async () => {
    const { key, beside, ports, store, open } = await start(place);
    const dying = new Error('killed');
    let left = 2;
    const dies: typeof store = {
      ...store,
      replaceMetadata: async (...asked) => {
        left -= 1;
        return left === 0
          ? Promise.reject(dying)
          : ((await store.replaceMetadata?.(...asked)) ?? Promise.reject(dying));
      },
    };
    await expect(rewrapRecording({ ...ports, store: dies }, key, write, unlimited)).rejects.toBe(dying);
    expect(await rewrapRecording(ports, key, write, unlimited)).toMatchObject({ state: 'rewrapped', key });
    expect(await Promise.all(beside.map(open))).toEqual(['context', 'transcript']);
  });

  it('is left as it is where nothing can sign the mark anew', async () => {
    const { key, beside, ports, store } = await start(place);
    const before = (await store.head(beside[0], unlimited))?.metadata;
    await expect(
      failure(rewrapRecording({ ...ports, signer: undefined, keys: new Map() }, key, write, unlimited)),
    ).resolves.toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await store.head(beside[0], unlimited))?.metadata).toEqual(before);
  });
});
