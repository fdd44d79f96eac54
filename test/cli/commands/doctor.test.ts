import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeKeyringFile } from '../../../src/envelope/keys/files.ts';
import { addKey } from '../../../src/envelope/keys/keyring.ts';
import { checkNode } from '../../../src/cli/doctor/checks.ts';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { filesIn, makeDirectory, runCli } from '../run-cli.ts';

let simulator: Simulator;
let dir: string;
let remove: () => Promise<void>;
let env: Record<string, string>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  simulator = await startSimulator({ s3: { dir: path.join(dir, 's3'), bucket: 'doctor-bucket' } });
  env = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
  };
});
afterEach(async () => {
  await simulator.close();
  await remove();
});

async function doctor(changed: Record<string, string> = {}) {
  const result = await runCli(['doctor', '--json'], { env: { ...env, ...changed }, cwd: dir });
  const checks = result.records().filter(({ type }) => type === 'check');
  const statusOf = (name: string) =>
    checks.filter((check) => check['name'] === name).map(({ status }) => status);
  return { ...result, checks, statusOf };
}

describe('doctor', () => {
  it('checks node, configuration, key, store, Genesys Cloud and clock', async () => {
    const result = await doctor();
    expect(result.code).toBe(0);
    for (const name of ['key', 'store', 'genesys', 'clock']) expect(result.statusOf(name)).toEqual(['ok']);
    expect(result.statusOf('configuration')).toEqual(['ok', 'warn']);
    expect(result.records().at(-1)).toMatchObject({ type: 'summary', ok: true, failed: 0, exitCode: 0 });
  });

  it('prints nothing secret', async () => {
    const { stdout, stderr } = await runCli(['doctor'], { env, cwd: dir });
    for (const name of ['ENCRYPTION_KEY_HEX', 'GENESYS_CLIENT_SECRET', 'AWS_SECRET_ACCESS_KEY']) {
      expect(`${stdout}${stderr}`).not.toContain(env[name] ?? 'missing');
    }
    expect(stdout).toMatch(/^✓ genesys {8}http:\/\/127\.0\.0\.1:\d+ issued a token$/m);
    expect(stderr).toBe('all is well\n');
  });

  it('changes nothing', async () => {
    const store = path.join(dir, 'not-there-yet');
    const result = await doctor({ ARCHIVE_STORE: `file:${store}`, S3_ARCHIVE_BUCKET: '' });
    expect(result.statusOf('store')).toEqual(['ok']);
    expect(await filesIn(dir)).not.toContain('not-there-yet');
  });

  it('wrong credentials: exit 4; the other checks are made all the same', async () => {
    const result = await doctor({ GENESYS_CLIENT_SECRET: 'wrong-secret' });
    expect(result.code).toBe(4);
    expect(result.statusOf('genesys')).toEqual(['fail']);
    expect(result.statusOf('store')).toEqual(['ok']);
    expect(result.stdout).not.toContain('wrong-secret');
  });

  it('credentials the store refuses: exit 4', async () => {
    const result = await doctor({ AWS_SECRET_ACCESS_KEY: 'wrong-secret' });
    expect(result.code).toBe(4);
    expect(result.statusOf('store')).toEqual(['fail']);
    expect(result.statusOf('genesys')).toEqual(['ok']);
  });

  it('a bucket that does not exist, a file in the place of a directory: exit 2', async () => {
    expect(await doctor({ S3_ARCHIVE_BUCKET: 'another-bucket' })).toMatchObject({ code: 2 });
    const file = path.join(dir, 'file');
    await writeFile(file, '');
    const result = await doctor({ ARCHIVE_STORE: `file:${file}`, S3_ARCHIVE_BUCKET: '' });
    expect(result.code).toBe(2);
    expect(result.statusOf('store')).toEqual(['fail']);
  });

  it('settings: tells all problems once, and skips what depends on them', async () => {
    const result = await doctor({ ENCRYPTION_KEY_HEX: 'short', GENESYS_ENVIRONMENT: '' });
    expect(result.code).toBe(2);
    expect(result.statusOf('configuration')).toEqual(['fail', 'warn']);
    expect(result.checks.find(({ name }) => name === 'configuration')?.['detail']).toMatch(
      /^2 problems with the settings:\n {2}GENESYS_ENVIRONMENT: .*\n {2}ENCRYPTION_KEY_HEX: /,
    );
    expect(result.statusOf('key')).toEqual(['skip']);
    expect(result.statusOf('genesys')).toEqual(['skip']);
    expect(result.statusOf('store')).toEqual(['ok']);
  });

  it('without any of Genesys Cloud’s settings an installation that only reads is sound', async () => {
    const { ENCRYPTION_KEY_HEX = '' } = env;
    const { code, stdout } = await runCli(['doctor'], { env: { ENCRYPTION_KEY_HEX }, cwd: dir });
    expect(code).toBe(0);
    expect(stdout).toContain('enough to verify and restore; without Genesys Cloud, not archive');
    expect(stdout).toContain('- genesys        not configured\n');
  });

  it('warns of a key that is no random one', async () => {
    const result = await doctor({ ENCRYPTION_KEY_HEX: '0123456789abcdef'.repeat(4) });
    expect(result.code).toBe(0);
    expect(result.statusOf('key')).toEqual(['warn']);
  });

  it.each([
    ['18.20.0', 'fail'],
    ['20.18.1', 'fail'],
    ['20.19.0', 'warn'],
    ['22.11.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('Node.js %s: %s', (version, status) => expect(checkNode(version).status).toBe(status));

  it('looks where key records are kept: a place that cannot destroy them is told, and none is asked for without them', async () => {
    const keyring = path.join(dir, 'keyring.json');
    await writeKeyringFile(keyring, addKey(undefined, 'k1'));
    const records = {
      ENCRYPTION_KEY_HEX: '',
      ARCHIVE_ENCRYPTION_FORMAT: 's3ec-v3',
      ARCHIVE_KEYRING_FILE: keyring,
      ARCHIVE_KEY_PLACEMENT: 'records',
      ARCHIVE_KEY_RECORDS: `file:${path.join(dir, 'keys')}`,
    };
    expect((await doctor()).statusOf('key records')).toEqual([]);
    const sound = await doctor(records);
    expect(sound.statusOf('key records')).toEqual(['ok']);
    const detail = sound.checks.find(({ name }) => name === 'key records')?.['detail'];
    expect(detail).toContain('locks nothing; new data keys are kept there');
    const absent = await doctor({ ...records, ARCHIVE_KEY_RECORDS: 's3://no-such-bucket' });
    expect(absent.statusOf('key records')).toEqual(['fail']);
    expect(absent.code).not.toBe(0);
  });
});
