import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealBeside } from '../../../src/archive/seal-beside.ts';
import { unlimited } from '../../../src/clock.ts';
import { createStaticEnvelope } from '../../../src/envelope/static-gcm.ts';
import { contextKey, transcriptKey } from '../../../src/record/object-key.ts';
import { runHere } from '../../cli/run-here.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

let log: SealedLog;
let dir: string;
beforeAll(async () => {
  log = await makeSealedLog(3);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-beside-'));
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

describe('evidence', () => {
  it('has context and transcript of a recording as they are stored, sealed, and the package verifies', async () => {
    const { archive, env } = log;
    const [recording] = archive.recordings;
    if (recording === undefined) throw new Error('the archive is empty');
    const { ids, key } = recording;
    const ports = {
      store: archive.store,
      envelope: createStaticEnvelope(archive.secret),
      organizationId: 'org',
    };
    const places = { context: contextKey(key), transcript: transcriptKey(key, 'known') } as const;
    for (const kind of ['context', 'transcript'] as const)
      await sealBeside(ports, { kind, ids, key: places[kind], text: `what was said: ${kind}` }, unlimited);
    const out = path.join(dir, 'package');
    const made = await runHere(['evidence', ids.recordingId, '-o', out], { env });
    expect([made.code, made.stderr]).toEqual([0, expect.anything()]);
    const packed = {
      context: `context/${ids.recordingId}.json.enc`,
      transcript: `transcripts/${ids.recordingId}.json.enc`,
    };
    for (const kind of ['context', 'transcript'] as const) {
      const body = await readFile(path.join(out, packed[kind]));
      expect(body.equals(await readFile(archive.fileOf(places[kind])))).toBe(true);
      expect(body.includes('what was said')).toBe(false);
    }
    const checked = await runHere(['verify-proof', out], { env });
    expect([checked.code, checked.stderr]).toEqual([0, expect.anything()]);
  });
});
