import { afterEach, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { Past, type PastOptions } from '../../packages/simulator/src/past/past.ts';
import { StableIds } from '../../packages/simulator/src/past/stable-ids.ts';
import type { Simulator } from '../../packages/simulator/src/simulator.ts';
import { askAs, startFrozen } from './asking.ts';
import { observe } from './observe.ts';

const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

const WEEK: PastOptions = { recordings: 1_234, from: '2026-05-04', to: '2026-05-10' };
const all = (past: Past) => Array.from({ length: past.conversations }, (_, index) => past.at(index));

describe('the past', () => {
  it('has exactly as many recordings as were asked for, the same every time, in the order of time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(1000),
        (recordings, days, seed) => {
          const to = new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10);
          const options = { recordings, from: '2026-01-01', to };
          const [one, other] = [new Past(options, seed), new Past(options, seed)];
          const conversations = all(one);
          expect(conversations.reduce((sum, { recordings: list = [] }) => sum + list.length, 0)).toBe(
            recordings,
          );
          expect(all(other)).toEqual(conversations);
          const starts = conversations.map(({ endedAt = 0, lastedS = 0 }) => endedAt - lastedS * 1000);
          expect(starts).toEqual(starts.toSorted((a, b) => a - b));
          expect(Math.min(...starts)).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1));
          expect(Math.max(...starts)).toBeLessThan(Date.UTC(2026, 0, days + 1));
          const middle = Date.UTC(2026, 0, Math.ceil(days / 2), 12);
          expect(one.range(0, middle)).toEqual([0, starts.filter((start) => start < middle).length]);
          expect(one.range(middle, Date.UTC(2027, 0))).toEqual([one.range(0, middle)[1], one.conversations]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('has ids that lead back to their places, and no others do', () => {
    const past = new Past(WEEK, 3);
    for (const [index, { id = '', recordings = [] }] of all(past).entries()) {
      expect(past.indexOfConversation(id)).toBe(index);
      for (const [at, recording] of recordings.entries()) {
        expect(past.indexOfRecording(recording.id ?? '')).toEqual({ conversation: index, recording: at });
        expect(past.indexOfConversation(recording.id ?? '')).toBeUndefined();
      }
    }
    expect(new Past(WEEK, 4).indexOfConversation(past.conversationId(0))).toBeUndefined();
    const ids = new StableIds('key');
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 1 }),
        (value) => ids.decode(ids.encode(value)) === value,
      ),
    );
    expect(ids.decode('00000000-0000-4000-8000-000000000000')).toBeUndefined();
  });

  it('has agents, queues, wrap-up codes, divisions and media of several kinds, and quiet Sundays', () => {
    const past = new Past(WEEK, 1);
    const conversations = all(past);
    const kinds = conversations.flatMap(({ recordings = [] }) => recordings.map(({ kind }) => kind));
    expect(new Set(kinds)).toEqual(new Set(['call', 'screen', 'chat', 'email', 'message']));
    for (const [name, size] of [
      ['agent', 20],
      ['queue', 5],
      ['wrapUp', 6],
      ['division', 3],
    ] as const) {
      expect(new Set(conversations.map((one) => one[name])).size).toBe(size);
    }
    expect(new Set(conversations.map(({ customer }) => customer)).size).toBeGreaterThan(100);
    const days = past.perDay();
    expect([...days.keys()]).toHaveLength(7);
    expect(days.get('2026-05-10')).toBeLessThan((days.get('2026-05-06') ?? 0) / 2);
  });

  it('can have an empty day, a deleted recording, an unannounced conversation, and omissions', () => {
    const past = new Past(
      {
        ...WEEK,
        emptyDay: '2026-05-06',
        deletesAt: Date.UTC(2026, 4, 12),
        leavesOneUnannounced: true,
        omissions: 0.2,
      },
      1,
    );
    expect(past.perDay().get('2026-05-06')).toBe(0);
    const conversations = all(past);
    const recordings = conversations.flatMap(({ recordings: list = [] }) => list);
    const deleted = recordings.filter(({ deletedAfterS }) => deletedAfterS !== undefined);
    expect(deleted.map(({ id }) => id)).toEqual([past.special.deletedRecordingId]);
    const unannounced = conversations.filter(({ unannounced: is }) => is);
    expect(unannounced.map(({ id }) => id)).toEqual([past.special.unannouncedConversationId]);
    const share = (is: (one: (typeof recordings)[number]) => boolean) =>
      recordings.filter(is).length / recordings.length;
    for (const is of [
      ({ sensitive }) => sensitive === true,
      ({ batch }) => batch === 'omitted',
      ({ batch }) => batch === 'error',
      ({ fate }) => fate === 'archived',
      ({ fate }) => fate === 'error',
    ] satisfies readonly Parameters<typeof share>[0][]) {
      expect(share(is)).toBeGreaterThan(0.02);
      expect(share(is)).toBeLessThan(0.06);
    }
  });

  it.each([
    [{ recordings: 0 }, 'recordings must be'],
    [{ to: '2026-05-03' }, 'ends (2026-05-03) before it begins'],
    [{ from: '2026-02-30' }, 'from is not a day'],
    [{ from: 'yesterday' }, 'from is not a day'],
    [{ emptyDay: '2026-06-01' }, 'is not one of its days'],
    [{ late: { day: '2026-06-01', until: 0 } }, 'the late day 2026-06-01'],
    [{ omissions: 2 }, 'a share must be'],
    [{ longestS: 0 }, 'longestS'],
    [{ from: '1800-01-01' }, 'at most 40000 days'],
    [{ from: '2026-05-10', emptyDay: '2026-05-10' }, 'only day is the empty one'],
  ])('refuses %j', (more, problem) => {
    expect(() => new Past({ ...WEEK, ...more }, 1)).toThrow(problem);
  });
});

