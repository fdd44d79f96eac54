import { afterEach, describe, expect, it } from 'vitest';
import type { ScriptedConversation } from '../../packages/simulator/src/published/recordings/scripted.ts';
import type { Outcome } from '../../src/jobs/kind.ts';
import { backfills, DAY_MS, NOW } from '../backfill/start-backfill.ts';

const { start, closeAll } = backfills();
afterEach(closeAll);

const AGO = NOW - 30 * DAY_MS;

const KINDS: ScriptedConversation = {
  endedAt: AGO,
  recordings: [
    { kind: 'call' },
    { kind: 'call', leg: 'station' },
    { kind: 'screen' },
    { kind: 'chat' },
    { kind: 'email' },
    { kind: 'message' },
  ],
};

describe('a recording from before', () => {
  it.each([
    ['one file of a call in the format it was recorded in', {}],
    ['with batches in the live path, too', { GENESYS_BATCH: '1' }],
    ['with a format that was chosen', { GENESYS_FORMAT: 'MP3' }],
    [
      'in the layout of the platform’s own export',
      {
        ARCHIVE_LAYOUT: 'genesys-export',
        GENESYS_API: 'recordings',
        GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
      },
    ],
    [
      'in a layout of one’s own',
      { ARCHIVE_LAYOUT: 'archive/{yyyy}/{mm}/{dd}/{hh}/{conversationId}/{recordingId}{channel}.enc' },
    ],
  ])('has the key that a live event would have given it: %s', async (_how, env) => {
    // both around a midnight
    const conversations = [KINDS, { ...KINDS, endedAt: Date.UTC(2026, 9, 1, 0, 0, 20), lastedS: 60 }];
    const before = await start({ conversations }, env);
    const live = await start({ conversations }, env);
    const outcomes = await before.work(before.all());
    for (const { id } of live.simulator.world.conversations) await live.archiveLive(id);
    expect(outcomes.map(({ state }) => state)).toEqual(['done', 'done']);
    const suffix = 'ARCHIVE_LAYOUT' in env && env.ARCHIVE_LAYOUT === 'genesys-export' ? '' : '.enc';
    const keys = (names: readonly string[]) =>
      names.filter((name) => !name.includes('links/') && !name.endsWith('.metadata.json'));
    expect(keys(await before.files(suffix))).toEqual(keys(await live.files(suffix)));
    expect((await before.files(suffix)).length).toBeGreaterThanOrEqual(12);
  });

  it('that is archived already is found: no file of it is made or downloaded again', async () => {
    const { work, all, called, files } = await start({ conversations: [KINDS, KINDS] });
    expect((await work(all())).map(({ state }) => state)).toEqual(['done', 'done']);
    const stored = await files();
    const before = {
      batches: called('batchrequests'),
      media: called('genesys-media'),
      single: called('/recordings/'),
    };
    expect((await work(all())).map(({ state }) => state)).toEqual(['already', 'already']);
    expect(await files()).toEqual(stored);
    expect({
      batches: called('batchrequests'),
      media: called('genesys-media'),
      single: called('/recordings/'),
    }).toEqual(before);
  });
});

describe('a batch', () => {
  it('asks for the calls of many conversations at once', async () => {
    const conversations = Array.from({ length: 25 }, () => ({ endedAt: AGO, recordings: [{ seconds: 1 }] }));
    const { work, all, simulator, backfill, files } = await start({ conversations });
    const outcomes = await work(all());
    expect(outcomes.filter(({ state }) => state === 'done')).toHaveLength(25);
    expect(await files()).toHaveLength(25);
    const posted = simulator.requests.filter(({ route }) => route === 'POST /api/v2/recording/batchrequests');
    expect(posted).toHaveLength(1);
    expect(backfill.batches).toMatchObject({ batches: 1, leftOut: 0, single: 0, making: 0 });
    const calls = simulator.requests.filter(({ route }) => route.includes(' /api/'));
    expect(calls.length / 25).toBeLessThanOrEqual(1.2);
  });

  it('that leaves out a recording does not have it forgotten: it is fetched by itself, or fails with its reason', async () => {
    const conversations: ScriptedConversation[] = [
      { endedAt: AGO, recordings: [{ sensitive: true }, {}] },
      { endedAt: AGO, recordings: [{ fate: 'archived' }] },
      { endedAt: AGO, recordings: [{ fate: 'error' }] },
      { endedAt: AGO, recordings: [{ fate: 'deleted' }] },
      { endedAt: AGO, recordings: [{}] },
    ];
    const { work, all, files, backfill, simulator } = await start({ conversations });
    simulator.world.deny('recording:recording:viewSensitiveData');
    const outcomes = await work(all());
    expect(outcomes.map(({ state, code }) => `${state} ${code ?? ''}`.trim())).toEqual([
      'done',
      'failed MEDIA_NOT_FOUND',
      'done',
      'done',
      'done',
    ]);
    expect(outcomes[1]).toMatchObject({
      reason: expect.stringContaining('ARCHIVE_RESTORE_ARCHIVED') as string,
      retryable: true,
    });
    // the sensitive one by a call of its own; of two that can never be had there are receipts
    expect(backfill.batches.leftOut).toBe(1);
    expect(await files()).toHaveLength(3);
    const receipts = (await files('.json')).filter(
      (name) => name.startsWith('receipts/') && !name.endsWith('.metadata.json'),
    );
    expect(receipts).toHaveLength(5);
  });

  it('waits for recordings that are brought back from the platform’s archive, and comes back for them', async () => {
    const conversations = [{ endedAt: AGO, recordings: [{ fate: 'archived', restoringS: 3600 } as const] }];
    const { work, all, clock } = await start({ conversations }, { ARCHIVE_RESTORE_ARCHIVED: '1' });
    expect(await work(all())).toMatchObject([{ state: 'later', code: 'MEDIA_NOT_READY' }]);
    clock.advance(2 * 3_600_000);
    expect(await work(all())).toMatchObject([{ state: 'done' }]);
  });
});

