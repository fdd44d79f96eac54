import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { listRecordings } from '../../audit/find-recording.ts';
import { restoreRecording, verifyRecording } from '../../audit/read-recording.ts';
import type { Budget } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import { makeDirectories } from '../../make-directories.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import type { Simulator } from '../../../packages/simulator/src/simulator.ts';
import { createFileTarget } from '../file-target.ts';

/** One promise, and whether it was kept. */
export interface Promised {
  readonly kept: boolean;
  /** What was counted. */
  readonly text: string;
}

export interface CheckPorts {
  readonly simulator: Simulator;
  readonly store: ObjectStore;
  readonly reader: EnvelopeReader;
  readonly wrongReader: EnvelopeReader;
  /** Where restored files go. */
  readonly restoredDir: string;
  readonly budget: Budget;
}

/** Looks at what is really there: the store, the interactions, the restored file. */
export async function checkPromises(ports: CheckPorts): Promise<{
  readonly checks: readonly Promised[];
  readonly restored: string | undefined;
  readonly exampleKey: string | undefined;
}> {
  const keys = new Map<string, string[]>();
  for await (const { recordingId, key } of listRecordings(ports.store, {}, ports.budget)) {
    keys.set(recordingId, [...(keys.get(recordingId) ?? []), key]);
  }
  const example = ports.simulator.recordings.find(({ id }) => keys.has(id));
  const exampleKey = example === undefined ? undefined : keys.get(example.id)?.[0];
  const { check: restoreCheck, file } = await checkRestore(ports, example, exampleKey);
  return {
    checks: [
      checkObjects(ports.simulator, keys),
      checkReferences(ports.simulator, keys),
      await checkContents(ports, keys),
      restoreCheck,
      await checkWrongKey(ports, exampleKey),
    ],
    restored: file,
    exampleKey,
  };
}

function checkObjects({ recordings }: Simulator, keys: ReadonlyMap<string, readonly string[]>): Promised {
  const single = recordings.filter(({ id }) => keys.get(id)?.length === 1).length;
  const objects = [...keys.values()].flat().length;
  return {
    kept: single === recordings.length && objects === recordings.length,
    text: `${single} of ${recordings.length} recordings have exactly one object (${objects} objects in all)`,
  };
}

function checkReferences(simulator: Simulator, keys: ReadonlyMap<string, readonly string[]>): Promised {
  const { recordings } = simulator;
  const referenced = recordings.filter(({ id, interactionId }) => {
    const stored = simulator.interaction(interactionId)?.['s3_archive_key'];
    return typeof stored === 'string' && keys.get(id)?.includes(stored) === true;
  }).length;
  return {
    kept: referenced === recordings.length,
    text: `${referenced} of ${recordings.length} interactions carry the reference to their object`,
  };
}

async function checkContents(
  ports: CheckPorts,
  keys: ReadonlyMap<string, readonly string[]>,
): Promise<Promised> {
  const { simulator, budget } = ports;
  let same = 0;
  for (const recording of simulator.recordings) {
    const key = keys.get(recording.id)?.[0];
    if (key === undefined) continue;
    try {
      const { sha256 } = await verifyRecording(ports, key, budget);
      if (sha256 === (await recording.sha256())) same += 1;
    } catch (error) {
      if (budget.signal.aborted) throw error;
    }
  }
  return {
    kept: same === simulator.recordings.length,
    text: `${same} of ${simulator.recordings.length} objects decrypt to the bytes of their source (SHA-256)`,
  };
}

async function checkRestore(
  ports: CheckPorts,
  example: Simulator['recordings'][number] | undefined,
  key: string | undefined,
): Promise<{ readonly check: Promised; readonly file: string | undefined }> {
  if (example === undefined || key === undefined) {
    return { check: { kept: false, text: 'there is no recording to restore' }, file: undefined };
  }
  await makeDirectories(ports.restoredDir);
  const file = path.join(ports.restoredDir, example.fileName ?? `${example.id}.wav`);
  const { sha256, bytes } = await restoreRecording(
    ports,
    key,
    await createFileTarget(file, { force: false }),
    ports.budget,
  );
  const onDisk = await hashFile(file);
  const source = await example.sha256();
  const kept = onDisk === source && sha256 === source && bytes === example.bytes;
  return {
    check: {
      kept,
      text: `restored one: SHA-256 ${onDisk.slice(0, 12)}… ${kept ? 'equals' : 'DIFFERS FROM'} the source's`,
    },
    file,
  };
}

async function checkWrongKey(ports: CheckPorts, key: string | undefined): Promise<Promised> {
  if (key === undefined) return { kept: false, text: 'there is no recording to try a wrong key on' };
  const before = await readdir(ports.restoredDir);
  const target = await createFileTarget(path.join(ports.restoredDir, 'wrong-key.wav'), { force: false });
  let refusal = 'NOT REFUSED';
  try {
    await restoreRecording({ store: ports.store, reader: ports.wrongReader }, key, target, ports.budget);
  } catch (error) {
    refusal = toArchiveError(error).code;
  }
  const left = (await readdir(ports.restoredDir)).length - before.length;
  return {
    kept: refusal === 'DECRYPT_FAILED' && left === 0,
    text: `a wrong key: ${refusal}, ${left} files left behind`,
  };
}

async function hashFile(file: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Uint8Array);
  return digest.digest('hex');
}