describe('the simulator with a past', () => {
  async function start(past: Partial<PastOptions> = {}) {
    const started = await startFrozen({
      past: { ...WEEK, longestS: 20, ...past },
      behaviour: { detailsJobMs: 0, batchMs: 0 },
    });
    open.push(started.simulator);
    const { ask, simulator } = started;
    const idsOf = async (day: string): Promise<readonly string[]> => {
      const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
      const jobs = '/api/v2/analytics/conversations/details/jobs';
      const { body: job } = await ask(jobs, 'POST', {
        interval: `${day}T00:00:00Z/${next}T00:00:00Z`,
        startOfDayIntervalMatching: true,
      });
      const { body } = await ask(`${jobs}/${job.jobId}/results?pageSize=1000`);
      return body.conversations.map((one: { conversationId: string }) => one.conversationId);
    };
    return { ...started, idsOf, past: simulator.world.past as Past };
  }

  it('is found day by day, and by retention all at once, and every file can be downloaded', async () => {
    const { ask, idsOf, past } = await start();
    const found: string[] = [];
    for (const [day, count] of past.perDay()) {
      const ids = await idsOf(day);
      expect(ids).toHaveLength(count);
      found.push(...ids);
    }
    expect(new Set(found).size).toBe(past.conversations);
    const listed: string[] = [];
    let uri: string | undefined = '/api/v2/recordings/retention/query?retentionThresholdDays=0&pageSize=497';
    let pages = 0;
    while (uri !== undefined) {
      const { body } = await ask(uri);
      for (const { recordingId } of body.entities) listed.push(recordingId);
      uri = body.nextUri;
      pages += 1;
    }
    expect([listed.length, new Set(listed).size, pages]).toEqual([1_234, 1_234, 3]);
    const batch = '/api/v2/recording/batchrequests';
    const list = found.slice(0, 100).map((conversationId) => ({ conversationId }));
    const { body: job } = await ask(batch, 'POST', { batchDownloadRequestList: list });
    const { body } = await ask(`${batch}/${job.id}`);
    expect(body.results).toHaveLength(125);
    for (const { resultUrl, contentType } of body.results.slice(0, 20)) {
      expect(await observe(resultUrl)).toMatchObject({
        status: 200,
        headers: { 'content-type': contentType },
      });
    }
  });

  it('has a day that arrives late, and keeps what is changed', async () => {
    const until = Date.UTC(2026, 4, 20, 13);
    const { ask, idsOf, pass, past, simulator } = await start({
      recordings: 4_000,
      late: { day: '2026-05-05', until },
    });
    expect(await idsOf('2026-05-05')).toEqual([]);
    const late = past.conversationId(past.range(0, Date.UTC(2026, 4, 5))[1]);
    const metadataOfLate = async () =>
      (await ask(`/api/v2/conversations/${late}/recordingmetadata`)).body.length;
    expect(await metadataOfLate()).toBe(0);
    const [first = ''] = await idsOf('2026-05-04');
    const path = `/api/v2/conversations/${first}/recordings`;
    const [{ id }] = (await ask(`/api/v2/conversations/${first}/recordingmetadata`)).body;
    await ask(`${path}/${id}`, 'PUT', { deleteDate: '2026-05-20T12:30:00Z' });
    pass(3600);
    expect(await metadataOfLate()).toBeGreaterThan(0);
    expect(await idsOf('2026-05-05')).toHaveLength(past.perDay().get('2026-05-05') ?? -1);
    for (let index = 0; index < past.conversations; index += 1)
      simulator.world.conversation(past.conversationId(index));
    expect((await ask(`${path}/${id}`)).body.fileState).toBe('DELETED');
  });

  it('shows nothing of days to come', async () => {
    const { ask } = await start({ from: '2026-05-20', to: '2026-05-22' });
    const { body } = await ask('/api/v2/analytics/conversations/details/query', 'POST', {
      interval: '2026-05-20T00:00:00Z/2026-05-23T00:00:00Z',
      paging: { pageSize: 100 },
    });
    expect(body.totalHits).toBeGreaterThan(10);
    expect(body.totalHits).toBeLessThan(400);
    for (const { conversationStart } of body.conversations) {
      expect(Date.parse(conversationStart)).toBeLessThanOrEqual(Date.UTC(2026, 4, 20, 12));
    }
  });

  it('answers for 10,000,000 recordings without holding them', async () => {
    const before = process.memoryUsage().heapUsed;
    const { simulator, idsOf, ask } = await start({
      recordings: 10_000_000,
      from: '2000-01-01',
      to: '2026-05-10',
    });
    const { past } = simulator.world;
    const id = past?.conversationId(7_654_321) ?? '';
    expect((await ask(`/api/v2/conversations/${id}/recordingmetadata`)).body.length).toBeGreaterThan(0);
    expect(past?.conversations).toBe(8_000_000);
    expect((await idsOf('2026-05-06')).length).toBe(1000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(60_000_000);
  });

  it('is another one in each organization', async () => {
    const { simulator } = await startFrozen({
      past: WEEK,
      organizations: [{ name: 'x', clients: [{ clientId: 'c', clientSecret: 's' }], past: WEEK }],
    });
    open.push(simulator);
    const [first, second] = simulator.organizations.map(({ world }) => world.past?.conversationId(0) ?? '');
    const asSecond = await askAs(simulator.apiUrl, 'c', 's');
    expect((await asSecond(`/api/v2/conversations/${second}/recordingmetadata`)).status).toBe(200);
    expect((await asSecond(`/api/v2/conversations/${first}/recordingmetadata`)).status).toBe(404);
  });
});
