import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { restoreRecording } from '../../src/audit/read-recording.ts';
import { MAX_RECEIPT_BYTES, parseReceipt } from '../../src/record/receipt/schema.ts';
import { getSmall } from '../../src/record/small-object.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver, createReader } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { startSimulator } from '../../packages/simulator/src/simulator.ts';
import { fastClock } from '../fast-clock.ts';

const MIB = 1024 * 1024;
/** Bytes: below, at and above the sizes of reads and parts. */
const SIZES = [
  60_000,
  512 * 1024,
  700_000,
  1_000_000,
  5 * MIB - 16,
  5 * MIB,
  5 * MIB + 1,
  11 * MIB,
  17_000_001,
];

async function start(sizes: readonly number[]) {
  const dir = await mkdtemp(join(tmpdir(), 'recording-sizes-'));
  const clock = fastClock();
  const simulator = await startSimulator({
    recordings: sizes.map((bytes) => ({ bytes })),
    s3: { dir, bucket: 'recordings' },
    now: () => clock.now(),
  });
  const { S3_ARCHIVE_BUCKET: _, ...base } = simulator.environment();
  for (const [name, value] of Object.entries(base)) if (name.startsWith('AWS_')) vi.stubEnv(name, value);
  const env = { ...base, ENCRYPTION_KEY_HEX: 'a1'.repeat(32) };
  const open = (store: string, processors?: number) =>
    createArchiver(loadConfig({ env: { ...env, ARCHIVE_STORE: store } }, 'archive'), {
      clock,
      ...(processors === undefined ? {} : { processors }),
    });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await simulator.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** Archives all at once and checks each: the receipt's hashes, the object against the receipt, and what comes out again. */
  const archiveAndCheck = async (archiver: Awaited<ReturnType<typeof open>>, settings: string) => {
    const config = loadConfig({ env: { ...env, ARCHIVE_STORE: settings } }, 'restore');
    const reader = await createReader(config, { clock });
    const { store } = archiver;
    const archived = await Promise.all(
      simulator.recordings.map(async (recording) => {
        const parsed = parseEvent(simulator.event(recording.id, 'eventbridge'));
        const [request] = parsed.kind === 'requests' ? parsed.requests : [];
        if (request === undefined) throw new Error('the event names nothing');
        const [result] = await archiver.archive(request);
        if (result?.state !== 'archived') throw new Error(`not archived: ${result?.state}`);
        return { recording, result };
      }),
    );
    for (const { recording, result } of archived) {
      const place = receiptKey(result.key);
      const receipt = parseReceipt((await getSmall(store, place, MAX_RECEIPT_BYTES, unlimited)) ?? '', place);
      expect(receipt).toMatchObject({
        plaintext: { bytes: recording.bytes, sha256: await recording.sha256() },
      });
      const ports = { store, reader };
      const { findings } = await verifyAgainstReceipt(ports, result.key, 'full', unlimited);
      expect(findings).toEqual([]);
      const target = {
        write: () => Promise.resolve(),
        commit: () => Promise.resolve(),
        abandon: () => Promise.resolve(),
      };
      const { sha256 } = await restoreRecording(ports, result.key, target, unlimited);
      expect(sha256).toBe(await recording.sha256());
    }
    return archived;
  };
  return {
    simulator,
    open,
    archiveAndCheck,
    directory: `file:${join(dir, 'archive')}`,
    s3: 's3://recordings',
  };
}

describe('recordings of all sizes, archived at once', () => {
  it.each([
    ['S3', 's3'],
    ['a directory', 'directory'],
  ] as const)('have the right hashes in their receipts, and come out whole, in %s', async (_, kind) => {
    const { open, archiveAndCheck, ...stores } = await start([...SIZES, ...SIZES]);
    const archiver = await open(stores[kind]);
    try {
      await archiveAndCheck(archiver, stores[kind]);
    } finally {
      archiver.close();
    }
  });

  it('are archived the same with any stated number of processors, as callers of older versions do', async () => {
    const { open, archiveAndCheck, directory } = await start([700_000]);
    const archiver = await open(directory, 2);
    try {
      expect(await archiveAndCheck(archiver, directory)).toHaveLength(1);
    } finally {
      archiver.close();
    }
  });
});
