import { afterEach, describe, expect, it } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../packages/simulator/src/simulator.ts';
import { askAs, DAY_S, startFrozen } from './asking.ts';

const JOBS = '/api/v2/recording/jobs';
const open: Simulator[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((simulator) => simulator.close()));
});

const MAY_10 = Date.UTC(2026, 4, 10, 9);
const conversationQuery = {
  interval: '2026-05-10T00:00:00Z/2026-05-11T00:00:00Z',
  startOfDayIntervalMatching: true,
};
const DELETE = { action: 'DELETE', actionDate: '2026-05-25T00:00:00Z', conversationQuery };

async function start(options: SimulatorOptions = {}) {
  const started = await startFrozen({
    conversations: [
      { endedAt: MAY_10, recordings: [{}, { kind: 'screen' }] },
      { endedAt: MAY_10, recordings: [{ sensitive: true }, { fate: 'error' }] },
    ],
    ...options,
  });
  open.push(started.simulator);
  return started;
}

describe('a bulk job', () => {
  it('counts while it is ready, changes nothing, and can be thrown away', async () => {
    const { ask, pass, simulator } = await start();
    const { status, body } = await ask(JOBS, 'POST', DELETE);
    expect([status, body.state]).toEqual([202, 'PENDING']);
    pass(5);
    expect((await ask(`${JOBS}/${body.id}`)).body).toMatchObject({
      state: 'READY',
      totalConversations: 2,
      totalRecordings: 3,
      totalSkippedRecordings: 1,
      totalProcessedRecordings: 0,
    });
    expect((await ask(`${JOBS}/${body.id}`, 'DELETE')).status).toBe(204);
    expect((await ask(`${JOBS}/${body.id}`)).body.state).toBe('CANCELLED');
    const dates = simulator.world.conversations.flatMap(({ recordings }) =>
      recordings.map(({ deleteDate }) => deleteDate),
    );
    expect(dates).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('sets dates when its creator executes it, and lists without a reason what it failed for', async () => {
    const { ask, pass, simulator } = await start({
      clients: [{ clientId: 'other', clientSecret: 'secret' }],
    });
    const { body } = await ask(JOBS, 'POST', DELETE);
    const path = `${JOBS}/${body.id}`;
    expect((await ask(path, 'PUT', { state: 'PROCESSING' })).status).toBe(400);
    pass(5);
    const asOther = await askAs(simulator.apiUrl, 'other', 'secret');
    expect((await asOther(path, 'PUT', { state: 'PROCESSING' })).status).toBe(403);
    expect((await ask(path, 'PUT', { state: 'PROCESSING' })).body.state).toBe('PROCESSING');
    pass(5);
    expect((await ask(path)).body).toMatchObject({
      state: 'FULFILLED',
      percentProgress: 100,
      totalFailedRecordings: 1,
    });
    const [one, two] = simulator.world.conversations;
    const { entities } = (await ask(`${path}/failedrecordings?pageSize=100`)).body;
    expect(entities).toMatchObject([
      { conversation: { id: two?.id }, recording: { id: two?.recordings[1]?.id } },
    ]);
    expect((await ask(`${path}/failedrecordings?pageSize=101`)).status).toBe(400);
    const states = async () => {
      const { body: list } = await ask(`/api/v2/conversations/${one?.id}/recordingmetadata`);
      return list.map(({ fileState }: { fileState: string }) => fileState);
    };
    expect(await states()).toEqual(['AVAILABLE', 'AVAILABLE']);
    pass(5 * DAY_S);
    expect(await states()).toEqual(['DELETED', 'DELETED']);
  });

  it('is one of two at a time', async () => {
    const { ask, pass } = await start();
    const statuses: (number | undefined)[] = [];
    for (let asked = 0; asked < 3; asked += 1) statuses.push((await ask(JOBS, 'POST', DELETE)).status);
    expect(statuses).toEqual([202, 202, 400]);
    pass(5);
    expect((await ask(JOBS, 'POST', DELETE)).status).toBe(202);
    expect((await ask(`${JOBS}?state=READY`)).body.total).toBe(2);
  });

  it('finds what is older than five years by an interval of its own, of at most six months', async () => {
    const { ask, pass } = await start({
      conversations: [{ endedAt: Date.UTC(2019, 1, 1), recordings: [{}] }],
    });
    const aged = async (agedConversationInterval: string) =>
      ask(JOBS, 'POST', { action: 'EXPORT', actionAge: 1, integrationId: 'x', agedConversationInterval });
    const { body } = await aged('2019-01-01T00:00:00Z/2019-06-30T00:00:00Z');
    pass(5);
    expect((await ask(`${JOBS}/${body.id}`)).body.totalRecordings).toBe(1);
    expect((await aged('2019-01-01T00:00:00Z/2019-12-31T00:00:00Z')).status).toBe(400);
  });

  it.each([
    [{ action: 'RENAME' }],
    [{ action: 'DELETE', actionDate: DELETE.actionDate }],
    [{ ...DELETE, agedConversationInterval: conversationQuery.interval }],
    [{ action: 'DELETE', conversationQuery }],
    [{ ...DELETE, action: 'EXPORT' }],
  ])('refuses %j', async (query) => {
    const { ask } = await start();
    expect((await ask(JOBS, 'POST', query)).status).toBe(400);
  });

  it('takes sensitive recordings only where the client may see them', async () => {
    const { ask, simulator, pass } = await start();
    const query = { ...DELETE, includeRecordingsWithSensitiveData: true };
    simulator.world.deny('recording:recording:viewSensitiveData');
    expect((await ask(JOBS, 'POST', query)).status).toBe(403);
    simulator.world.grant('recording:recording:viewSensitiveData');
    const { body } = await ask(JOBS, 'POST', query);
    pass(5);
    expect((await ask(`${JOBS}/${body.id}`)).body).toMatchObject({
      totalRecordings: 4,
      totalSkippedRecordings: 0,
    });
    simulator.world.deny('recording:snippetRecording:editRetention');
    expect((await ask(`${JOBS}/${body.id}`, 'PUT', { state: 'PROCESSING' })).status).toBe(403);
  });
});
