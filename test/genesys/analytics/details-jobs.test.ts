import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createConversationAnalytics } from '../../../src/genesys/analytics/details-jobs.ts';
import type { AnalyzedConversation } from '../../../src/ports.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { type LocalAnswer, type LocalCall, startLocalPlatform } from '../local-platform.ts';

const DAY = Date.UTC(2026, 10, 20);
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

function conversation(conversationId: string, start = '2026-11-20T10:00:00.000Z', more: object = {}) {
  return { conversationId, conversationStart: start, conversationEnd: start, participants: [], ...more };
}

interface Script {
  /** Pages of each job, in the order in which jobs are submitted. */
  readonly jobs?: readonly (readonly (readonly object[])[])[];
  readonly states?: (job: number) => string;
  readonly override?: (call: LocalCall) => LocalAnswer | undefined;
}

async function connect({ jobs = [], states = () => 'FULFILLED', override }: Script, organizationId?: string) {
  let submitted = 0;
  const platform = await startLocalPlatform((call) => {
    const other = override?.(call);
    if (other !== undefined) return other;
    if (call.method === 'POST') {
      submitted += 1;
      return { status: 202, body: { jobId: `job-${submitted}` } };
    }
    if (call.method === 'DELETE') return { status: 204 };
    if (call.path.endsWith('/availability')) {
      return { body: { dataAvailabilityDate: '2026-11-21T06:00:00.000Z' } };
    }
    const [, job = '0', results] = /jobs\/job-(\d+)(\/results)?$/.exec(call.path) ?? [];
    if (results === undefined) return { body: { state: states(Number(job)) } };
    const pages = jobs[Number(job) - 1] ?? [];
    const at = Number(call.query['cursor']?.split('-')[1] ?? '0');
    const cursor = at + 1 < pages.length ? { cursor: `${job}-${at + 1}` } : {};
    return {
      body: { conversations: pages[at] ?? [], dataAvailabilityDate: '2026-11-21T06:00:00.000Z', ...cursor },
    };
  });
  open.push(() => platform.close());
  const { api, clock, calls } = platform;
  const analytics = createConversationAnalytics({ api, clock, logger: recordingLogger(), organizationId });
  const list = async (of: 'started' | 'active' = 'started') => {
    const found: AnalyzedConversation[] = [];
    for await (const one of analytics.conversations({ day: DAY, of }, unlimited)) found.push(one);
    return found.map(({ conversationId }) => conversationId);
  };
  return { ...platform, analytics, list, posted: () => calls.filter(({ method }) => method === 'POST') };
}

