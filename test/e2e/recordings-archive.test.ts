import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { restoreRecording } from '../../src/audit/read-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createArchiver, createReader } from '../../src/create/archiver.ts';
import { parseEvent } from '../../src/events/parse-event.ts';
import { createHandler } from '../../src/lambda/handle-event.ts';
import { type SimulatorOptions, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { type FastClock, fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

const MINUTE = 60_000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** Everything real, from the event to the directory; only waiting takes no time. */
async function start(
  options: SimulatorOptions,
  env: Record<string, string> = {},
  clock: FastClock = fastClock(),
) {
  const simulator = await startSimulator({ now: () => clock.now(), ...options });
  const dir = await mkdtemp(join(tmpdir(), 'recordings-'));
  const settings = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
    ...env,
  };
  const config = loadConfig({ env: settings }, 'archive');
  const logger = recordingLogger();
  const archiver = await createArchiver(config, { clock, logger });
  closers.push(
    () => Promise.resolve(archiver.close()),
    () => simulator.close(),
    () => rm(dir, { recursive: true, force: true }),
  );
  const files = async (suffix: string) =>
    (await readdir(dir, { recursive: true })).filter((name) => name.endsWith(suffix)).toSorted();
  const archive = async (event: unknown) => {
    const parsed = parseEvent(event, { api: config.genesys.api });
    const results = [];
    for (const request of parsed.kind === 'requests' ? parsed.requests : []) {
      results.push(...(await archiver.archive(request, unlimited)));
    }
    return results;
  };
  const handle = createHandler({ archiver, config, clock, logger, onLambda: true });
  return { simulator, clock, dir, config, logger, archive, handle, files, store: archiver.store };
}

describe('a conversation of the published API', () => {
  it('with a trunk, a station and a screen recording, one late by 40 minutes, one deleted: each once', async () => {
    const { simulator, clock, archive, files, dir } = await start({
      conversations: [
        {
          recordings: [
            { leg: 'trunk', perChannel: true },
            { leg: 'station', uploadedAfterS: 2400 },
            { kind: 'screen' },
            { leg: 'consult', fate: 'deleted' },
          ],
        },
      ],
    });
    const [conversation] = simulator.world.conversations;
    if (conversation === undefined) throw new Error('no conversation');
    const [trunk, station, screen, consult] = conversation.recordings.map(({ id }) => id);
    const states = async () =>
      (await archive(simulator.conversationEvent(conversation.id))).map(
        ({ state, ids }) => `${state} ${ids.recordingId}`,
      );

    expect(await states()).toEqual(['not-ready ']);
    expect(await files('.enc')).toEqual([]);
    clock.advance(15 * MINUTE);
    expect(await states()).toEqual([
      `archived ${trunk}`,
      `archived ${trunk}`,
      `archived ${screen}`,
      `not-ready ${station}`,
      `gone ${consult}`,
    ]);
    clock.advance(25 * MINUTE);
    // another event of the same conversation, and then once more
    await archive(simulator.conversationEvent(conversation.id, 'acw'));
    expect(await states()).toEqual([
      `archived ${trunk}`,
      `archived ${trunk}`,
      `archived ${station}`,
      `archived ${screen}`,
      `gone ${consult}`,
    ]);

    const objects = await files('.enc');
    expect(objects.map((name) => name.split('/').at(-1))).toEqual(
      [`${trunk}.0.enc`, `${trunk}.1.enc`, `${station}.enc`, `${screen}.enc`].toSorted(),
    );
    const downloads = simulator.requests.filter(
      ({ route, status }) => route.startsWith('GET /genesys-media') && status === 200,
    );
    expect(downloads).toHaveLength(4);
    const receipts = await files('.json');
    const terminal = receipts.find((name) => name.startsWith('receipts/') && name.includes(consult ?? ''));
    expect(await readFile(join(dir, terminal ?? ''), 'utf8')).toContain('deleted');
  });

  it('that was not recorded is done, but only after two hours', async () => {
    const { simulator, clock, archive } = await start({ conversations: [{}] });
    const [conversation] = simulator.world.conversations;
    const event = simulator.conversationEvent(conversation?.id ?? '');
    clock.advance(15 * MINUTE);
    expect(await archive(event)).toMatchObject([{ state: 'not-ready' }]);
    clock.advance(105 * MINUTE);
    expect(await archive(event)).toEqual([]);
  });

  it.each([
    ['1/100', true],
    ['1/50', false],
  ])('with a share of %s of the rate, its fourth request waits for the minute: %s', async (share, waits) => {
    const { simulator, archive, clock } = await start(
      {
        conversations: [
          { recordings: [{ kind: 'chat' }, { kind: 'chat' }, { kind: 'email' }, { kind: 'email' }] },
        ],
      },
      { ARCHIVE_SETTLE: '0s', ARCHIVE_RATE_SHARE: share },
    );
    const [conversation] = simulator.world.conversations;
    const results = await archive(simulator.conversationEvent(conversation?.id ?? ''));
    expect(results.map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'archived'));
    expect(simulator.requests.filter(({ route }) => route.includes('/api/v2/'))).toHaveLength(5);
    expect(clock.slept.some((ms) => ms > 50_000)).toBe(waits);
  });

  it('a link that expires is fetched anew, for that recording alone', async () => {
    const { simulator, archive } = await start(
      { conversations: [{ recordings: [{}, {}] }] },
      { ARCHIVE_SETTLE: '0s' },
    );
    const [conversation] = simulator.world.conversations;
    const [first] = conversation?.recordings ?? [];
    simulator.faults.add({ on: 'download', id: `${first?.id ?? ''}.WAV.S`, fault: { kind: 'expired' } });
    const results = await archive(simulator.conversationEvent(conversation?.id ?? ''));
    expect(results).toMatchObject([{ state: 'archived' }, { state: 'archived' }]);
  });

  it('an Ogg file of unstated length is whole by its own end: what is cut starts over, what is not is read once', async () => {
    const { simulator, archive } = await start(
      { conversations: [{ recordings: [{ seconds: 30 }] }] },
      { ARCHIVE_SETTLE: '0s', GENESYS_BATCH: '1' },
    );
    const always = { on: 'download', times: Number.POSITIVE_INFINITY } as const;
    simulator.faults.add({ ...always, skip: 1, fault: { kind: 'chunked' } });
    simulator.faults.add({ ...always, fault: { kind: 'no-range' } });
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '90%', keepLength: false } });
    const [conversation] = simulator.world.conversations;
    const results = await archive(simulator.conversationEvent(conversation?.id ?? ''));
    expect(results).toMatchObject([{ state: 'archived', restarts: 1 }]);
    const downloads = simulator.requests.filter(({ route }) => route.startsWith('GET /genesys-media'));
    expect(downloads.map(({ range, faults }) => [range, faults])).toEqual([
      [undefined, ['no-range', 'cut']],
      ['bytes=0-0', ['chunked', 'no-range']],
      [undefined, ['chunked', 'no-range']],
      ['bytes=0-0', ['chunked', 'no-range']],
    ]);
  });

  it('its events in one batch are one piece of work, and fail or succeed together', async () => {
    const { simulator, handle } = await start(
      { conversations: [{ recordings: [{}] }] },
      { ARCHIVE_SETTLE: '0s' },
    );
    const [conversation] = simulator.world.conversations;
    const events = (['user.end', 'customer.end', 'acw', 'attributes'] as const).map((what) =>
      simulator.conversationEvent(conversation?.id ?? '', what),
    );
    const batch = {
      Records: events.map((event, at) => ({
        messageId: String(at),
        eventSource: 'aws:sqs',
        body: JSON.stringify(event),
      })),
    };
    expect(await handle(batch)).toEqual({ batchItemFailures: [] });
    const lists = simulator.requests.filter(({ route }) => route.endsWith('recordingmetadata'));
    expect(lists).toHaveLength(1);
  });

  it('is described beside each of its recordings, encrypted, once', async () => {
    const { simulator, archive, files, config, store } = await start(
      { conversations: [{ recordings: [{}, { kind: 'chat' }, { fate: 'deleted' }] }] },
      { ARCHIVE_SETTLE: '0s', ARCHIVE_CONTEXT: '1' },
    );
    const [conversation] = simulator.world.conversations;
    const event = simulator.conversationEvent(conversation?.id ?? '');
    await archive(event);
    await archive(event);
    const contexts = (await files('.json.enc')).map((name) => name.split('.metadata')[0] ?? '');
    expect(contexts).toHaveLength(2);
    const asked = simulator.requests.filter(
      ({ route }) => route === 'GET /api/v2/conversations/{conversationId}',
    );
    expect(asked).toHaveLength(1);
    const reader = await createReader(config);
    for (const key of contexts) {
      const chunks: Uint8Array[] = [];
      const target = {
        write: async (chunk: Uint8Array) => void chunks.push(chunk),
        commit: async () => {},
        abandon: async () => {},
      };
      await restoreRecording({ store, reader }, key, target, unlimited);
      const context: unknown = JSON.parse(Buffer.concat(chunks).toString());
      expect(context).toMatchObject({ conversationId: conversation?.id, direction: 'inbound' });
    }
  });

  it('asks for its token by HTTP Basic, and for nothing of the tutorial’s', async () => {
    const { simulator, archive } = await start(
      { recordings: [{ seconds: 1 }], conversations: [{ recordings: [{}] }] },
      { ARCHIVE_SETTLE: '0s' },
    );
    await archive(simulator.conversationEvent(simulator.world.conversations[0]?.id ?? ''));
    const routes = new Set(simulator.requests.map(({ route }) => route));
    expect([...routes].filter((route) => /media\/\{id\}|interactions/.test(route))).toEqual([
      'GET /genesys-media/{id}',
    ]);
    const token = simulator.requests.find(({ route }) => route === 'POST /oauth/token');
    expect(token?.hadAuthorization).toBe(true);
    // and the tutorial's dialect still works beside it
    const [recording] = simulator.recordings;
    expect(await archive(simulator.event(recording?.id ?? '', 'eventbridge'))).toMatchObject([
      { state: 'archived' },
    ]);
  });
});
