import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';
import { filesIn, makeDirectory } from './run-cli.ts';
import { runHere } from './run-here.ts';

let sealed: SealedArchive;
let dir: string;
let out: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  sealed = await makeSealedArchive(2);
  ({ dir, remove } = await makeDirectory());
  out = path.join(dir, 'out');
  await mkdir(out);
  await writeFile(path.join(dir, 'public.pem'), sealed.publicKeyPem);
  await writeFile(path.join(dir, 'private.pem'), sealed.privateKeyPem, { mode: 0o600 });
});
afterEach(async () => {
  await sealed.remove();
  await remove();
});

const a = () => sealed.recordings[0]?.key ?? '';
const b = () => sealed.recordings[1]?.key ?? '';
const env = (more: Readonly<Record<string, string>> = {}) => ({
  ARCHIVE_STORE: `file:${sealed.dir}`,
  ENCRYPTION_KEY_HEX: sealed.secret.toString('hex'),
  ...more,
});
const withKeys = () => env({ ARCHIVE_RECEIPT_PUBLIC_KEYS: path.join(dir, 'public.pem') });
const file = () => path.join(out, 'call.wav');
const restore = (given: Readonly<Record<string, string>>, ...args: string[]) =>
  runHere(['restore', a(), '-o', file(), ...args], { env: given });

async function exchange(): Promise<void> {
  for (const at of [sealed.fileOf, sealed.recordOf]) {
    await rename(at(a()), path.join(dir, 'aside'));
    await rename(at(b()), at(a()));
    await rename(path.join(dir, 'aside'), at(b()));
  }
}

async function removeReceipt(key: string): Promise<void> {
  await rm(sealed.fileOf(receiptKey(key)));
  await rm(sealed.recordOf(receiptKey(key)), { force: true });
}

