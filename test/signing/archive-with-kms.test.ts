import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateAliasCommand, CreateKeyCommand, DisableKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { runHere } from '../cli/run-here.ts';

/**
 * The whole way with a signing key that stays in KMS: nothing of the process holds it, and the receipts are the same as with a file.
 */

let simulator: Simulator;
let client: KMSClient;
let keyArn: string;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kms-signing-'));
  simulator = await startSimulator({ recordings: 6, kms: { dir: join(dir, 'keys') } });
  const { KeyMetadata } = await sendTo((kms) =>
    kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' })),
  );
  keyArn = KeyMetadata?.Arn ?? '';
  await sendTo((kms) =>
    kms.send(new CreateAliasCommand({ AliasName: 'alias/receipts', TargetKeyId: keyArn })),
  );
  // the SDK reads the environment of the process
  for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
  await rm(dir, { recursive: true, force: true });
});

async function sendTo<T>(use: (client: KMSClient) => Promise<T>): Promise<T> {
  const { KMSClient: Client } = await import('@aws-sdk/client-kms');
  client = new Client({
    endpoint: simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: '11'.repeat(32),
    ARCHIVE_STORE: `file:${join(dir, 'store')}`,
    ARCHIVE_SIGNING_KMS_KEY_ID: keyArn,
    ...more,
  };
}

async function open(more: Readonly<Record<string, string>> = {}) {
  const config = loadConfig({ env: environment({ ENCRYPTION_KEY_HEX: randomKey, ...more }) }, 'archive');
  const archiver = await createArchiver(config);
  onTestFinished(() => {
    archiver.close();
  });
  const archive = async (index: number) => {
    const parsed = parseEvent(simulator.event(simulator.recordings[index]?.id ?? '', 'bare'));
    if (parsed.kind !== 'requests' || parsed.requests[0] === undefined) throw new Error('no request');
    return archiver.archive(parsed.requests[0]);
  };
  return { archive };
}

const randomKey = randomBytes(32).toString('hex');
const signs = () => (simulator.kms?.requests ?? []).filter(({ operation }) => operation === 'Sign').length;

async function receiptOf(index: number): Promise<string> {
  const id = simulator.recordings[index]?.id ?? '';
  const folder = join(dir, 'store', 'receipts');
  const names = await readdir(folder, { recursive: true });
  return join(folder, names.find((name) => name.endsWith(`${id}.json`)) ?? 'none');
}

async function publicPem(): Promise<string> {
  const { GetPublicKeyCommand } = await import('@aws-sdk/client-kms');
  const { PublicKey = new Uint8Array() } = await sendTo((kms) =>
    kms.send(new GetPublicKeyCommand({ KeyId: keyArn })),
  );
  const base64 = Buffer.from(PublicKey).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
}

describe('archiving with a signing key in KMS', () => {
  it('signs two messages for a recording, its mark and its receipt, and none for one that is archived', async () => {
    const { archive } = await open();
    await archive(0);
    expect(signs()).toBe(2);
    await archive(0);
    expect(signs()).toBe(2);
    await archive(1);
    expect(signs()).toBe(4);
    const shown = (simulator.kms?.requests ?? []).filter(({ operation }) => operation === 'GetPublicKey');
    expect(shown).toHaveLength(1);
  });

  it('makes receipts that openssl verifies as docs/format.md says', async () => {
    const { archive } = await open();
    await archive(2);
    const text = await readFile(await receiptOf(2), 'utf8');
    const { signature } = JSON.parse(text) as { signature: { value: string } };
    await writeFile(join(dir, 'signed.bin'), text.replace(/"signature":{[^}]*},/, '').trimEnd());
    await writeFile(join(dir, 'signature.bin'), Buffer.from(signature.value, 'base64'));
    await writeFile(join(dir, 'public.pem'), await publicPem());
    const options = '-verify -pubin -inkey public.pem -rawin -in signed.bin -sigfile signature.bin';
    const output = execFileSync('openssl', ['pkeyutl', ...options.split(' ')], { cwd: dir });
    expect(output.toString()).toContain('Signature Verified Successfully');
  });

  it('is verified with the public key that KMS shows, as text in the setting', async () => {
    const { archive } = await open();
    await archive(3);
    const inline = (await publicPem()).split('\n')[1] ?? '';
    const env = {
      ENCRYPTION_KEY_HEX: randomKey,
      ARCHIVE_RECEIPT_PUBLIC_KEYS: inline,
      ARCHIVE_STORE: `file:${join(dir, 'store')}`,
    };
    const verified = await runHere(['verify', '--all'], { env });
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining('0 findings')]);
    const stranger = generateKeyPairSync('ed25519').publicKey;
    const strangers = stranger.export({ type: 'spki', format: 'der' }).toString('base64');
    const refused = await runHere(['verify', '--all', '--json'], {
      env: { ...env, ARCHIVE_RECEIPT_PUBLIC_KEYS: strangers },
    });
    expect(refused.code).toBe(5);
    expect(refused.stdout).toContain('unknown-key');
  });

  it('refuses a key that is not among those that are listed, before it downloads anything', async () => {
    const other: KeyObject = generateKeyPairSync('ed25519').publicKey;
    const listed = other.export({ type: 'spki', format: 'der' }).toString('base64');
    const { archive } = await open({ ARCHIVE_RECEIPT_PUBLIC_KEYS: listed });
    const before = simulator.requests.length;
    await expect(archive(4)).rejects.toMatchObject({ code: 'CONFIG_INVALID', retryable: false });
    expect(simulator.requests.slice(before).filter(({ server }) => server !== 'kms')).toEqual([]);
    expect(signingKeyId(other)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('stores nothing while the key is disabled', async () => {
    await sendTo((kms) => kms.send(new DisableKeyCommand({ KeyId: keyArn })));
    const { archive } = await open();
    await expect(archive(5)).rejects.toMatchObject({ code: 'KMS_KEY_UNUSABLE', retryable: false });
    const files = await readdir(join(dir, 'store'), { recursive: true });
    expect(files.filter((name) => name.includes(simulator.recordings[5]?.id ?? 'none'))).toEqual([]);
  });
});
