import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';
import { makeDirectory, runCli } from '../cli/run-cli.ts';
import { runHere } from '../cli/run-here.ts';

let sealed: SealedArchive;
let dir: string;
let removeDirectory: () => Promise<void>;
beforeAll(async () => {
  sealed = await makeSealedArchive(3);
});
afterAll(() => sealed.remove());
beforeEach(async () => {
  ({ dir, remove: removeDirectory } = await makeDirectory());
});
afterEach(() => removeDirectory());

const KEY = { ENCRYPTION_KEY_HEX: '0f'.repeat(32) };
const VERIFY = ['verify', '--all', '--depth', 'head'];
const at = (place: string, more: Record<string, string> = {}) => ({ ...KEY, ARCHIVE_STORE: place, ...more });

/** What goes through the whole archive. */
const COMMANDS: readonly (readonly string[])[] = [
  VERIFY,
  ['verify', '--all'],
  ['list'],
  ['gc', '--multipart'],
  ['gc', '--multipart', '--dry-run'],
];

async function expectNothing(
  args: readonly string[],
  env: Record<string, string>,
  what: RegExp,
  hint: RegExp,
) {
  const text = await runHere(args, { env });
  expect({ args, code: text.code, stderr: text.stderr }).toMatchObject({ args, code: 6 });
  expect(text.stderr).toContain('[NOTHING_FOUND]');
  expect(text.stderr).toMatch(what);
  expect(text.stderr).toMatch(hint);
  const json = await runHere([...args, '--json'], { env });
  expect(json.code).toBe(6);
  const error = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(error).toMatchObject({ type: 'error', code: 'NOTHING_FOUND', exitCode: 6, retryable: false });
  expect(error['message']).toMatch(what);
}

describe('an empty look at a wrong place is exit code 6 and says what to check', () => {
  const places: Readonly<Record<string, readonly [what: RegExp, make: () => Promise<string>]>> = {
    'a directory that is not there': [
      /no archive here: file:.*typo does not exist/,
      () => Promise.resolve(path.join(dir, 'typo')),
    ],
    'an empty directory': [
      /no archive here: file:.*empty is empty/,
      async () => {
        await mkdir(path.join(dir, 'empty'));
        return path.join(dir, 'empty');
      },
    ],
    'a regular file': [
      /no archive here: .*file is not a directory/,
      async () => {
        await writeFile(path.join(dir, 'file'), 'x');
        return path.join(dir, 'file');
      },
    ],
    'a link to nothing': [
      /no archive here: .*link is a symbolic link to nothing/,
      async () => {
        await symlink(path.join(dir, 'nothing'), path.join(dir, 'link'));
        return path.join(dir, 'link');
      },
    ],
    'a directory of other things': [
      /no archive here: file:.* holds other objects, e\.g\. photos\/cat\.jpg/,
      async () => {
        await mkdir(path.join(dir, 'other', 'photos'), { recursive: true });
        await writeFile(path.join(dir, 'other', 'photos', 'cat.jpg'), 'x');
        return path.join(dir, 'other');
      },
    ],
  };

  it.for(Object.keys(places))('%s', async (kind) => {
    const [what, make] = places[kind] ?? [/never/, () => Promise.resolve('')];
    const place = await make();
    for (const args of COMMANDS) await expectNothing(args, at(`file:${place}`), what, /ARCHIVE_STORE/);
  });

  it('the archive, without its ARCHIVE_LAYOUT', async () => {
    const env = at(`file:${sealed.dir}`, {
      ARCHIVE_LAYOUT: 'archive/acme/{yyyy}/{mm}/{dd}/{recordingId}{channel}.enc',
    });
    for (const args of [VERIFY, ['list']]) {
      await expectNothing(
        args,
        env,
        /no recordings in the layout .* of other layouts, e\.g\. archive\//,
        /ARCHIVE_LAYOUT/,
      );
    }
    // uploads are unfinished in whatever layout
    expect((await runHere(['gc', '--multipart'], { env })).code).toBe(0);
  });

  it('days without recordings, in a verification', async () => {
    const env = at(`file:${sealed.dir}`);
    const days = ['--from', '2031-01-01', '--to', '2031-01-31'];
    await expectNothing([...VERIFY, ...days], env, /no recordings of these days/, /--from and --to/);
    const listed = await runHere(['list', ...days], { env });
    expect(listed).toMatchObject({ code: 0, stdout: '' });
    expect(listed.stderr).toContain('0 recordings');
  });

  it('writes the report all the same', async () => {
    const report = path.join(dir, 'report.json');
    const env = at(`file:${path.join(dir, 'typo')}`);
    expect((await runHere([...VERIFY, '--report', report], { env })).code).toBe(6);
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ checked: 0, complete: true });
  });

  it('is not said of a sample that has chosen nothing', async () => {
    const env = at(`file:${sealed.dir}`);
    const result = await runHere([...VERIFY, '--sample', '0.0001%', '--seed', 'any'], { env });
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('the sample has chosen no recording');
  });

  it.for([['adopt'], ['rewrap'], ['reencrypt', '--target', 'file:/nowhere-to-be-made']])(
    '%s --all',
    async (command) => {
      const keyring = path.join(dir, 'keyring.json');
      const made = await runCli(['keys', 'generate'], { env: { ARCHIVE_KEYRING_FILE: keyring } });
      expect(made.stderr).not.toContain('error:');
      const env = at(`file:${path.join(dir, 'typo')}`, { ARCHIVE_KEYRING_FILE: keyring });
      await expectNothing([...command, '--all'], env, /no archive here/, /ARCHIVE_STORE/);
      await expectNothing([...command, '--all', '--dry-run'], env, /no archive here/, /ARCHIVE_STORE/);
    },
  );

  it('a file without messages for redrive', async () => {
    await writeFile(path.join(dir, 'messages.json'), '{"Messages":[]}');
    const args = ['redrive', path.join(dir, 'messages.json'), '--dry-run'];
    await expectNothing(args, at('file:/any'), /no messages in/, /name a file/);
  });
});

