import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { restoreRecording } from '../../../src/audit/read-recording.ts';
import { unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createArchiver, createReader } from '../../../src/create/archiver.ts';
import { createHandler } from '../../../src/lambda/handle-event.ts';
import type { Fault } from '../../../packages/simulator/src/faults.ts';
import type { ScriptedRecording } from '../../../packages/simulator/src/published/recordings/scripted.ts';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Everything real, from the event to the directory, for one conversation that ended an hour ago; only waiting takes no time. */
async function start(recordings: readonly ScriptedRecording[], env: Record<string, string> = {}) {
  const clock = fastClock(Date.UTC(2026, 4, 20, 12));
  const simulator = await startSimulator({
    now: () => clock.now(),
    conversations: [{ endedAt: clock.now() - 3_600_000, recordings }],
  });
  const dir = await mkdtemp(join(tmpdir(), 'standing-alone-'));
  const settings = {
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
    ...env,
  };
  const config = loadConfig({ env: { ...simulator.environment(), ...settings } }, 'archive');
  const logger = recordingLogger();
  const archiver = await createArchiver(config, { clock, logger, timeouts: { headersMs: 300 } });
  closers.push(
    () => Promise.resolve(archiver.close()),
    () => simulator.close(),
    () => rm(dir, { recursive: true, force: true }),
  );
  const [conversation] = simulator.world.conversations;
  if (conversation === undefined) throw new Error('there is no conversation');
  const handle = createHandler({ archiver, config, clock, logger, onLambda: true });
  const event = simulator.conversationEvent(conversation.id);
  return {
    simulator,
    config,
    store: archiver.store,
    conversationId: conversation.id,
    ids: conversation.recordings.map(({ id }) => id),
    /** `acknowledged`, or the code of the error that hands the event back to its queue. */
    deliver: (remainingMs = 900_000) =>
      handle(event, { getRemainingTimeInMillis: () => remainingMs }).then(
        () => 'acknowledged',
        (error: unknown) => (error as { code: string }).code,
      ),
    archived: async () =>
      (await readdir(dir, { recursive: true }))
        .filter((name) => name.startsWith('archive/') && name.endsWith('.enc'))
        .map((name) => name.replace(/^.*\//, '').replace(/\.enc$/, ''))
        .toSorted(),
  };
}

const stranger = 'ffffffff-5678-40ab-8def-1234567890ab';
const THREE = [{}, { kind: 'screen' }, {}] as const;

describe('one bad recording', () => {
  it.each<readonly [string, Fault, string]>([
    ['answered with 502', { kind: 'status', status: 502 }, 'GENESYS_UNAVAILABLE'],
    ['answered with 500', { kind: 'status', status: 500 }, 'GENESYS_UNAVAILABLE'],
    ['answered with 400', { kind: 'status', status: 400 }, 'GENESYS_BAD_RESPONSE'],
    ['answered with 409', { kind: 'status', status: 409 }, 'GENESYS_BAD_RESPONSE'],
    ['answered with a page', { kind: 'html' }, 'GENESYS_BAD_RESPONSE'],
    [
      'answered with another recording',
      { kind: 'answer', body: JSON.stringify({ id: stranger }) },
      'GENESYS_BAD_RESPONSE',
    ],
    ['answered with no recording', { kind: 'answer', body: '{}' }, 'GENESYS_BAD_RESPONSE'],
    ['answered with brackets', { kind: 'answer', body: '['.repeat(1e5) }, 'GENESYS_BAD_RESPONSE'],
    ['throttled', { kind: 'throttle', retryAfter: 0 }, 'GENESYS_THROTTLED'],
    ['whose connection is reset', { kind: 'reset' }, 'GENESYS_UNAVAILABLE'],
    ['never answered', { kind: 'stall' }, 'GENESYS_UNAVAILABLE'],
  ])(
    '%s keeps none of the others back, and the event is not acknowledged without it',
    async (_name, fault, code) => {
      const { deliver, archived, simulator, ids } = await start(THREE);
      simulator.faults.add({ on: 'recording', id: ids[0] ?? '', times: Infinity, fault });
      expect(await deliver()).toBe(code);
      expect(await archived()).toEqual(ids.slice(1).toSorted());
      simulator.faults.clear();
      expect(await deliver()).toBe('acknowledged');
      expect(await archived()).toEqual([...ids].toSorted());
      const downloads = simulator.requests.filter(
        ({ server, status }) => server === 'media' && status === 200,
      );
      expect(downloads).toHaveLength(3);
    },
  );

  it.each<readonly [string, Fault]>([
    ['is a page', { kind: 'html' }],
    ['is not there', { kind: 'status', status: 404 }],
    ['is down', { kind: 'status', status: 503 }],
  ])('whose file %s keeps none of the others back', async (_name, fault) => {
    const { deliver, archived, simulator, ids } = await start(THREE);
    const [first = ''] = ids;
    simulator.faults.add({ on: 'download', id: `${first}.WAV.S`, times: Infinity, fault });
    expect(await deliver()).not.toBe('acknowledged');
    expect(await archived()).toEqual(ids.slice(1).toSorted());
    simulator.faults.clear();
    expect(await deliver()).toBe('acknowledged');
  });

  it('that uses up the time leaves enough of it to download the others', async () => {
    const { deliver, archived, simulator, ids } = await start([{ transcodingS: 0 }, { transcodingS: 0 }]);
    simulator.faults.add({ on: 'recording', id: ids[0] ?? '', times: Infinity, fault: { kind: 'stall' } });
    expect(await deliver(6_500)).not.toBe('acknowledged');
    expect(await archived()).toEqual(ids.slice(1));
  });

  it('that is the only one is reported as it is', async () => {
    const { deliver, archived, simulator, ids } = await start([{}]);
    simulator.faults.add({ on: 'recording', id: ids[0] ?? '', fault: { kind: 'status', status: 400 } });
    expect([await deliver(), await archived()]).toEqual(['GENESYS_BAD_RESPONSE', []]);
    expect([await deliver(), await archived()]).toEqual(['acknowledged', ids]);
  });

  it('that a batch is refused for keeps none of the others back', async () => {
    const { deliver, archived, simulator, ids } = await start([{}, {}, {}, {}], { GENESYS_BATCH: '1' });
    // the batch of four, that of the first two, and that of the first
    simulator.faults.add({ on: 'batch', times: 1, fault: { kind: 'status', status: 400 } });
    simulator.faults.add({ on: 'batch', times: 1, fault: { kind: 'status', status: 400 } });
    simulator.faults.add({ on: 'batch', times: 1, fault: { kind: 'status', status: 400 } });
    expect(await deliver()).toBe('GENESYS_BAD_RESPONSE');
    expect(await archived()).toEqual(ids.slice(1).toSorted());
    expect(await deliver()).toBe('acknowledged');
    expect(await archived()).toEqual([...ids].toSorted());
  });
});

describe('a transcript of a batch', () => {
  it.each(['chat', 'message', 'email'] as const)(
    'of a %s that is announced as JSON is archived, as .json',
    async (kind) => {
      const { deliver, simulator, store, config, conversationId, ids } = await start(
        [{ kind, jsonText: true }],
        {
          GENESYS_API: 'recordings',
          GENESYS_BATCH: '1',
          ARCHIVE_LAYOUT: 'genesys-export',
          GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
        },
      );
      expect(await deliver()).toBe('acknowledged');
      const keys: string[] = [];
      for await (const { key } of store.list('', unlimited)) keys.push(key);
      const key = keys.find((one) => one.includes(`${ids[0] ?? ''}.json`) && !one.includes('metadata')) ?? '';
      expect(key).toContain(conversationId);
      const reader = await createReader(config);
      const nowhere = { write: async () => {}, commit: async () => {}, abandon: async () => {} };
      const { sha256 } = await restoreRecording({ store, reader }, key, nowhere, unlimited);
      const file = simulator.world.file(`${ids[0] ?? ''}.ORIGINAL.S`);
      expect(sha256).toBe(await file?.sha256());
    },
  );

  it('that was not announced as one is an error page', async () => {
    const { deliver, simulator, archived } = await start([{}], { GENESYS_BATCH: '1' });
    simulator.faults.add({
      on: 'download',
      times: Infinity,
      fault: { kind: 'answer', body: '{"error":"expired"}' },
    });
    expect([await deliver(), await archived()]).toEqual(['MEDIA_NOT_AUDIO', []]);
  });
});
