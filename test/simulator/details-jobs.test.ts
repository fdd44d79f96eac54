import { afterEach, describe, expect, it } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../packages/simulator/src/simulator.ts';
import { type Answer, DAY_S, startFrozen } from './asking.ts';

const JOBS = '/api/v2/analytics/conversations/details/jobs';
const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

/** Conversations of 17 May, three days before the simulator's time. */
const MAY_17 = Date.UTC(2026, 4, 17);
const DAY = { interval: '2026-05-17T00:00:00Z/2026-05-18T00:00:00Z', startOfDayIntervalMatching: true };

async function start(options: SimulatorOptions) {
  const started = await startFrozen(options);
  open.push(started.simulator);
  const { ask, pass } = started;
  /** Plays a job to its end, and reads all pages of its results. */
  const run = async (query: object = DAY, pageSize = 1000) => {
    const { body: submitted } = await ask(JOBS, 'POST', query);
    const path = `${JOBS}/${submitted.jobId}`;
    expect(await ask(path)).toMatchObject({ status: 202, body: { state: 'PENDING' } });
    pass(3);
    expect(await ask(path)).toMatchObject({ status: 200, body: { state: 'FULFILLED' } });
    const pages: Answer['body'][] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await ask(
        `${path}/results?pageSize=${pageSize}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(status).toBe(200);
      pages.push(body);
      if (body.cursor === undefined) break;
      cursor = encodeURIComponent(body.cursor);
    }
    return { path, pages, ids: pages.flatMap((page) => idsOf(page)) };
  };
  const ids = started.simulator.world.conversations.map(({ id }) => id);
  return { ...started, run, ids };
}

function idsOf(page: Answer['body']): readonly string[] {
  return page.conversations.map((one: { conversationId: string }) => one.conversationId);
}

const at = (hour: number) => MAY_17 + hour * 3_600_000;

describe('a query of the data lake', () => {
  it('finds the conversations of a day page by page, with attributes, notes and wrap-up codes', async () => {
    const { run, ids, ask } = await start({
      conversations: [
        { endedAt: at(9), attributes: { account: '1' }, wrapUpNote: 'n', recordings: [{}] },
        { endedAt: at(10), recordings: [{ kind: 'screen' }, {}] },
        { endedAt: at(11), recordings: [{ kind: 'email' }] },
      ],
    });
    const { pages, ids: found } = await run(DAY, 2);
    expect(pages.map(({ conversations }) => conversations.length)).toEqual([2, 1]);
    expect(found).toEqual(ids);
    const [{ participants }] = pages[0].conversations;
    expect(participants[0].attributes).toEqual({ account: '1' });
    expect(participants[2].sessions[0].segments.at(-1)).toMatchObject({
      segmentType: 'wrapup',
      wrapUpNote: 'n',
    });
    const { body: codes } = await ask('/api/v2/routing/wrapupcodes');
    const { wrapUpCode } = participants[2].sessions[0].segments.at(-1);
    expect(codes.entities.find((one: { id: string }) => one.id === wrapUpCode)?.name).toBe('Resolved');
  });

  it('leaves out what began before the day only where it is told to', async () => {
    const { run, ids } = await start({
      conversations: [{ endedAt: at(0) + 60_000, lastedS: 300, recordings: [{}] }],
    });
    expect((await run()).ids).toEqual([]);
    expect((await run({ interval: DAY.interval })).ids).toEqual(ids);
  });

  it('is partial beyond the watermark, without an error or a flag', async () => {
    const { run, ids, ask, pass } = await start({
      conversations: [
        { endedAt: Date.UTC(2026, 4, 19, 11), recordings: [{}] },
        { endedAt: Date.UTC(2026, 4, 19, 13), recordings: [{}] },
      ],
    });
    const day = { interval: '2026-05-19T00:00:00Z/2026-05-20T00:00:00Z', startOfDayIntervalMatching: true };
    const { pages, ids: found } = await run(day);
    expect(found).toEqual(ids.slice(0, 1));
    expect(pages[0].dataAvailabilityDate).toBe('2026-05-19T12:00:03.000Z');
    expect((await ask(`${JOBS}/availability`)).body.dataAvailabilityDate).toBe('2026-05-19T12:00:03.000Z');
    pass(DAY_S);
    expect((await run(day)).ids).toEqual(ids);
  });

  it('finds late data later, although the watermark had passed', async () => {
    const { run, ids, pass } = await start({
      conversations: [
        { endedAt: at(9), recordings: [{}], lakeLateS: 5 * DAY_S },
        { arrivesAt: at(100), endedAt: at(9) },
      ],
    });
    expect((await run()).ids).toEqual([]);
    pass(2 * DAY_S);
    expect((await run()).ids).toEqual(ids.slice(1));
    pass(2 * DAY_S);
    expect((await run()).ids).toEqual(ids);
  });

  it('shows no end of a conversation that goes on, and none of another division', async () => {
    const { run, ids } = await start({
      conversations: [
        { endedAt: at(9), ongoing: true },
        { endedAt: at(9), otherDivision: true },
      ],
    });
    const { pages } = await run();
    expect(idsOf(pages[0])).toEqual(ids.slice(0, 1));
    expect(pages[0].conversations[0]).not.toHaveProperty('conversationEnd');
    const ended = { type: 'and', predicates: [{ dimension: 'conversationEnd', operator: 'exists' }] };
    expect((await run({ ...DAY, conversationFilters: [ended] })).ids).toEqual([]);
  });

  it.each([
    ['mediaType', 'email', 1],
    ['recording', 'true', 0],
    ['screenRecording', 'true', 2],
    ['originatingDirection', 'outbound', 3],
  ])('filters by %s', async (dimension, value, place) => {
    const { run, ids } = await start({
      conversations: [
        { endedAt: at(1), recordings: [{}] },
        { endedAt: at(2), recordings: [{ kind: 'email' }] },
        { endedAt: at(3), recordings: [{ kind: 'screen' }] },
        { endedAt: at(4), direction: 'outbound' },
      ],
    });
    const segmentFilters = [{ type: 'or', predicates: [{ dimension, value }] }];
    expect((await run({ ...DAY, segmentFilters })).ids).toEqual([ids[place]]);
  });

  it('finds nothing that is older than five years', async () => {
    const { run } = await start({ conversations: [{ endedAt: Date.UTC(2021, 4, 17, 9), recordings: [{}] }] });
    const day = { interval: '2021-05-17T00:00:00Z/2021-05-18T00:00:00Z' };
    expect((await run(day)).ids).toEqual([]);
  });

  it('expires, can be cancelled, and its cursors are good for itself only', async () => {
    const { run, ask, pass } = await start({
      conversations: [{ endedAt: at(1) }, { endedAt: at(2) }],
    });
    const one = await run();
    const other = await run(DAY, 1);
    const [{ cursor }] = other.pages;
    expect((await ask(`${one.path}/results?cursor=${encodeURIComponent(cursor)}`)).status).toBe(400);
    expect((await ask(other.path, 'DELETE')).status).toBe(204);
    expect((await ask(other.path)).body.state).toBe('CANCELLED');
    const { body: status } = await ask(one.path);
    expect(Date.parse(status.expirationDate) - Date.parse(status.completionDate)).toBe(DAY_S * 1000);
    pass(DAY_S);
    expect((await ask(one.path)).body.state).toBe('EXPIRED');
    expect((await ask(`${one.path}/results`)).status).toBe(404);
  });

  it('may fail, and refuses pages that are too large', async () => {
    const { ask, pass, simulator } = await start({
      behaviour: { largestResultsPage: 3_000 },
      conversations: [{ endedAt: at(1) }, { endedAt: at(2) }],
    });
    const { body } = await ask(JOBS, 'POST', DAY);
    pass(3);
    expect(await ask(`${JOBS}/${body.jobId}/results?pageSize=1000`)).toMatchObject({
      status: 413,
      body: { code: 'payload.too.large' },
    });
    expect((await ask(`${JOBS}/${body.jobId}/results?pageSize=1`)).status).toBe(200);
    expect((await ask(`${JOBS}/${body.jobId}/results?pageSize=1001`)).status).toBe(400);
    for (const job of simulator.world.detailsJobs.values()) job.failed = true;
    expect((await ask(`${JOBS}/${body.jobId}`)).body).toMatchObject({ state: 'FAILED' });
  });

  it.each([
    [{}, 'interval'],
    [{ interval: '2026-05-18/2026-05-17' }, 'interval'],
    [{ ...DAY, order: 'up' }, 'order'],
    [{ ...DAY, segmentFilters: [{ predicates: [{ dimension: 'colour' }] }] }, 'dimension'],
  ])('refuses %j', async (query, problem) => {
    const { ask } = await start({});
    const { status, body } = await ask(JOBS, 'POST', query);
    expect([status, body.code]).toEqual([400, 'bad.request']);
    expect(body.message).toContain(problem);
  });
});

it('the query that answers at once has no attributes, 7 days, pages of 100 and 10,000 records', async () => {
  const { ask, ids } = await start({ conversations: [{ endedAt: at(9), attributes: { a: 'b' } }] });
  const query = async (interval: string, paging: object) =>
    ask('/api/v2/analytics/conversations/details/query', 'POST', { interval, paging });
  const { body } = await query(DAY.interval, { pageSize: 100, pageNumber: 1 });
  expect([body.totalHits, idsOf(body)]).toEqual([1, ids]);
  expect(body.conversations[0].participants[0]).not.toHaveProperty('attributes');
  expect((await query('2026-05-01T00:00:00Z/2026-05-09T00:00:00Z', {})).status).toBe(400);
  expect((await query(DAY.interval, { pageSize: 101 })).status).toBe(400);
  expect((await query(DAY.interval, { pageSize: 100, pageNumber: 101 })).status).toBe(400);
});
