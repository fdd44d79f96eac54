import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createRecordingsApi } from '../../../src/genesys/recordings/api.ts';
import type { Resolution } from '../../../src/ports.ts';
import type { ScriptedRecording } from '../../../packages/simulator/src/published/recordings/scripted.ts';
import { observe } from '../../simulator/observe.ts';
import { connectRecordings, MINUTE, type RecordingsConnectOptions } from '../connect-recordings.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

async function start(recordings: readonly ScriptedRecording[], options?: RecordingsConnectOptions) {
  const connection = await connectRecordings(recordings, options);
  open.push(connection.close);
  const { resolver, request } = connection;
  return {
    ...connection,
    resolve: (more: Partial<typeof request> = {}) => resolver.resolve({ ...request, ...more }, unlimited),
  };
}

/** `items | pending | terminal`, by recording. */
function summary(resolution: Resolution, ids: readonly string[]): string {
  if (resolution.state !== 'ready') return resolution.state;
  const at = (id: string | undefined) => (id === undefined ? '?' : String(ids.indexOf(id)));
  const { items, pending = [], terminal = [] } = resolution;
  return [
    items.map(
      ({ ids: { recordingId, channel } }) => at(recordingId) + (channel === undefined ? '' : `.${channel}`),
    ),
    pending.map(({ recordingId, status }) => `${at(recordingId)} ${status}`),
    terminal.map(({ ids: { recordingId }, reason }) => `${at(recordingId)} ${reason}`),
  ]
    .map((list) => list.join(', '))
    .join(' | ');
}

describe('a conversation', () => {
  it('has any number of recordings of all kinds, each with a file of its own', async () => {
    const kinds = ['call', 'screen', 'chat', 'email', 'message'] as const;
    const { resolve, ids, conversation } = await start(kinds.map((kind) => ({ kind })));
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe('0, 1, 2, 3, 4 |  | ');
    if (resolution.state !== 'ready') return;
    expect(resolution.items.map(({ mediaType }) => mediaType)).toEqual([
      'audio',
      'screen',
      'chat',
      'email',
      'messaging',
    ]);
    expect(resolution.items[0]).toMatchObject({
      ids: { conversationId: conversation.id },
      durationMs: 5000,
      recordedAt: conversation.startedAt,
    });
    const types = await Promise.all(
      resolution.items.map(async ({ url }) => (await observe(url)).headers['content-type']),
    );
    expect(types).toEqual([
      'audio/wav',
      'video/webm',
      'application/zip',
      'message/rfc822',
      'application/zip',
    ]);
  });

  it('may have several files per recording, one per channel', async () => {
    const { resolve, ids } = await start([{ perChannel: true }, { perChannel: true, channels: 1 }]);
    expect(summary(await resolve(), ids)).toBe('0.0, 0.1, 1.0 |  | ');
  });

  it('is asked for the kinds that are wanted only', async () => {
    const { resolve, ids, count } = await start([{}, { kind: 'screen' }, { kind: 'email' }], {
      resolver: { kinds: new Set(['screen']) },
    });
    expect(summary(await resolve(), ids)).toBe('1 |  | ');
    expect(count('recordings/{recordingId}')).toBe(2);
  });

  it('can be asked for one recording of it', async () => {
    const { resolve, ids } = await start([{}, {}, { fate: 'deleted' }]);
    expect(summary(await resolve({ recordingId: ids[1] ?? '' }), ids)).toBe('1 |  | ');
    expect(await resolve({ recordingId: 'x', endedAt: 0 })).toMatchObject({ state: 'gone' });
  });

  it('in another format is made in another format', async () => {
    const { resolve } = await start([{}], { resolver: { format: 'MP3' } });
    const resolution = await resolve();
    const [item] = resolution.state === 'ready' ? resolution.items : [];
    expect((await observe(item?.url ?? '')).headers['content-type']).toBe('audio/mpeg');
  });
});

