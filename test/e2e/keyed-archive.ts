import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { restoreRecording } from '../../src/audit/read-recording.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type SignedReceipt } from '../../src/record/receipt/schema.ts';
import { getSmall } from '../../src/record/small-object.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver, createReader, openConfiguredStore } from '../../src/create/archiver.ts';
import { writeKeyringFile } from '../../src/envelope/keys/files.ts';
import { addKey } from '../../src/envelope/keys/keyring.ts';
import { ArchiveError } from '../../src/errors.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { type SimulatorOptions, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
export const BUCKET = 'recordings';

// slow to make, and which pair it is does not matter
const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });

export type Mode = 'static' | 'kms' | 'aes' | 'rsa';
export type Settings = Record<string, string>;

/** Settings to write with, and to read with, in each key mode. */
export type KeyModes = Readonly<Record<Mode, { readonly write: Settings; readonly read: Settings }>>;

async function makeKeys(dir: string): Promise<KeyModes> {
  const keyring = join(dir, 'keyring.json');
  await writeKeyringFile(keyring, addKey(undefined, 'k1'));
  const [publicFile, privateFile] = [join(dir, 'public.pem'), join(dir, 'private.pem')];
  await writeFile(publicFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(privateFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const same = (settings: Settings) => ({ write: settings, read: settings });
  return {
    static: same({ ENCRYPTION_KEY_HEX: 'a1'.repeat(32) }),
    kms: same({ ARCHIVE_KMS_KEY_ID: 'alias/recordings', GENESYS_ORGANIZATION_ID: ORGANIZATION }),
    aes: same({ ARCHIVE_KEYRING_FILE: keyring }),
    rsa: {
      write: { ARCHIVE_PUBLIC_KEY_FILE: publicFile },
      read: { ARCHIVE_PRIVATE_KEY_FILE: privateFile },
    },
  };
}

/**
 * A simulated platform with S3 and KMS, and the archive on it. The environment of this process points the AWS SDK there until
 * the test ends.
 */
export async function startKeyedArchive(options: SimulatorOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'keyed-'));
  const clock = fastClock();
  const simulator = await startSimulator({
    recordings: 2,
    s3: { dir: join(dir, 's3'), bucket: BUCKET },
    kms: { dir: join(dir, 'keys') },
    now: () => clock.now(),
    ...options,
  });
  const { S3_ARCHIVE_BUCKET: _, ...base } = simulator.environment();
  for (const [name, value] of Object.entries(base)) if (name.startsWith('AWS_')) vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });
  const keys = await makeKeys(dir);
  const logger = recordingLogger();
  const stores: Settings = { directory: `file:${join(dir, 'archive')}`, S3: `s3://${BUCKET}` };

  /** @returns the key of the object that holds a recording. */
  const archive = async (settings: Settings, store: string, index = 0) => {
    const env = { ...base, ARCHIVE_STORE: store, ...settings };
    const archiver = await createArchiver(loadConfig({ env }, 'archive'), { clock, logger });
    try {
      const parsed = parseEvent(simulator.event(simulator.recordings[index]?.id ?? '', 'eventbridge'));
      const [request] = parsed.kind === 'requests' ? parsed.requests : [];
      if (request === undefined) throw new Error('the event names nothing');
      const [result] = await archiver.archive(request);
      if (result?.state !== 'archived') throw new Error(`not archived: ${result?.state}`);
      const stat = await archiver.store.head(result.key, unlimited);
      return { ...result, metadata: stat?.metadata ?? {} };
    } finally {
      archiver.close();
    }
  };

  const receiptOf = async (store: string, key: string): Promise<SignedReceipt> => {
    const env = { ...base, ARCHIVE_STORE: store };
    const opened = await openConfiguredStore(loadConfig({ env }, 'store'), { clock, logger });
    const place = receiptKey(key);
    return parseReceipt((await getSmall(opened, place, MAX_RECEIPT_BYTES, unlimited)) ?? '', place);
  };

  /** What restoring an object gives, or the code it fails with. A recording's digest tells whether it is whole. */
  const restore = async (settings: Settings, store: string, key: string) => {
    const config = loadConfig({ env: { ...base, ARCHIVE_STORE: store, ...settings } }, 'restore');
    const ports = {
      store: await openConfiguredStore(config, { clock, logger }),
      reader: await createReader(config, { clock, logger }),
    };
    let written = 0;
    const target = {
      write: (chunk: Uint8Array) => {
        written += chunk.byteLength;
        return Promise.resolve();
      },
      commit: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
    try {
      const { sha256 } = await restoreRecording(ports, key, target, unlimited);
      return { sha256 };
    } catch (error) {
      if (!(error instanceof ArchiveError)) throw error;
      return { code: error.code, hint: error.hint, written };
    }
  };
  const asked = (operation: string) =>
    simulator.requests.filter(({ server, route }) => server === 'kms' && route === operation).length;
  return { simulator, clock, logger, keys, base, dir, stores, archive, receiptOf, restore, asked };
}