describe('an empty look at a wrong place of a bucket', () => {
  let s3: S3Endpoint;
  beforeEach(async () => {
    s3 = await startS3({ dir: path.join(dir, 's3'), buckets: ['the-bucket'] });
  });
  afterEach(() => s3.close());

  it('is exit code 6: an empty bucket, and a prefix that was never written to', async () => {
    const run = async (store: string, ...args: string[]) => {
      const env = { ...KEY, ...s3.environment(), ARCHIVE_STORE: store };
      return runCli([...args, '--json'], { env });
    };
    for (const args of [VERIFY, ['list'], ['gc', '--multipart']]) {
      const result = await run('s3://the-bucket', ...args);
      expect(result.code).toBe(6);
      expect(result.stderr).toContain('no archive here: s3://the-bucket is empty');
    }
    const client = new S3Client({
      endpoint: s3.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
      forcePathStyle: true,
    });
    await client.send(new PutObjectCommand({ Bucket: 'the-bucket', Key: 'right/archive/x', Body: 'x' }));
    client.destroy();
    expect((await run('s3://the-bucket/typo', ...VERIFY)).code).toBe(6);
    expect((await run('s3://another-bucket', ...VERIFY)).code).toBe(2);
  });
});

describe('verify --all', () => {
  it('names objects and receipts of other layouts or of none', async () => {
    const root = path.join(dir, 'archive');
    await cp(sealed.dir, root, { recursive: true });
    const put = async (key: string) => {
      await mkdir(path.dirname(path.join(root, key)), { recursive: true });
      await writeFile(path.join(root, key), 'x');
    };
    const others = {
      'archive/by-conversation/1b2c.enc': 'other-layout',
      'receipts/by-conversation/1b2c.json': 'receipt-of-other-layout',
      'receipts/note.txt': 'foreign',
      'backup/2026.tar': 'foreign',
      'archive/2026/13/45/x': 'foreign',
      'archive/name with spaces': 'foreign',
    };
    for (const key of Object.keys(others)) await put(key);
    // what belongs to the archive itself
    const [first] = sealed.recordings;
    for (const key of [
      'claims/1b2c.json',
      'links/2026/05/20/1b2c.json',
      'context/2026/05/20/1b2c.json.enc',
      `${first?.key}.instruction`,
    ])
      await put(key);
    const report = path.join(dir, 'report.json');
    const env = at(`file:${root}`);
    const result = await runHere([...VERIFY, '--json', '--report', report], { env });
    expect(result.code).toBe(0);
    const notes = result.records().filter(({ type }) => type === 'note');
    expect(Object.fromEntries(notes.map(({ key, kind }) => [key, kind]))).toEqual(others);
    const counts = { 'other-layout': 1, 'receipt-of-other-layout': 1, foreign: 4 };
    expect(result.records().at(-1)).toMatchObject({ type: 'summary', verified: 3, notes: counts });
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ notes: { counts } });
    const text = await runHere(VERIFY, { env });
    for (const [key, kind] of Object.entries(others)) expect(text.stdout).toContain(`${key}  ${kind}: `);
    expect(text.stderr).toContain('1 recording and 1 receipt of other layouts were not verified');
    expect(text.stderr).toContain('4 objects that this archive has not written');
    await rm(root, { recursive: true });
  });
});
