import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { type S3Endpoint, startS3 } from '../../../packages/simulator/src/s3/s3.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { FIRST, makeArchive, SECOND } from '../archive-fixture.ts';
import { makeDirectory, runCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

describe('gc --multipart in a directory', () => {
  it('removes what a killed writer left, once it is old, and nothing else', async () => {
    const archive = await makeArchive();
    closers.push(archive.remove);
    const object = archive.objectFile(FIRST);
    const old = new Date(Date.now() - 25 * 3_600_000);
    const leave = async (name: string, when?: Date) => {
      const file = path.join(path.dirname(object), name);
      await writeFile(file, 'x');
      if (when !== undefined) await utimes(file, when, when);
    };
    const other = 'bbbbbbbb-0000-4000-8000-000000000000.enc';
    await leave(`${other}.0123456789ab.partial`, old);
    await leave(`${other}.0123456789ab.metadata.partial`, old);
    await leave(`${other}.ffffffffffff.metadata.partial`, old);
    await leave(`${other}.aaaaaaaaaaaa.partial`);
    await leave('notes.partial', old);
    await utimes(object, old, old);
    const before = await readdir(archive.dir, { recursive: true });
    const dry = await runCli(['gc', '--multipart', '--dry-run', '--json'], { env: archive.env });
    expect(dry.code).toBe(0);
    expect(dry.records().at(-1)).toMatchObject({ found: 2, removed: 0, kept: 1 });
    expect(await readdir(archive.dir, { recursive: true })).toEqual(before);
    const result = await runCli(['gc', '--multipart'], { env: archive.env });
    expect(result.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(result.stderr).toContain('2 unfinished uploads removed, 1 too young, in file:');
    const left = await readdir(archive.dir, { recursive: true });
    expect(
      before
        .filter((name) => !left.includes(name))
        .map((name) => path.basename(name))
        .toSorted(),
    ).toEqual([
      `${other}.0123456789ab.metadata.partial`,
      `${other}.0123456789ab.partial`,
      `${other}.ffffffffffff.metadata.partial`,
    ]);
    expect((await runHere(['verify', '--all', '-q'], { env: archive.env })).code).toBe(0);
    const younger = await runCli(['gc', '--multipart', '--older-than', '1m'], { env: archive.env });
    expect(younger.stderr).toContain('0 unfinished uploads removed, 1 too young');
  });

  it('keeps the only metadata an object has, although they stand in a temporary file', async () => {
    const archive = await makeArchive();
    closers.push(archive.remove);
    const object = archive.objectFile(SECOND);
    const { rename, link } = await import('node:fs/promises');
    // a writer that was killed between naming the data and naming the metadata
    await rename(`${object}.metadata.json`, `${object}.0123456789ab.metadata.partial`);
    await link(object, `${object}.0123456789ab.partial`);
    const old = new Date(Date.now() - 25 * 3_600_000);
    await utimes(object, old, old);
    await utimes(`${object}.0123456789ab.metadata.partial`, old, old);
    expect((await runCli(['gc', '--multipart'], { env: archive.env })).code).toBe(0);
    expect((await runHere(['verify', SECOND], { env: archive.env })).code).toBe(0);
    expect((await stat(`${object}.metadata.json`)).isFile()).toBe(true);
  });

  it('says what it wants to be told', async () => {
    const { dir, remove } = await makeDirectory();
    closers.push(remove);
    await mkdir(path.join(dir, 'store'));
    const env = { ARCHIVE_STORE: `file:${path.join(dir, 'store')}` };
    expect((await runCli(['gc'], { env })).code).toBe(2);
    for (const age of ['24', '0h', 'x', '1y']) {
      expect((await runCli(['gc', '--multipart', '--older-than', age], { env })).code).toBe(2);
    }
    // an empty place is no archive
    expect((await runCli(['gc', '--multipart'], { env })).code).toBe(6);
  });
});

describe('gc --multipart in a bucket', () => {
  let s3: S3Endpoint;
  let client: S3Client;
  let env: Record<string, string>;
  beforeEach(async () => {
    const { dir, remove } = await makeDirectory();
    closers.push(remove);
    s3 = await startS3({ dir, buckets: ['calls'] });
    closers.push(() => s3.close());
    env = {
      ...s3.environment(),
      ARCHIVE_STORE: 's3://calls/prod',
      ARCHIVE_ALLOW_LOOPBACK: '1',
      S3_FORCE_PATH_STYLE: '1',
    };
    client = new S3Client({
      endpoint: s3.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: {
        accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
    closers.push(() => Promise.resolve(client.destroy()));
  });

  it('finds uploads of this archive only, ends them when they are old, and leaves younger ones', async () => {
    for (const Key of ['prod/archive/2026/05/20/a.enc', 'prod/archive/2026/05/20/b.enc', 'other/c.enc']) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: 'calls', Key }));
      await client.send(new UploadPartCommand({ Bucket: 'calls', Key, UploadId, PartNumber: 1, Body: 'x' }));
    }
    const store = await openStore('s3://calls/prod', {
      s3: {
        endpoint: s3.url,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: {
          accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
          secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
        },
      },
    });
    const uploads = async () => {
      const found = [];
      for await (const upload of store.listUploads?.(unlimited) ?? []) found.push(upload);
      return found;
    };
    expect((await uploads()).map(({ key }) => key)).toEqual([
      'archive/2026/05/20/a.enc',
      'archive/2026/05/20/b.enc',
    ]);
    const young = await runCli(['gc', '--multipart'], { env });
    expect(young).toMatchObject({ code: 0, stdout: '' });
    expect(young.stderr).toContain('0 unfinished uploads removed, 2 too young');
    for (const upload of await uploads()) await store.abortUpload?.(upload, unlimited);
    expect(await uploads()).toEqual([]);
    await store.abortUpload?.({ key: 'archive/x.enc', id: 'gone', startedAt: 0 }, unlimited);
  });
});
