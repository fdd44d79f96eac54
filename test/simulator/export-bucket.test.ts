import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { exportDirectory } from '../../packages/simulator/src/export-bucket/export-directory.ts';
import { writeExport } from '../../packages/simulator/src/export-bucket/write-export.ts';
import type { Simulator, SimulatorOptions } from '../../packages/simulator/src/simulator.ts';
import { readExportKey } from '../../src/backfill/export/export-keys.ts';
import { isOpenPgp } from '../../src/backfill/export/sniff-pgp.ts';
import { startFrozen } from './asking.ts';
import { createClient, temporaryDirectory } from './s3-fixture.ts';

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

async function start(options: SimulatorOptions = {}) {
  const { simulator } = await startFrozen(options);
  open.push(simulator);
  const dir = await temporaryDirectory();
  const files = async () => {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    return names
      .map((name) => name.slice(dir.length + 1).replaceAll('\\', '/'))
      .toSorted((a, b) => (a < b ? -1 : 1));
  };
  return { simulator, dir, files, target: exportDirectory(dir) };
}

const NINE_O_CLOCK = { endedAt: Date.UTC(2026, 2, 5, 9, 30), lastedS: 60 } as const;

describe('an export of the platform', () => {
  it('has unpadded partitions of the conversation’s start, and a sidecar with times without a colon', async () => {
    const { simulator, dir, files, target } = await start({
      conversations: [
        { ...NINE_O_CLOCK, direction: 'outbound', recordings: [{ seconds: 60, leg: 'station' }] },
      ],
    });
    const { world } = simulator;
    const [
      {
        id,
        recordings: [recording],
      } = { id: '', recordings: [] },
    ] = world.conversations;
    expect(await writeExport(world, target)).toMatchObject({ recordings: 1, truncated: [] });
    const key = `${world.organizationId}/year=2026/month=3/day=5/hour=9/conversation_id=${id}/${recording?.id}.opus`;
    expect(await files()).toEqual([key, `${key}_metadata.json`]);
    expect(JSON.parse(await readFile(join(dir, `${key}_metadata.json`), 'utf8'))).toMatchObject({
      mediaType: 'Call',
      mediaSubtype: 'Station',
      conversationId: id,
      recordingId: recording?.id,
      startTime: '2026-03-05T09:29:00.000+0000',
      durationMs: 60_000,
      initialDirection: 'outbound',
    });
    const exported = await readFile(join(dir, key));
    const chunks: Uint8Array[] = [];
    const file = world.file(`${recording?.id}.ORIGINAL.S`);
    for await (const chunk of file?.read(0, file.bytes - 1) ?? []) chunks.push(chunk);
    expect(exported.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('leaves out what is deleted, lost, still uploading or sensitive', async () => {
    const { simulator, target, files } = await start({
      conversations: [
        {
          ...NINE_O_CLOCK,
          recordings: [
            { fate: 'deleted' },
            { fate: 'error' },
            { uploadedAfterS: 1e9 },
            { sensitive: true },
            { fate: 'archived' },
            { kind: 'email' },
          ],
        },
      ],
    });
    expect((await writeExport(simulator.world, target)).recordings).toBe(2);
    expect((await files()).map((name) => name.split('.').at(-1))).toEqual(
      expect.arrayContaining(['opus', 'eml']),
    );
    expect((await writeExport(simulator.world, target, { includeSensitive: true })).recordings).toBe(3);
  });

  it('can lack sidecars, be cut short, be encrypted, be padded, and hold transcripts', async () => {
    const { simulator, dir, files, target } = await start({
      past: { recordings: 100, from: '2026-05-01', to: '2026-05-03', longestS: 20 },
    });
    const summary = await writeExport(simulator.world, target, {
      missingSidecars: 2,
      truncated: 3,
      pgp: 4,
      isPadded: true,
      transcripts: true,
    });
    const names = await files();
    const keys = names.map((name) => ({ name, key: readExportKey(name) }));
    expect(keys.filter(({ key }) => key.kind === 'other')).toEqual([]);
    const recordings = keys.flatMap(({ name, key }) =>
      key.kind === 'recording' ? [{ name, ...key.name }] : [],
    );
    expect(recordings).toHaveLength(100);
    expect(recordings[0]?.name).toContain('/month=05/day=0');
    const without = recordings.filter(({ name }) => !names.includes(`${name}_metadata.json`));
    const ids = (list: readonly { recordingId: string }[]) =>
      list.map(({ recordingId }) => recordingId).toSorted();
    expect(ids(without)).toEqual([...summary.missingSidecars].toSorted());
    const pgp: { recordingId: string }[] = [];
    for (const one of recordings) if (isOpenPgp(await readFile(join(dir, one.name)))) pgp.push(one);
    expect(ids(pgp)).toEqual([...summary.pgp].toSorted());
    expect([summary.missingSidecars.length, summary.truncated.length, summary.pgp.length]).toEqual([2, 3, 4]);
    expect(keys.filter(({ key }) => key.kind === 'transcript').length).toBeGreaterThan(20);
  });

  it('can be served by the S3 endpoint, and is written once', async () => {
    const dir = await temporaryDirectory();
    const { simulator } = await start({
      s3: { dir, bucket: 'archive', others: ['export'] },
      conversations: [{ ...NINE_O_CLOCK, recordings: [{}] }],
    });
    const { s3, world } = simulator;
    if (s3 === undefined) throw new Error('there is no S3 endpoint');
    const target = {
      put: (key: string, contentType: string, bytes: Buffer) =>
        s3.place('export', { key, contentType, bytes }),
    };
    await writeExport(world, target);
    await writeExport(world, target);
    const client = createClient(s3);
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'export' }));
    const keys = Contents.map(({ Key = '' }) => Key);
    expect(keys.map((key) => readExportKey(key).kind)).toEqual(['recording', 'sidecar']);
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'export', Key: keys[1] }));
    expect(JSON.parse((await Body?.transformToString()) ?? '')).toMatchObject({ mediaType: 'Call' });
    client.destroy();
    await expect(s3.place('nowhere', { key: 'x', contentType: 'x', bytes: Buffer.of() })).rejects.toThrow(
      'no such bucket',
    );
  });
});