describe('restore', () => {
  it.each([
    ['with public keys', withKeys],
    ['without keys', env],
  ])('never hands out another call: two objects exchanged with their metadata, %s', async (_, given) => {
    await exchange();
    const result = await restore(given());
    expect(result).toMatchObject({ code: 5, stdout: '' });
    expect(result.stderr).toContain('[RECEIPT_MISMATCH]');
    expect(result.stderr).toContain('--unverified');
    expect(await filesIn(out)).toEqual([]);
    expect((await restore(given(), '--dry-run')).code).toBe(5);
    const piped = await runHere(['restore', a(), '-o', '-', '--allow-unverified'], { env: given() });
    expect(piped).toMatchObject({ code: 5, stdout: '' });
  });

  it('tells by the signature which writer to believe, by the public half of the signing key too', async () => {
    await copyFile(sealed.fileOf(receiptKey(b())), path.join(dir, 'kept'));
    await sealed.editReceipt(a(), (text) => text.replace('"organization":"org"', '"organization":"0rg"'));
    expect((await restore(env())).code).toBe(0);
    await rm(file());
    for (const given of [withKeys(), env({ ARCHIVE_SIGNING_KEY_FILE: path.join(dir, 'private.pem') })]) {
      const result = await restore(given);
      expect(result.code).toBe(5);
      expect(result.stderr).toContain('bad-signature');
    }
    expect(await filesIn(out)).toEqual([]);
  });

  it('says what it was compared with, in JSON', async () => {
    const signed = await restore(withKeys(), '--json');
    expect(signed.records()[0]).toMatchObject({ type: 'restored', receipt: 'signed', notes: [] });
    const unsigned = await restore(env(), '--json', '--force');
    expect(unsigned.records()[0]).toMatchObject({ receipt: 'unsigned', notes: [] });
  });

  it('refuses an object of this archive without its receipt, and restores it where that is waived', async () => {
    await removeReceipt(a());
    const refused = await restore(env());
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('there is an object and no receipt  [RECEIPT_MISMATCH]');
    const waived = await restore(env(), '--unverified');
    expect(waived.code).toBe(0);
    expect(waived.stderr).toContain('warning: not verified: there is an object and no receipt');
  });

  it('names the setting when it may be what is wrong', async () => {
    const result = await restore(env({ GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77' }));
    expect(result.code).toBe(5);
    expect(result.stderr).toContain('hint:  check GENESYS_ORGANIZATION_ID');
  });
});

describe('inspect, rewrap, reencrypt and adopt', () => {
  it('refuse an exchanged object, and take --unverified', async () => {
    await exchange();
    const keyring = path.join(dir, 'keyring.json');
    await runHere(['keys', 'generate', '--keyring-file', keyring], { env: {} });
    const given = { ...withKeys(), ARCHIVE_KEYRING_FILE: keyring };
    for (const command of [
      ['inspect', a()],
      ['rewrap', a(), '--wrap', 'aes'],
      ['adopt', a(), '--wrap', 'aes'],
      ['reencrypt', a(), '--wrap', 'aes', '--target', `file:${path.join(dir, 'target')}`],
    ]) {
      const refused = await runHere(command, { env: given });
      expect([command[0], refused.code]).toEqual([command[0], 5]);
      expect(`${refused.stdout}${refused.stderr}`).toContain('RECEIPT_MISMATCH');
      const waived = await runHere([...command, '--unverified', '--json'], { env: given });
      expect([command[0], waived.code]).toEqual([command[0], 0]);
      expect(waived.stdout).toContain('another recording than its receipt');
    }
  });
});

describe('verify', () => {
  const verify = (...args: string[]) =>
    runHere(['verify', '--all', '--depth', 'head', ...args], { env: withKeys() });

  it('counts what rests on adoption and what nothing proves, and fails on them unless they are allowed', async () => {
    const sound = await verify('--json');
    expect(sound.records().at(-1)).toMatchObject({ adopted: 0, unproven: 0, moved: 0, findings: 0 });
    await removeReceipt(a());
    const record = JSON.parse(await readFile(sealed.recordOf(a()), 'utf8')) as {
      metadata: Record<string, string>;
    };
    delete record.metadata['gca-mark'];
    await writeFile(sealed.recordOf(a()), JSON.stringify(record));
    const found = await verify('--json');
    expect(found.code).toBe(5);
    const kinds = found.records().flatMap((one) => (one['type'] === 'finding' ? [one['kind']] : []));
    expect(kinds).toEqual(['missing-receipt', 'unproven']);
    expect(found.records().at(-1)).toMatchObject({ unproven: 1, findings: 2 });
    const report = path.join(dir, 'report.json');
    const allowed = await verify('--allow', 'adopted,unproven', '--report', report);
    expect(allowed.code).toBe(0);
    expect(allowed.stderr).toContain('1 object that nothing proves to be of this archive');
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({
      unproven: 1,
      adopted: 0,
      findings: [],
    });
    expect((await verify('--allow', 'swapped')).code).toBe(2);
  });

  it('tells receipts of adoption from before, and what they lack', async () => {
    const keyless = () => ({ ARCHIVE_STORE: `file:${sealed.dir}` });
    await sealed.editReceipt(a(), (text) =>
      text
        .replace('"kind":"archived"', '"kind":"adopted"')
        .replace(/"ciphertext":\{"bytes":(\d+)[^}]*\}/, '"ciphertext":{"bytes":$1}')
        .replace(/"plaintext":\{[^}]*\},/, ''),
    );
    const args = ['verify', '--all', '--depth', 'ciphertext', '--json'];
    const found = await runHere(args, { env: keyless() });
    expect(found.code).toBe(5);
    expect(found.records().at(-1)).toMatchObject({ adopted: 1, withoutBodyHash: 1, findings: 1 });
    const allowed = await runHere([...args.slice(0, -1), '--allow', 'adopted'], { env: keyless() });
    expect(allowed.code).toBe(0);
    expect(allowed.stderr).toContain('1 receipt rests on adoption from before');
    expect(allowed.stderr).toContain('states no hash of the bytes: only depth full tells');
  });
});
