import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseKeyring } from '../../src/envelope/keys/keyring.ts';
import { startKms } from '../../packages/simulator/src/kms/kms.ts';
import { filesIn, makeDirectory, runCli, startCli } from '../cli/run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

const keys = (args: readonly string[], env: Record<string, string> = {}) =>
  runCli(['keys', ...args], { cwd: dir, env });
const generate = (...args: string[]) => keys(['generate', '--keyring-file', 'keyring.json', ...args]);
const readKeyring = async () => parseKeyring(await readFile(path.join(dir, 'keyring.json'), 'utf8'));

describe('keys generate', () => {
  it('makes a keyring for its owner only, then adds to it; every earlier key stays', async () => {
    const first = await keys(['generate', '--keyring-file', 'keyring.json']);
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^k-\d{4}-\d\d-\d\d {2}keyring\.json\n$/),
    ]);
    expect((await stat(path.join(dir, 'keyring.json'))).mode & 0o777).toBe(0o600);
    const before = await readKeyring();
    expect((await generate('--kid', 'second')).code).toBe(0);
    expect((await generate('--json')).records()).toEqual([
      expect.objectContaining({ type: 'key', kid: `${before.active}-2`, active: true }),
    ]);
    const after = await readKeyring();
    expect(after.active).toBe(`${before.active}-2`);
    expect(after.keys.map(({ kid }) => kid)).toEqual([before.active, 'second', after.active]);
    expect(after.keys[0]).toEqual(before.keys[0]);
    expect(await filesIn(dir)).toEqual(['keyring.json']);
  });

  it('never shows a key', async () => {
    const made = await generate('--json');
    const listed = await keys(['list'], { ARCHIVE_KEYRING_FILE: 'keyring.json' });
    expect([made.code, listed.code]).toEqual([0, 0]);
    const [entry] = (await readKeyring()).keys;
    const text = made.stdout + made.stderr + listed.stdout + listed.stderr;
    expect(text).not.toContain(entry?.key.toString('base64'));
    expect(text).not.toContain(entry?.key.toString('hex'));
  });

  it('with --dry-run writes nothing', async () => {
    expect((await generate('--dry-run')).code).toBe(0);
    expect((await keys(['generate', '--signing', 'pair', '--dry-run'])).code).toBe(0);
    expect(await filesIn(dir)).toEqual([]);
  });

  it('touches no file that it cannot use', async () => {
    const file = path.join(dir, 'keyring.json');
    await writeFile(file, 'not a keyring', { mode: 0o600 });
    expect((await generate()).code).toBe(2);
    await chmod(file, 0o644);
    const open = await generate();
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('others than its owner')]);
    expect(await readFile(file, 'utf8')).toBe('not a keyring');
    expect((await generate('--kid', 'no spaces')).code).toBe(2);
    const nowhere = await keys(['generate']);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('--keyring-file')]);
    expect((await keys(['rotate'])).stderr).toContain('[USAGE]');
  });

  it('--rsa makes a pair whose halves belong together, and replaces none', async () => {
    const made = await keys(['generate', '--rsa', 'calls']);
    expect([made.code, await filesIn(dir)]).toEqual([0, ['calls-private.pem', 'calls-public.pem']]);
    expect((await stat(path.join(dir, 'calls-private.pem'))).mode & 0o777).toBe(0o600);
    const pem = await readFile(path.join(dir, 'calls-private.pem'), 'utf8');
    const publicKey = createPublicKey(await readFile(path.join(dir, 'calls-public.pem'), 'utf8'));
    expect(createPublicKey(createPrivateKey(pem)).equals(publicKey)).toBe(true);
    expect(publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    expect(made.stdout + made.stderr).not.toContain(pem.split('\n')[1]);
    const again = await keys(['generate', '--rsa', 'calls']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('[OUTPUT_EXISTS]')]);
    // there is no such option here
    expect(again.stderr).not.toContain('--force');
    expect(await readFile(path.join(dir, 'calls-private.pem'), 'utf8')).toBe(pem);
  });

  it.each(['--rsa', '--signing'])('%s makes both halves or none', async (kind) => {
    await writeFile(path.join(dir, 'calls-public.pem'), 'somebody else’s');
    expect((await keys(['generate', kind, 'calls'])).stderr).toContain('[OUTPUT_EXISTS]');
    expect(await filesIn(dir)).toEqual(['calls-public.pem']);
  });

  it('says that a directory has to be there', async () => {
    const nowhere = await keys(['generate', '--signing', 'no-such-directory/calls']);
    expect(nowhere.stderr).toContain('create it first');
  });

  it('makes keys of one kind at a time, rather than quietly leave one out', async () => {
    for (const options of [
      ['--rsa', 'a', '--signing', 'b'],
      ['--rsa', 'a', '--kid', 'b'],
      ['--signing', 'a', '--kid', 'b'],
    ]) {
      const both = await generate(...options);
      expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('of different kinds')]);
    }
    expect(await filesIn(dir)).toEqual([]);
  });

  it('says what to do about a name that cannot be used, and a place that is not there', async () => {
    await generate('--kid', 'taken');
    for (const kid of ['taken', 'no spaces']) {
      const refused = await generate('--kid', kid);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('choose another name')]);
    }
    const nowhere = await keys(['generate', '--keyring-file', 'no-such-directory/keyring.json']);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      1,
      expect.stringContaining('directory no-such-directory'),
    ]);
  });
});