describe('the conversations of a day', () => {
  it('are read page by page, each once, in one job', async () => {
    const pages = [
      [conversation('a'), conversation('b')],
      [conversation('b'), conversation('c')],
    ];
    const { list, posted } = await connect({ jobs: [pages] });
    expect(await list()).toEqual(['a', 'b', 'c']);
    expect(posted().map(({ body }) => body)).toEqual([
      expect.objectContaining({
        interval: '2026-11-20T00:00:00.000Z/2026-11-21T00:00:00.000Z',
        startOfDayIntervalMatching: true,
      }),
    ]);
  });

  it('are those that began on it, without those that the platform adds', async () => {
    const page = [
      conversation('before', '2026-11-19T23:59:59.999Z', { conversationEnd: '2026-11-20T00:10:00.000Z' }),
      conversation('first', '2026-11-20T00:00:00.000Z'),
      conversation('last', '2026-11-20T23:59:59.999Z'),
      conversation('after', '2026-11-21T00:00:00.000Z'),
      conversation('long ago', '2026-11-01T00:00:00.000Z'),
    ].map((one) => ({ ...one, conversationId: one.conversationId.replace(' ', '-') }));
    expect(await (await connect({ jobs: [[page]] })).list()).toEqual(['first', 'last']);
    expect(await (await connect({ jobs: [[page]] })).list('active')).toEqual(['before', 'first', 'last']);
  });

  it('are read to the end although the results of a job expire: a second job is submitted, and none comes twice', async () => {
    const pages = [[conversation('a')], [conversation('b')]];
    let expired = false;
    const { list, posted } = await connect({
      jobs: [pages, pages],
      override: ({ path, query }) => {
        if (!path.endsWith('job-1/results') || query['cursor'] === undefined) return undefined;
        expired = true;
        return { status: 404, body: { code: 'resource.not.found' } };
      },
    });
    expect(await list()).toEqual(['a', 'b']);
    expect([expired, posted().length]).toEqual([true, 2]);
  });

  it('are given up after three jobs that expired before they were read', async () => {
    const { list, posted } = await connect({ states: () => 'EXPIRED' });
    await expect(list()).rejects.toMatchObject({ code: 'GENESYS_UNAVAILABLE' });
    expect(posted()).toHaveLength(3);
  });

  it('are asked for in smaller pages where one is too large for the platform or for us', async () => {
    const sizes: string[] = [];
    const { list } = await connect({
      jobs: [[[conversation('a')]]],
      override: ({ path, query }) => {
        if (!path.endsWith('/results')) return undefined;
        sizes.push(query['pageSize'] ?? '');
        if (query['pageSize'] === '1000') return { status: 413, body: { code: 'payload.too.large' } };
        if (query['pageSize'] === '500') return { body: { filler: 'x'.repeat(9 * 1024 * 1024) } };
        return undefined;
      },
    });
    expect(await list()).toEqual(['a']);
    expect(sizes).toEqual(['1000', '500', '100']);
  });

  it('are refused when the answer is of another organization, of another job, or no conversation', async () => {
    const foreign = [[conversation('a', undefined, { organizationId: 'other' })]];
    const cases: readonly Script[] = [
      { jobs: [foreign] },
      { jobs: [[[{ conversationId: '../x', conversationStart: '2026-11-20T10:00:00.000Z' }]]] },
      { jobs: [[[{ conversationId: 'no-start' }]]] },
      {
        override: ({ method, path }) =>
          method === 'GET' && path.endsWith('job-1')
            ? { body: { jobId: 'job-9', state: 'FULFILLED' } }
            : undefined,
      },
      {
        override: ({ path }) =>
          path.endsWith('/results') ? { body: { conversations: [], cursor: 'again' } } : undefined,
      },
    ];
    for (const script of cases) {
      const { list } = await connect(script, 'own');
      await expect(list()).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
    }
  });

  it('are refused with the permission that is missing', async () => {
    const { list } = await connect({
      override: ({ method }) =>
        method === 'POST' ? { status: 403, body: { code: 'missing.permissions' } } : undefined,
    });
    await expect(list()).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      hint: expect.stringContaining('analytics:conversationDetail:view') as string,
    });
  });

  it('whose reader stops early leave no job behind', async () => {
    const { analytics, calls } = await connect({ jobs: [[[conversation('a')], [conversation('b')]]] });
    const listing = analytics.conversations({ day: DAY, of: 'started' }, unlimited);
    await listing.next();
    await listing.return();
    expect(calls.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      'analytics/conversations/details/jobs/job-1',
    ]);
  });
});

describe('how far the data go', () => {
  it('is known, forbidden or unknown, and these differ', async () => {
    const states = ['known', 'forbidden', 'unknown'];
    const answers: (LocalAnswer | undefined)[] = [undefined, { status: 403 }, { status: 404 }];
    for (const [at, answer] of answers.entries()) {
      const { analytics } = await connect({
        override: ({ path }) => (path.endsWith('/availability') ? answer : undefined),
      });
      expect((await analytics.availability(unlimited)).state).toBe(states[at]);
    }
  });

  it('is told with each page', async () => {
    const { analytics } = await connect({ jobs: [[[conversation('a')]]] });
    const told: number[] = [];
    const query = { day: DAY, of: 'started', onAvailability: (until: number) => told.push(until) } as const;
    await analytics.conversations(query, unlimited).next();
    expect(told).toEqual([Date.UTC(2026, 10, 21, 6)]);
  });
});
