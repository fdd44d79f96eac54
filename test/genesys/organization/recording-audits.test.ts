import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createRecordingAudits } from '../../../src/genesys/organization/recording-audits.ts';
import { DAY_MS } from '../../../src/recording/time.ts';
import { connectRecordings } from '../connect-recordings.ts';
import { type LocalAnswer, type LocalCall, startLocalPlatform } from '../local-platform.ts';
import { gather } from '../../gather.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

const DAY = Date.UTC(2026, 10, 20);
const entry = (id: string, at = DAY) => ({ id, eventDate: new Date(at).toISOString(), action: 'Export' });

/** @param results answers of a results call, by how many there were before. */
async function answering(
  results: (before: number, call: LocalCall) => LocalAnswer,
  state: (looks: number) => LocalAnswer = () => ({ body: { id: 'q-1', state: 'Succeeded' } }),
) {
  let [read, looks] = [0, 0];
  const platform = await startLocalPlatform((call) => {
    if (call.method === 'POST') return { status: 202, body: { id: 'q-1', state: 'Queued' } };
    if (call.path.endsWith('/results')) return results(read++, call);
    return state(looks++);
  });
  open.push(() => platform.close());
  const audits = createRecordingAudits(platform);
  return { ...platform, read: () => gather(audits.read(DAY, ['Recording'], unlimited)) };
}

describe('the audit of recordings at the platform', () => {
  it('is read from the simulator to its last page, each kind of entity by a query of its own, as it was stated', async () => {
    const { api, simulator, clock } = await connectRecordings([{}]);
    open.push(() => simulator.close());
    const at = Math.floor(clock.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
    for (let made = 0; made < 1_201; made += 1) {
      simulator.world.recordAudit({
        action: made === 0 ? 'Delete' : 'Read',
        at: at + made,
        conversationId: 'c',
        recordingId: `r-${made}`,
        isScreen: made === 1,
        clientId: undefined,
        user: { id: 'u', name: 'Mara Vogel' },
      });
    }
    const day = Math.floor(at / DAY_MS) * DAY_MS;
    const audits = createRecordingAudits({ api, clock });
    const all = await gather(audits.read(day, ['Recording', 'ScreenRecording'], unlimited));
    expect(new Set(all.map(({ id }) => id)).size).toBe(1_201);
    const first = all.find((one) => one.stated['action'] === 'Delete');
    expect(first).toMatchObject({ at, stated: { user: { name: 'Mara Vogel' }, entity: { id: 'r-0' } } });
    expect(await gather(audits.read(day, ['ScreenRecording'], unlimited))).toHaveLength(1);
    expect(await gather(audits.read(day - DAY_MS, ['Recording'], unlimited))).toEqual([]);
    simulator.world.behaviour.auditLagMs = DAY_MS * 3;
    expect(await gather(audits.read(day, ['Recording'], unlimited))).toEqual([]);
  });

  it('waits for a query that is not done, goes on with its cursor, and waits where it is throttled', async () => {
    const { read, calls } = await answering(
      (before, { query }) => {
        if (before === 0) return { body: { id: 'q-1', entities: [entry('a')], cursor: 'next' } };
        if (before === 1) return { status: 429, headers: { 'retry-after': '2' } };
        expect(query['cursor']).toBe('next');
        return { body: { entities: [entry('b'), entry('a'), entry('other', DAY + DAY_MS)] } };
      },
      (looks) => ({ status: looks < 2 ? 202 : 200, body: { state: looks < 2 ? 'Running' : 'Succeeded' } }),
    );
    expect((await read()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(calls.filter(({ path }) => path.endsWith('query/q-1'))).toHaveLength(3);
    expect(calls[0]?.body).toEqual({
      interval: '2026-11-20T00:00:00.000Z/2026-11-21T00:00:00.000Z',
      filters: [{ property: 'EntityType', value: 'Recording' }],
    });
  });

  it('is asked for again where its results have expired, and given up after three times', async () => {
    const once = await answering((before) =>
      before === 0 ? { status: 404, body: {} } : { body: { entities: [entry('a')] } },
    );
    expect(await once.read()).toHaveLength(1);
    const always = await answering(() => ({ status: 404, body: {} }));
    await expect(always.read()).rejects.toMatchObject({ code: 'GENESYS_UNAVAILABLE' });
    expect(always.calls.filter(({ method }) => method === 'POST')).toHaveLength(3);
  });

  it.each<[string, LocalAnswer, string]>([
    ['is forbidden', { status: 403 }, 'GENESYS_FORBIDDEN'],
    ['has no list', { body: { id: 'q-1' } }, 'GENESYS_BAD_RESPONSE'],
    ['has an entry without a time', { body: { entities: [{ id: 'a' }] } }, 'GENESYS_BAD_RESPONSE'],
    [
      'has an entry without an id',
      { body: { entities: [{ eventDate: '2026-11-20T00:00:00Z' }] } },
      'GENESYS_BAD_RESPONSE',
    ],
    ['is of another query', { body: { id: 'q-2', entities: [] } }, 'GENESYS_BAD_RESPONSE'],
    ['repeats its cursor', { body: { entities: [], cursor: 'same' } }, 'GENESYS_BAD_RESPONSE'],
  ])('that %s is no empty list', async (_what, answer, code) => {
    const { read } = await answering(() => answer);
    await expect(read()).rejects.toMatchObject({ code });
  });

  it.each(['Failed', 'Cancelled'])('of a query that has %s is no empty list', async (state) => {
    const { read } = await answering(
      () => ({ body: { entities: [] } }),
      () => ({ body: { state } }),
    );
    await expect(read()).rejects.toMatchObject({ code: 'GENESYS_UNAVAILABLE' });
  });
});