describe('an item', () => {
  it('may name recordings of a conversation: the others are left alone', async () => {
    const { work, simulator, files } = await start({
      conversations: [{ endedAt: AGO, recordings: [{}, {}, {}] }],
    });
    const [conversation] = simulator.world.conversations;
    if (conversation === undefined) throw new Error('no conversation');
    const [first, , third] = conversation.recordings.map(({ id }) => id);
    const recordingIds = [first ?? '', third ?? ''];
    expect(await work([{ conversationId: conversation.id, recordingIds }])).toMatchObject([
      { state: 'done' },
    ]);
    expect(await files()).toHaveLength(2);
  });

  it('that the platform does not know fails by itself, beside any other', async () => {
    const { work, all } = await start({ conversations: [{ endedAt: AGO, recordings: [{}] }] });
    const unknown = { conversationId: '00000000-0000-4000-8000-000000000001', endedAt: AGO };
    const [conversation] = all();
    const other = {
      conversationId: conversation?.conversationId ?? '',
      recordingIds: ['00000000-0000-4000-8000-000000000002'],
      endedAt: AGO,
    };
    expect(
      (await work([unknown, ...all(), other])).map(({ state, code }) => `${state} ${code ?? ''}`.trim()),
    ).toEqual(['failed MEDIA_NOT_FOUND', 'done', 'failed MEDIA_NOT_FOUND']);
  });

  it('is brought back in waves: the platform is asked for so many at once, and the others wait without a call', async () => {
    const conversations = Array.from({ length: 45 }, () => ({
      endedAt: AGO,
      recordings: [{ seconds: 1, fate: 'archived', restoringS: 7200 } as const],
    }));
    const { work, all, clock, simulator, called } = await start(
      { conversations },
      { ARCHIVE_RESTORE_ARCHIVED: '1', ARCHIVE_RESTORE_WAVE: '20' },
    );
    const asked = () => simulator.requests.filter(({ method }) => method === 'PUT').length;
    const states = (outcomes: readonly Outcome[], wanted: string) =>
      outcomes.filter(({ state }) => state === wanted).length;
    const first = await work(all());
    expect([asked(), states(first, 'later')]).toEqual([20, 45]);
    expect(first.filter(({ isPatient }) => isPatient === true)).toHaveLength(25);
    // nothing is asked about those that wait for their turn
    const listed = called('recordingmetadata');
    await work(all());
    expect([asked(), called('recordingmetadata') - listed]).toEqual([20, 20]);
    for (const [done, wave] of [
      [20, 40],
      [40, 45],
    ]) {
      clock.advance(7_201_000);
      // the first look frees the places, the next one takes them
      await work(all());
      const outcomes = await work(all());
      expect([states(outcomes, 'already'), asked()]).toEqual([done, wave]);
    }
    clock.advance(7_201_000);
    await work(all());
    expect(states(await work(all()), 'already')).toBe(45);
  });

  it('that stands in a list twice is archived once', async () => {
    const { work, all, files } = await start({ conversations: [{ endedAt: AGO, recordings: [{}] }] });
    const [one] = all();
    if (one === undefined) throw new Error('no conversation');
    expect((await work([one, { conversationId: one.conversationId }])).map(({ state }) => state)).toEqual([
      'done',
      'already',
    ]);
    expect(await files()).toHaveLength(1);
  });

  it('of a conversation without a recording is done, with nothing', async () => {
    const { work, all } = await start({ conversations: [{ endedAt: AGO }] });
    expect(await work(all())).toMatchObject([{ state: 'done', results: 0 }]);
  });
});

describe('the work', () => {
  it('ends with the error that every other item would meet: credentials that were withdrawn', async () => {
    const { work, all } = await start(
      { conversations: [{ endedAt: AGO, recordings: [{}] }] },
      { GENESYS_BACKFILL_CLIENT_ID: 'withdrawn', GENESYS_BACKFILL_CLIENT_SECRET: 'withdrawn' },
    );
    await expect(work(all())).rejects.toMatchObject({ code: 'GENESYS_AUTH_REJECTED' });
  });

  it('says nothing of items that it was stopped before', async () => {
    const conversations = Array.from({ length: 20 }, () => ({ endedAt: AGO, recordings: [{}] }));
    const { work, all } = await start({ conversations });
    const stop = new AbortController();
    stop.abort();
    expect(await work(all(), { signal: stop.signal })).toEqual([]);
  });

  it('refuses a job that was planned for another layout', async () => {
    const { backfill } = await start({});
    const context = {
      signal: new AbortController().signal,
      options: { source: 'ids', layout: 'genesys-export' },
      rate: () => 1,
      limitedBy: () => undefined,
      now: () => 0,
      job: 'job',
    };
    const working = backfill.kind.work([], context)[Symbol.asyncIterator]().next();
    await expect(working).rejects.toMatchObject({ code: 'JOB_CHANGED' });
  });
});
