import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type S3Endpoint, startS3 } from '../../packages/simulator/src/s3/s3.ts';
import { inMemory } from '../../src/catalogue/in-memory.ts';
import { entryOf } from '../../src/catalogue/search/lookup-index.ts';
import { parseLookupKey } from '../../src/catalogue/places.ts';
import type { CataloguePorts } from '../../src/catalogue/ports.ts';
import { readSearchKeys } from '../../src/catalogue/search/keys.ts';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import {
  addRecording,
  DAY,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../catalogue/invented-archive.ts';
import { runCli } from '../cli/run-cli.ts';
import { openAll } from './search-bytes.ts';

const NUMBER = '+4917000111';
const OTHER = '+4930111222';
const BUCKETS = ['archive', 'catalogue'];
const ENTRY = { name: 'entry', type: 'int64', required: true } as const;

let dir: string;
let s3: S3Endpoint;
let client: S3Client;
let env: Record<string, string>;
let ports: CataloguePorts;
let kept: Invented;
let erased: Invented;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'erasure-versions-'));
  s3 = await startS3({ dir, buckets: [], versionedBuckets: BUCKETS });
  client = createS3Client({
    endpoint: s3.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const key = randomBytes(32);
  env = {
    ...s3.environment(),
    ARCHIVE_STORE: 's3://archive',
    ARCHIVE_CATALOGUE: 's3://catalogue',
    ENCRYPTION_KEY_HEX: key.toString('hex'),
    ARCHIVE_FACTS: 'analytics',
  };
  const open = (bucket: string) =>
    createS3Store({ client, bucket, clock: systemClock, logger: silentLogger });
  ports = inventPorts({ archive: open('archive'), catalogue: open('catalogue'), key });
  kept = await addRecording(ports.archive);
  erased = await addRecording(ports.archive);
});
afterEach(async () => {
  client.destroy();
  await s3.close();
  await rm(dir, { recursive: true, force: true });
});

/** As the platform gives them, and as the compactor, which may remove nothing, takes them over. */
async function factsArrive(writtenBy: string): Promise<void> {
  const lines = [
    factsLine(kept.conversationId, { agents: ['agent-1'], customer: OTHER }),
    factsLine(erased.conversationId, { agents: ['agent-2'], customer: NUMBER }),
  ];
  await putFacts(ports, lines, DAY, { writtenBy });
  expect(await updateCatalogue(ports, { scope: 'all' }, unlimited)).toMatchObject({ failed: 0 });
}

/** Where the number, its keyed hash or the conversation of the facts stands, in every version of every object. */
async function searchAll(): Promise<{ readonly leaks: readonly string[]; readonly searched: number }> {
  const [key] = await readSearchKeys(ports, unlimited);
  const hash = key?.hash('customer', NUMBER) ?? 0n;
  const bytesOfHash = Buffer.alloc(8);
  bytesOfHash.writeBigInt64LE(hash);
  const entry = entryOf('customer', hash, DAY);
  const leaks: string[] = [];
  let searched = 0;
  for (const bucket of BUCKETS) {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    for (const { Key: name = '', VersionId, IsLatest } of Versions) {
      const { Body, Metadata = {} } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: name, VersionId }),
      );
      const body = Buffer.from((await Body?.transformToByteArray()) ?? []);
      const stat = {
        key: name,
        size: body.length,
        metadata: Metadata,
        contentType: undefined,
        etag: undefined,
        checksum: undefined,
        lastModified: 0,
      };
      const where = `${bucket}/${name}${IsLatest === true ? '' : ' (older)'}`;
      searched += 1;
      for (const piece of await openAll(ports.reader, stat, body)) {
        if (piece.includes(NUMBER.slice(1)) || piece.includes(bytesOfHash)) leaks.push(where);
        if (name.startsWith('facts/') && piece.includes(erased.conversationId)) leaks.push(where);
      }
      if (parseLookupKey(name)?.kind !== 'customer') continue;
      const table = await ports.tables.open(inMemory(body), name);
      const cells = await table.read(ENTRY, { from: 0, to: table.rows });
      if (Array.from(cells).includes(entry)) leaks.push(where);
    }
  }
  return { leaks: [...new Set(leaks)], searched };
}

const run = (...args: readonly string[]) => runCli(['erase', ...args], { env });

describe('erasing in buckets that keep versions', () => {
  it('leaves nothing of the person in any version of facts, people, rows and indices, sealed ones opened; what comes back is told, and finished', async () => {
    await factsArrive('run-1');
    await factsArrive('run-2');
    const before = await searchAll();
    for (const part of ['facts/', 'catalogue/people/', 'catalogue/recordings/', 'catalogue/lookup/'])
      expect(before.leaks.some((where) => where.startsWith(`catalogue/${part}`))).toBe(true);
    expect(before.leaks.some((where) => where.endsWith('(older)'))).toBe(true);

    const plan = await run(erased.recordingId, '--reason', 'request 31', '--json');
    const name = String(plan.records().find(({ type }) => type === 'plan')?.['plan']);
    expect(await run('--confirm', name, '--yes', '1')).toMatchObject({ code: 0 });
    const after = await searchAll();
    expect(after.leaks).toEqual([]);
    expect(after.searched).toBeGreaterThan(8);
    expect(await run('status')).toMatchObject({ code: 0 });

    // the platform still has the call: its facts are fetched again, taken over, and cleaned by who may remove no version
    await factsArrive('run-3');
    const again = await searchAll();
    expect(again.leaks).toEqual([expect.stringMatching(/^catalogue\/facts\/.* \(older\)$/)]);
    const status = await run('status', '--json');
    expect(status.code).toBe(7);
    expect(status.records()[0]).toMatchObject({ state: 'unfinished', versions: 0 });
    expect(status.records()[0]?.['replaced']).toBeGreaterThan(0);
    expect(await run('finish')).toMatchObject({ code: 2 });
    expect(await run('finish', '--yes', '1')).toMatchObject({ code: 0 });
    expect((await searchAll()).leaks).toEqual([]);
    expect(await run('status')).toMatchObject({ code: 0 });
  });

  it('tells what an erasure left that was broken off before older versions were removed', async () => {
    await factsArrive('run-1');
    await factsArrive('run-2');
    const plan = await run(erased.recordingId, '--reason', 'request 31', '--json');
    const name = String(plan.records().find(({ type }) => type === 'plan')?.['plan']);
    // every removal of a version in the store of the catalogue fails: the permission is missing there
    s3.faults.add({
      operation: 'DeleteObject',
      key: /^(?:facts|catalogue)\//,
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'error', code: 'AccessDenied' },
    });
    expect((await run('--confirm', name, '--yes', '1')).code).not.toBe(0);
    s3.faults.clear();
    expect((await searchAll()).leaks.every((where) => where.endsWith('(older)'))).toBe(true);
    expect(await run('status')).toMatchObject({ code: 7 });
    expect(await run('finish', '--yes', '1')).toMatchObject({ code: 0 });
    expect((await searchAll()).leaks).toEqual([]);
  });
});
