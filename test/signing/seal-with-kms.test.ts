import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateKeyCommand, type KeySpec, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createSealer, type LogSealer } from '../../src/create/sealer.ts';
import { ArchiveError } from '../../src/errors.ts';
import { parseVkey } from '../../src/proof/formats/note.ts';
import { openCheckpoint } from '../../src/proof/log/place.ts';
import { fastClock } from '../fast-clock.ts';

const ORIGIN = 'recordings.example.com/proof/kms';
const FIRST = '2026-05-20';
const DAY_MS = 86_400_000;

let simulator: Simulator;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kms-seal-'));
  simulator = await startSimulator({ recordings: 0, kms: { dir: join(dir, 'keys') } });
  // the SDK reads the environment of the process
  for (const [name, value] of Object.entries(simulator.environment())) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
  await rm(dir, { recursive: true, force: true });
});

async function createKey(spec: KeySpec = 'ECC_NIST_EDWARDS25519'): Promise<string> {
  const client = new KMSClient({
    endpoint: simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const usage = spec === 'ECC_NIST_EDWARDS25519' ? { KeyUsage: 'SIGN_VERIFY' as const } : {};
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, ...usage }));
  client.destroy();
  return KeyMetadata?.Arn ?? '';
}

/** A sealer of the night after `day`, with a platform that does not answer. */
function open(store: string, settings: Readonly<Record<string, string>>, day = 0): Promise<LogSealer> {
  const env = {
    ...simulator.environment(),
    ARCHIVE_STORE: `file:${join(dir, store)}`,
    GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    ARCHIVE_PROOF_ORIGIN: ORIGIN,
    ...settings,
  };
  const source = { listDay: () => Promise.reject(new ArchiveError('SOURCE_UNAVAILABLE', 'not asked here')) };
  const clock = fastClock(Date.parse(`${FIRST}T03:00:00Z`) + (day + 1) * DAY_MS);
  return createSealer(loadConfig({ env }, 'seal'), { clock, source });
}

const verdictOf = (note: string | undefined, ...vkeys: readonly string[]) => {
  const trusted = vkeys.map(parseVkey).filter((key) => key !== undefined);
  return openCheckpoint({ origin: ORIGIN, trusted }, note ?? '').verdict;
};

describe('a log whose key stays in KMS', () => {
  it('is signed by it, and moves to another key of KMS with the signatures of both', async () => {
    const [first, second] = [await createKey(), await createKey()];
    const sealer = await open('moved', { ARCHIVE_PROOF_KMS_KEY_ID: first });
    const { log } = await sealer.init({ first: FIRST });
    const before = await sealer.sealDueDays();
    expect(verdictOf(before.head.note, log.vkey)).toBe('valid');
    const alone = await open('moved', { ARCHIVE_PROOF_KMS_KEY_ID: second, ARCHIVE_PROOF_VKEYS: log.vkey }, 1);
    await expect(alone.sealDueDays()).rejects.toMatchObject({ code: 'LOG_KEY_UNKNOWN' });
    const both = await open('moved', { ARCHIVE_PROOF_KMS_KEY_ID: `${second},${first}` }, 1);
    const vkey = await both.vkey();
    const { head } = await both.sealDueDays();
    expect(vkey).not.toBe(log.vkey);
    expect([verdictOf(head.note, log.vkey), verdictOf(head.note, vkey)]).toEqual(['valid', 'valid']);
    for (const each of [sealer, alone, both]) each.close();
  });

  it('can begin with a key in a file, which vouches for that in KMS', async () => {
    const file = join(dir, 'log.pem');
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(file, pem, { mode: 0o600 });
    const sealer = await open('from-file', { ARCHIVE_PROOF_KEY_FILE: file });
    const { log } = await sealer.init({ first: FIRST });
    await sealer.sealDueDays();
    const settings = { ARCHIVE_PROOF_KMS_KEY_ID: await createKey(), ARCHIVE_PROOF_KEY_FILE: file };
    const moved = await open('from-file', settings, 1);
    const { head } = await moved.sealDueDays();
    expect([verdictOf(head.note, log.vkey), verdictOf(head.note, await moved.vkey())]).toEqual([
      'valid',
      'valid',
    ]);
    for (const each of [sealer, moved]) each.close();
  });

  it.each<KeySpec>(['RSA_2048', 'SYMMETRIC_DEFAULT'])(
    'refuses a key of the spec %s, and writes nothing',
    async (spec) => {
      const sealer = await open(`refused-${spec}`, { ARCHIVE_PROOF_KMS_KEY_ID: await createKey(spec) });
      await expect(sealer.init({ first: FIRST })).rejects.toMatchObject({ code: 'KMS_KEY_UNUSABLE' });
      await expect(sealer.sealDueDays()).rejects.toMatchObject({
        code: expect.stringMatching(/^(?:KMS_KEY_UNUSABLE|LOG_MISSING)$/) as unknown,
      });
      sealer.close();
    },
  );
});