describe('what is not there yet', () => {
  it('is not asked for before the dust has settled', async () => {
    const { resolve, ids, clock, simulator } = await start([{}], { resolver: { settleMs: 15 * MINUTE } });
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe(' | ? settling | ');
    expect(simulator.requests).toHaveLength(0);
    const [pending] = (resolution.state === 'ready' && resolution.pending) || [];
    expect(pending?.retryAfterMs).toBeGreaterThan(14 * MINUTE);
    clock.advance(15 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0 |  | ');
  });

  it('an empty list is final only after the horizon', async () => {
    const { resolve, ids, clock } = await start([{ listedAfterS: 7000 }]);
    expect(summary(await resolve(), ids)).toBe(' | ? no recording yet | ');
    clock.advance(119 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0 |  | ');
    const { resolve: never, clock: other } = await start([]);
    expect(summary(await never(), [])).toBe(' | ? no recording yet | ');
    other.advance(120 * MINUTE);
    expect(summary(await never(), [])).toBe(' |  | ');
  });

  it('a conversation that is not found is no other', async () => {
    const { resolve, clock } = await start([{}], { conversation: { otherDivision: true } });
    expect(summary(await resolve(), [])).toBe(' | ? conversation not found | ');
    clock.advance(120 * MINUTE);
    expect(await resolve()).toMatchObject({
      state: 'gone',
      reason: expect.stringContaining('division') as unknown,
    });
  });

  it('a late recording keeps none of the others', async () => {
    const { resolve, ids, clock } = await start([{}, { uploadedAfterS: 2400 }, { fate: 'deleted' }]);
    expect(summary(await resolve(), ids)).toBe('0 | 1 uploading | 2 deleted');
    clock.advance(40 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0, 1 |  | 2 deleted');
  });

  it('is waited for longer the longer it is missing, and given up on at the horizon', async () => {
    const { resolve, ids, clock } = await start([{ uploadedAfterS: 1e6 }]);
    const waits: number[] = [];
    for (let looks = 0; looks < 40; looks += 1) {
      const resolution = await resolve();
      const [pending] = (resolution.state === 'ready' && resolution.pending) || [];
      if (pending === undefined) break;
      waits.push(pending.retryAfterMs);
      clock.advance(pending.retryAfterMs);
    }
    expect(waits.toSorted((one, other) => one - other)).toEqual(waits);
    expect(waits[0]).toBe(MINUTE);
    expect(waits.at(-1)).toBe(15 * MINUTE);
    expect(waits.length).toBeLessThan(20);
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe(' |  | 0 overdue');
    expect(resolution).toMatchObject({ terminal: [{ permanent: false, status: 'uploading' }] });
  });

  it('a stub that is AVAILABLE without files is not ready', async () => {
    const { resolve, ids, clock } = await start([{ stubUntilS: 600 }]);
    expect(summary(await resolve(), ids)).toBe(' | 0 available | ');
    clock.advance(10 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0 |  | ');
  });

  it('of several recordings, those whose files take seconds are waited for in an invocation of a minute', async () => {
    const { resolver, request, ids, clock } = await start([{ transcodingS: 3 }, { transcodingS: 5 }]);
    const budget = { deadline: clock.now() + 55_000, signal: unlimited.signal };
    expect(summary(await resolver.resolve(request, budget), ids)).toBe('0, 1 |  | ');
  });

  it('transcoding is waited for a little, and then left to the queue', async () => {
    const { resolve, ids, clock, count } = await start([{ transcodingS: 20 }, { transcodingS: 300 }]);
    expect(summary(await resolve(), ids)).toBe('0 | 1 transcoding | ');
    // the platform says how long it takes, so nobody asks in between
    expect(count('recordings/{recordingId}')).toBe(3);
    clock.advance(5 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0, 1 |  | ');
  });

  it('nothing is waited for that the deadline does not allow', async () => {
    const { resolver, request, ids, clock } = await start([{ transcodingS: 20 }]);
    const budget = { deadline: clock.now() + 40_000, signal: unlimited.signal };
    expect(summary(await resolver.resolve(request, budget), ids)).toBe(' | 0 transcoding | ');
    expect(clock.slept).toEqual([]);
  });

  it('without a time in the request the platform is asked when it ended', async () => {
    const { resolver, request, clock, count } = await start([]);
    const { endedAt: _, ...timeless } = request;
    expect(summary(await resolver.resolve(timeless, unlimited), [])).toBe(' | ? no recording yet | ');
    clock.advance(120 * MINUTE);
    expect(summary(await resolver.resolve(timeless, unlimited), [])).toBe(' |  | ');
    expect(count('GET /api/v2/conversations/{conversationId}')).toBeGreaterThanOrEqual(2);
  });
});

describe('what the platform has archived itself', () => {
  it('is reported, and not brought back unasked', async () => {
    const { resolve, ids, simulator } = await start([{ fate: 'archived' }]);
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe(' |  | 0 archived');
    expect(resolution).toMatchObject({
      terminal: [{ permanent: false, hint: expect.stringContaining('ARCHIVE_RESTORE_ARCHIVED') as unknown }],
    });
    expect(simulator.requests.some(({ method }) => method === 'PUT')).toBe(false);
  });

  it('is brought back when that is wanted, keeping its delete date', async () => {
    const { resolve, ids, clock, conversation, simulator } = await start(
      [{ fate: 'archived', restoringS: 7200 }],
      {
        resolver: { restoreArchived: true },
      },
    );
    const [recording] = conversation.recordings;
    if (recording === undefined) throw new Error('no recording');
    recording.deleteDate = '2030-01-01T00:00:00.000Z';
    expect(summary(await resolve(), ids)).toBe(' | 0 restoring | ');
    expect(recording.deleteDate).toBe('2030-01-01T00:00:00.000Z');
    clock.advance(60 * MINUTE);
    expect(summary(await resolve(), ids)).toBe(' | 0 restoring | ');
    expect(simulator.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
    clock.advance(61 * MINUTE);
    expect(summary(await resolve(), ids)).toBe('0 |  | ');
  });

  it('without the permission to, says which one', async () => {
    const { resolve, simulator } = await start([{ fate: 'archived' }], {
      resolver: { restoreArchived: true },
    });
    simulator.world.deny('recording:recording:restore');
    simulator.world.deny('recording:recording:editRetention');
    expect(await resolve()).toMatchObject({
      terminal: [
        { reason: 'archived', hint: expect.stringContaining('recording:recording:restore') as unknown },
      ],
    });
  });
});

describe('what says AVAILABLE and has been archived', () => {
  it('may be about to appear, until the horizon; then it is what it says by its dates', async () => {
    const { resolve, ids, clock, count } = await start([
      { fate: 'archived', stubUntilS: 86_400 },
      { stubUntilS: 86_400 },
    ]);
    expect(summary(await resolve(), ids)).toBe(' | 0 available, 1 available | ');
    clock.advance(121 * MINUTE);
    expect(summary(await resolve(), ids)).toBe(' |  | 0 archived, 1 overdue');
    expect(count('PUT')).toBe(0);
  });
});

describe('202 with nothing in it', () => {
  const nothing = {
    status: 202,
    text: '',
    errorCode: undefined,
    correlationId: undefined,
    retryAfterMs: undefined,
  };
  const listed = {
    ...nothing,
    status: 200,
    text: JSON.stringify([{ id: 'r1', media: 'audio', fileState: 'AVAILABLE' }]),
  };

  it.each([
    ['for the list', [nothing], '? accepted'],
    [
      'for a recording, time and again',
      [listed, ...Array.from({ length: 9 }, () => nothing)],
      'r1 transcoding',
    ],
  ])('%s is not ready', async (_, answers, pending) => {
    const { clock, logger, request } = await start([]);
    const left = [...answers];
    const api = { call: () => Promise.resolve(left.shift() ?? nothing) };
    const resolver = createRecordingsApi({
      api,
      clock,
      logger,
      format: 'WAV',
      kinds: new Set(['call'] as const),
      settleMs: 0,
      horizonMs: 120 * MINUTE,
      restoreArchived: false,
      batch: false,
      describeConversation: false,
    });
    const resolution = await resolver.resolve(request, unlimited);
    if (resolution.state !== 'ready') throw new Error('not ready');
    expect(resolution).toMatchObject({ items: [], terminal: [] });
    expect(resolution.pending?.map(({ recordingId = '?', status }) => `${recordingId} ${status}`)).toEqual([
      pending,
    ]);
    expect(resolution.pending?.[0]?.retryAfterMs).toBeGreaterThan(0);
  });
});

describe('what will never be', () => {
  it('is terminal, permanently', async () => {
    const { resolve, ids } = await start([{ fate: 'deleted' }, { fate: 'error' }]);
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe(' |  | 0 deleted, 1 error');
    expect(resolution).toMatchObject({ terminal: [{ permanent: true }, { permanent: true }] });
  });
});

describe('refusals', () => {
  it('a missing permission is named', async () => {
    const { resolve, simulator } = await start([{}]);
    for (const kind of ['recording', 'recordingSegment', 'snippetRecording', 'screenRecording']) {
      simulator.world.deny(`recording:${kind}:view`);
    }
    await expect(resolve()).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      retryable: false,
      hint: expect.stringContaining('recording:recording:view') as unknown,
      details: {
        status: 403,
        errorCode: 'recording.recording.view.permission.check.failed',
        correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      },
    });
  });

  it('one forbidden recording keeps none of the others', async () => {
    const { resolve, ids, simulator } = await start([{}, { kind: 'screen' }]);
    simulator.faults.add({ on: 'recording', id: ids[1] ?? '', fault: { kind: 'status', status: 403 } });
    expect(summary(await resolve(), ids)).toBe('0 |  | 1 forbidden');
  });

  it.each([
    ['a page', { kind: 'html' }],
    ['half a body', { kind: 'status', status: 418 }],
  ] as const)('%s is no answer', async (_, fault) => {
    const { resolve, simulator } = await start([{}]);
    simulator.faults.add({ on: 'recording', fault });
    await expect(resolve()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
  });

  it('faults are tried again', async () => {
    const { resolve, ids, simulator } = await start([{}, {}]);
    simulator.faults.add({ on: 'recording', times: 3, fault: { kind: 'status', status: 503 } });
    simulator.faults.add({ on: 'recording', skip: 4, fault: { kind: 'throttle', retryAfter: 7 } });
    expect(summary(await resolve(), ids)).toBe('0, 1 |  | ');
  });
});

describe('a batch', () => {
  const batch = { resolver: { batch: true } };

  it('gives all files at once, as they were recorded', async () => {
    const { resolve, ids, count } = await start(
      [{ perChannel: true }, { kind: 'chat' }, { fate: 'deleted' }],
      batch,
    );
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe('0.0, 0.1, 1 |  | 2 deleted');
    expect([count('POST /api/v2/recording/batchrequests'), count('recordings/{recordingId}')]).toEqual([
      1, 0,
    ]);
    const [item] = resolution.state === 'ready' ? resolution.items : [];
    expect((await observe(item?.url ?? '')).headers['content-type']).toBe('audio/ogg');
  });

  it('asks for no more than 100 at a time', async () => {
    const { resolve, count } = await start(
      Array.from({ length: 101 }, () => ({ kind: 'chat' as const })),
      batch,
    );
    const resolution = await resolve();
    expect(resolution.state === 'ready' && resolution.items).toHaveLength(101);
    expect(count('POST /api/v2/recording/batchrequests')).toBe(2);
  });

  it('says what was left out, and for want of what', async () => {
    const { resolve, ids, simulator } = await start([{}, { sensitive: true }], batch);
    simulator.world.deny('recording:recording:viewSensitiveData');
    const resolution = await resolve();
    expect(summary(resolution, ids)).toBe('0 |  | 1 forbidden');
    expect(resolution).toMatchObject({
      terminal: [{ permanent: false, hint: expect.stringContaining('unredacted') as unknown }],
    });
  });
});

describe('what a layout or a sidecar needs to know', () => {
  const described = { resolver: { describeConversation: true } };

  it('is said of every file, and of what is gone', async () => {
    const { resolve, conversation, count } = await start(
      [{ perChannel: true }, { kind: 'screen' }, { kind: 'chat' }, { kind: 'email' }, { fate: 'deleted' }],
      described,
    );
    const resolution = await resolve();
    if (resolution.state !== 'ready') throw new Error('not ready');
    const { startedAt, endedAt } = conversation;
    const facts = { startedAt, provider: 'Edge', direction: 'inbound' };
    expect(resolution.items.map(({ file }) => file)).toEqual([
      { kind: 'call', subtype: 'Trunk', extension: 'wav', endedAt },
      { kind: 'call', subtype: 'Trunk', extension: 'wav', endedAt },
      { kind: 'screen', subtype: 'Screen', extension: 'webm', endedAt },
      { kind: 'chat', extension: 'zip', endedAt },
      { kind: 'email', extension: 'eml', endedAt },
    ]);
    expect(resolution.terminal).toMatchObject([
      { file: { kind: 'call', extension: 'wav' }, conversation: facts },
    ]);
    expect(
      resolution.items.every(({ conversation: one }) => JSON.stringify(one) === JSON.stringify(facts)),
    ).toBe(true);
    expect(count('GET /api/v2/conversations/{conversationId}')).toBe(
      count('GET /api/v2/conversations/{conversationId}/') + 1,
    );
  });

  it('costs nothing where no layout asks for it, or there is nothing to keep', async () => {
    const asked = (requests: readonly { readonly route: string }[]) =>
      requests.filter(({ route }) => route === 'GET /api/v2/conversations/{conversationId}').length;
    const plain = await start([{}]);
    const resolution = await plain.resolve();
    expect(resolution).toMatchObject({
      items: [expect.not.objectContaining({ conversation: expect.anything() as unknown })],
    });
    expect(asked(plain.simulator.requests)).toBe(0);
    const early = await start([{ uploadedAfterS: 600 }], described);
    await early.resolve();
    expect(asked(early.simulator.requests)).toBe(0);
  });

  it('without the permission to, names it', async () => {
    const { resolve, simulator } = await start([{}], described);
    simulator.world.deny('conversation:communication:view');
    await expect(resolve()).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      message: expect.stringContaining('start of conversation') as unknown,
      hint: expect.stringContaining('conversation:communication:view') as unknown,
    });
  });

  it('is what the list said, where files come in batches: only screens have a time', async () => {
    const { resolve, conversation } = await start([{}, { kind: 'screen' }, { kind: 'chat' }], {
      resolver: { batch: true },
    });
    const resolution = await resolve();
    if (resolution.state !== 'ready') throw new Error('not ready');
    expect(resolution.items.map(({ recordedAt, file }) => [recordedAt, file?.extension])).toEqual([
      [undefined, 'ogg'],
      [conversation.startedAt, 'webm'],
      [undefined, 'zip'],
    ]);
  });
});
