import { spawn } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startKeyedArchive } from './keyed-archive.ts';

/** Gives one event to the handler of the bundle, in a process of its own. */
const RUNNER = `
const { handler } = await import(process.argv[2]);
const outcome = await handler(JSON.parse(process.argv[3]), { getRemainingTimeInMillis: () => 60000 }).then(
  (value) => ({ value }),
  (error) => ({ error: { name: error.name, message: error.message } }),
);
process.stdout.write('OUTCOME' + JSON.stringify(outcome) + '\\n');
process.exit(0);
`;

/** Bytes; what a cold start has to read. The KMS client is 50,000 of them, and is evaluated only where a KMS key is set. */
const LARGEST_BUNDLE = 750_000;

interface Outcome {
  readonly value?: { readonly statusCode: number; readonly body: string };
  readonly error?: { readonly name: string; readonly message: string };
}

describe('dist/lambda/archive.mjs with a KMS key', () => {
  it('is small', async () => {
    expect((await stat('dist/lambda/archive.mjs')).size).toBeLessThan(LARGEST_BUNDLE);
  });

  it('describes only those calls of AWS that the function makes', async () => {
    const bundle = await readFile('dist/lambda/archive.mjs', 'utf8');
    const described = (name: string) => bundle.includes(`"${name}Request"`);
    const used = ['GetObject', 'HeadBucket', 'CompleteMultipartUpload', 'GenerateDataKey', 'GetSecretValue'];
    expect(used.filter((name) => !described(name))).toEqual([]);
    const unused = [
      'CopyObject',
      'ListObjectsV2',
      'PutBucketPolicy',
      'ScheduleKeyDeletion',
      'PutSecretValue',
    ];
    expect(unused.filter(described)).toEqual([]);
  });

  it('archives under a data key of its own, with no right to decrypt', async () => {
    const archive = await startKeyedArchive();
    const { simulator, keys, base, dir, stores, restore, asked } = archive;
    for (const operation of ['Decrypt', 'DescribeKey', 'Encrypt']) {
      const fault = { kind: 'status', status: 403 } as const;
      simulator.faults.add({ on: 'kms', id: operation, times: Number.POSITIVE_INFINITY, fault });
    }
    const runner = join(dir, 'runner.mjs');
    await writeFile(runner, RUNNER);
    const invoke = async (settings: Record<string, string>, index: number) => {
      const event = JSON.stringify(simulator.event(simulator.recordings[index]?.id ?? '', 'eventbridge'));
      const env = {
        PATH: process.env['PATH'] ?? '',
        ...base,
        ARCHIVE_STORE: stores['S3'] ?? '',
        AWS_LAMBDA_FUNCTION_NAME: 'archiver',
        ...settings,
      };
      const child = spawn(process.execPath, [runner, resolve('dist/lambda/archive.mjs'), event], {
        env,
        cwd: dir,
      });
      let out = '';
      const gather = (text: Buffer) => {
        out += text.toString();
      };
      child.stdout.on('data', gather);
      child.stderr.on('data', gather);
      await new Promise((done) => child.on('close', done));
      const line = out.split('\n').find((text) => text.startsWith('OUTCOME'));
      if (line === undefined) throw new Error(`the bundle did not run:\n${out}`);
      return { ...(JSON.parse(line.slice('OUTCOME'.length)) as Outcome), log: out };
    };
    const { value, error, log } = await invoke(keys.kms.write, 0);
    expect([error, value?.statusCode]).toEqual([undefined, 200]);
    const { s3Key } = JSON.parse(value?.body ?? '{}') as { s3Key: string };
    expect([asked('GenerateDataKey'), asked('Decrypt')]).toEqual([1, 0]);
    expect(log).not.toMatch(/simulator-secret|Bearer|AWS4-HMAC/);

    simulator.faults.clear();
    expect(await restore(keys.kms.read, stores['S3'] ?? '', s3Key)).toEqual({
      sha256: await simulator.recordings[0]?.sha256(),
    });

    const other = await invoke({ ...keys.kms.write, ARCHIVE_KMS_KEY_ID: 'alias/no-such-key' }, 1);
    expect(other.error?.name).toBe('KMS_KEY_UNUSABLE');
    const nameless = await invoke({ ARCHIVE_KMS_KEY_ID: 'alias/recordings' }, 1);
    expect(nameless.error?.name).toBe('CONFIG_INVALID');
    expect(nameless.error?.message).toContain('GENESYS_ORGANIZATION_ID');
  });
});