describe('keys list and keys check', () => {
  it('say which settings name a key, when none does', async () => {
    const listed = await keys(['list']);
    expect([listed.code, listed.stdout]).toEqual([0, '']);
    const checked = await keys(['check']);
    expect(checked.code).toBe(2);
    for (const { stderr } of [listed, checked]) {
      expect(stderr).toContain('no key is configured');
      expect(stderr).toContain('ARCHIVE_KEYRING_FILE');
    }
  });

  it('of every source at once', async () => {
    await generate('--kid', 'old');
    await generate('--kid', 'new');
    await keys(['generate', '--rsa', 'calls']);
    const env = {
      ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
      ARCHIVE_KEYRING_FILE: 'keyring.json',
      ARCHIVE_PUBLIC_KEY_FILE: 'calls-public.pem',
      ARCHIVE_PRIVATE_KEY_FILE: 'calls-private.pem',
    };
    const listed = await keys(['list', '--json'], env);
    const records = listed.records();
    expect(records.map(({ source }) => source)).toEqual([
      'static',
      'aes',
      'aes',
      'rsa public',
      'rsa private',
    ]);
    expect(records.slice(1, 3).map(({ keyId, use }) => [keyId, use])).toEqual([
      ['old', 'unwraps data keys'],
      ['new', 'wraps and unwraps data keys'],
    ]);
    expect(records[3]?.['keyId']).toBe(records[4]?.['keyId']);
    const checked = await keys(['check', '--json'], env);
    expect(checked.code).toBe(0);
    expect(checked.records().map(({ source, writes, reads }) => [source, writes, reads])).toEqual([
      ['static key', 'ok', 'ok'],
      ['keyring', 'ok', 'ok'],
      ['public key', 'ok', '-'],
      ['private key', '-', 'ok'],
    ]);
    expect(listed.stdout + checked.stdout + checked.stderr).not.toContain(env.ENCRYPTION_KEY_HEX);
    expect((await keys(['check'])).stderr).toContain('[CONFIG_INVALID]');
    const lost = await keys(['check'], { ARCHIVE_KEYRING_FILE: 'no-such-file.json' });
    expect([lost.code, lost.stdout]).toEqual([2, expect.stringContaining('CONFIG_INVALID')]);
    expect(lost.stderr).toContain('no-such-file.json');
  });

  it('of KMS: a writer that may not decrypt is fine; a key that cannot write is not', async () => {
    const kms = await startKms();
    onTestFinished(() => kms.close());
    const env = { ...kms.environment(), ARCHIVE_KMS_KEY_ID: 'alias/recordings' };
    const fine = await keys(['check'], env);
    expect([fine.code, fine.stdout]).toEqual([
      0,
      expect.stringMatching(/^KMS key .* writes: ok, reads: ok\n$/),
    ]);
    const deny = (operation: 'Decrypt' | 'GenerateDataKey') =>
      kms.faults.add({
        operation,
        times: Number.POSITIVE_INFINITY,
        fault: { kind: 'error', code: 'AccessDeniedException' },
      });
    deny('Decrypt');
    const writer = await keys(['check'], env);
    expect([writer.code, writer.stdout]).toEqual([
      0,
      expect.stringContaining('writes: ok, reads: KMS_DENIED'),
    ]);
    deny('GenerateDataKey');
    const denied = await keys(['check'], env);
    expect([denied.code, denied.stderr]).toEqual([4, expect.stringContaining('[KMS_DENIED]')]);
    const unknown = await keys(['check', '--kms-key-id', 'alias/other'], env);
    expect(unknown.code).toBe(4);
    kms.faults.clear();
    expect((await keys(['check', '--kms-key-id', 'alias/other'], env)).code).toBe(2);
  });
});

describe('simulate --kms', () => {
  it('is enough to archive and restore under a KMS key', async () => {
    const running = startCli(['simulate', '--recordings', '1', '--kms', path.join(dir, 'kms')]);
    await running.shows('Ctrl-C ends it');
    await running.shows('GENESYS_ORGANIZATION_ID=');
    const [, organization = ''] = /GENESYS_ORGANIZATION_ID=(\S+)/.exec(running.stderr()) ?? [];
    const exports = [...running.stdout().matchAll(/^export (\w+)=(.*)$/gm)];
    const env = {
      ...Object.fromEntries(exports.map(([, name, value]) => [name, value] as [string, string])),
      ARCHIVE_STORE: `file:${path.join(dir, 'archive')}`,
      ARCHIVE_KMS_KEY_ID: 'alias/recordings',
      GENESYS_ORGANIZATION_ID: organization,
    };
    const events = startCli(['simulate', '--recordings', '1', '--events', '--shape', 'bare']);
    await events.shows('interactionId');
    events.kill('SIGINT');
    const input = (await events.end).stdout;
    const archived = await runCli(['archive', '--event', '-', '--json'], { env, input });
    expect(archived.code).toBe(0);
    const { mediaId = '' } = JSON.parse(input) as { mediaId?: string };
    const out = path.join(dir, 'call.wav');
    const restored = await runCli(['restore', mediaId, '-o', out], { env });
    expect([restored.code, restored.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect((await readFile(out)).toString('latin1', 0, 4)).toBe('RIFF');
    running.kill('SIGINT');
    expect((await running.end).stderr).toMatch(/^kms {3}200 POST \//m);
  });
});
