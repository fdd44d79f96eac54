import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signingKeyId } from '../../../src/record/receipt/receipt.ts';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { createClient } from '../../simulator/kms-fixture.ts';
import { makeDirectory, runCli } from '../run-cli.ts';

let simulator: Simulator;
let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  simulator = await startSimulator({ kms: { dir: path.join(dir, 'keys') } });
});
afterEach(async () => {
  await simulator.close();
  await remove();
});

async function signingKey(changed: Record<string, string>) {
  const env = { ...simulator.environment(), ENCRYPTION_KEY_HEX: '0f1e'.repeat(16), ...changed };
  const { code, records, stdout } = await runCli(['doctor', '--json'], { env, cwd: dir });
  const check = records().find((record) => record['name'] === 'signing-key');
  return { code, check, stdout };
}

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const inline = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');
const keyFile = async () => {
  const file = path.join(dir, 'signing.pem');
  await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
};
const createKey = async () => {
  const client = createClient(simulator.kms?.url ?? '');
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' }),
  );
  return { client, arn: KeyMetadata?.Arn ?? '' };
};

describe('doctor, of the key that signs receipts', () => {
  it('signs a trial with a key in KMS, whose id it shows', async () => {
    const { arn } = await createKey();
    const { code, check } = await signingKey({ ARCHIVE_SIGNING_KMS_KEY_ID: arn });
    expect(check).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/^[0-9a-f]{16}, in KMS,/) as unknown,
    });
    expect(code).toBe(0);
    expect(simulator.kms?.requests.filter(({ operation }) => operation === 'Sign')).toHaveLength(1);
  });

  it('says which permission is missing, and that a key is disabled', async () => {
    const { client, arn } = await createKey();
    simulator.kms?.faults.add({ operation: 'Sign', fault: { kind: 'error', code: 'AccessDeniedException' } });
    const denied = await signingKey({ ARCHIVE_SIGNING_KMS_KEY_ID: arn });
    expect([denied.code, denied.check]).toMatchObject([
      4,
      { status: 'fail', fix: 'the role needs kms:Sign on the key', code: 'KMS_DENIED' },
    ]);
    await client.send(new DisableKeyCommand({ KeyId: arn }));
    const disabled = await signingKey({ ARCHIVE_SIGNING_KMS_KEY_ID: arn });
    expect(disabled.check).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('enable-key') as unknown,
    });
  });

  it('tells a key that verify would not believe: not listed, or revoked', async () => {
    const file = await keyFile();
    const listed = { ARCHIVE_SIGNING_KEY_FILE: file, ARCHIVE_RECEIPT_PUBLIC_KEYS: inline(publicKey) };
    expect((await signingKey(listed)).check).toMatchObject({
      status: 'ok',
      detail: `${signingKeyId(publicKey)}, in a file, signs receipts`,
    });
    const other = inline(generateKeyPairSync('ed25519').publicKey);
    const unlisted = await signingKey({ ...listed, ARCHIVE_RECEIPT_PUBLIC_KEYS: other });
    expect([unlisted.code, unlisted.check]).toMatchObject([0, { status: 'warn' }]);
    const list = path.join(dir, 'keys.json');
    const revoked = {
      keyId: signingKeyId(publicKey),
      publicKey: inline(publicKey),
      revokedAt: '2026-01-01T00:00:00Z',
    };
    await writeFile(list, JSON.stringify({ version: 1, keys: [revoked] }));
    const refused = await signingKey({ ...listed, ARCHIVE_RECEIPT_PUBLIC_KEYS: list });
    expect([refused.code, refused.check]).toMatchObject([
      2,
      { status: 'fail', detail: expect.stringContaining('was revoked') as unknown },
    ]);
  });

  it('says that nothing is signed where no key is set', async () => {
    expect((await signingKey({})).check).toMatchObject({ status: 'skip' });
  });
});
