import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { partsOf } from '../../../src/genesys/inventory/bulk-counter.ts';
import { createRecordingInventory } from '../../../src/genesys/inventory/inventory.ts';
import { createPlatformLimits } from '../../../src/genesys/organization/limits.ts';
import { createOrganizationNames } from '../../../src/genesys/organization/names.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { type LocalAnswer, type LocalCall, startLocalPlatform } from '../local-platform.ts';
import { gather } from '../../gather.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

async function connect(answer: (call: LocalCall) => LocalAnswer) {
  const platform = await startLocalPlatform(answer);
  open.push(() => platform.close());
  const { api, clock, calls } = platform;
  const inventory = createRecordingInventory({
    api,
    clock,
    logger: recordingLogger(),
    organizationId: 'own',
  });
  return { api, calls, inventory };
}

const DAY = Date.UTC(2026, 10, 20);

describe('the inventory of recordings', () => {
  it('is read to its end by the cursor within each link, which itself is not followed', async () => {
    const { inventory, calls } = await connect(({ query }) => {
      const more =
        query['cursor'] === undefined ? { nextUri: 'https://elsewhere/x?cursor=a%20b&pageSize=1' } : {};
      const recordingId = query['cursor'] ?? 'first';
      return {
        body: {
          entities: [
            {
              conversationId: 'c',
              recordingId: recordingId.replace(' ', '-'),
              deleteDate: '2026-12-01T00:00:00Z',
            },
          ],
          ...more,
        },
      };
    });
    const found = await gather(inventory.recordings(unlimited));
    expect(found.map(({ recordingId }) => recordingId)).toEqual(['first', 'a-b']);
    expect(found[0]?.deleteDate).toBe(Date.UTC(2026, 11, 1));
    expect(calls.map(({ query }) => query['pageSize'])).toEqual(['500', '500']);
  });

  it('is refused when it repeats itself, is of another organization, or holds what is no recording', async () => {
    const sound = { conversationId: 'c', recordingId: 'r' };
    for (const body of [
      { entities: [sound], nextUri: '/x?cursor=same' },
      { entities: [{ ...sound, organizationId: 'other' }] },
      { entities: [{ ...sound, recordingId: '../r' }] },
      {},
    ]) {
      const { inventory } = await connect(() => ({ body }));
      await expect(gather(inventory.recordings(unlimited))).rejects.toMatchObject({
        code: 'GENESYS_BAD_RESPONSE',
      });
    }
  });
});

describe('a count of recordings', () => {
  it('comes from a bulk job that is deleted again and never started', async () => {
    let looks = 0;
    const { inventory, calls } = await connect(({ method }) => {
      if (method === 'POST') return { status: 202, body: { id: 'job' } };
      if (method === 'DELETE') return { status: 204 };
      looks += 1;
      return {
        body:
          looks < 2
            ? { id: 'job', state: 'PENDING' }
            : { id: 'job', state: 'READY', totalConversations: 4, totalRecordings: 7 },
      };
    });
    expect(await inventory.count({ from: DAY, to: DAY + 86_400_000 }, unlimited)).toEqual({
      state: 'known',
      conversations: 4,
      recordings: 7,
    });
    expect(calls.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'DELETE']);
    expect(calls.some(({ method }) => method === 'PUT')).toBe(false);
  });

  it('is forbidden or unknown without a number, and the job is deleted all the same', async () => {
    const { inventory } = await connect(() => ({ status: 403, body: { code: 'missing.permissions' } }));
    const refused = await inventory.count({ from: DAY, to: DAY }, unlimited);
    expect(refused).toMatchObject({
      state: 'forbidden',
      hint: expect.stringContaining('recording:job:add') as string,
    });
    const failing = await connect(({ method }) =>
      method === 'POST' ? { body: { id: 'job' } } : { body: { id: 'job', state: 'FAILED' } },
    );
    expect((await failing.inventory.count({ from: DAY, to: DAY }, unlimited)).state).toBe('unknown');
    expect(failing.calls.at(-1)?.method).toBe('DELETE');
  });
});

describe('uploads and orphans', () => {
  it('are listed, and a report that fails is unknown', async () => {
    const { inventory } = await connect(({ method, path }) => {
      if (path === 'orphanrecordings')
        return { body: { entities: [{ id: 'o', mediaType: 'CALL', orphanStatus: 'UNKNOWN_CONVERSATION' }] } };
      return method === 'POST'
        ? { status: 202, body: { id: 'report' } }
        : { body: { id: 'report', state: 'Completed', signedUrl: 'https://x/y' } };
    });
    expect(await gather(inventory.orphans(unlimited))).toEqual([
      { orphanId: 'o', media: 'call', status: 'UNKNOWN_CONVERSATION' },
    ]);
    expect(await inventory.uploads({ since: DAY, status: 'Pending' }, unlimited)).toEqual({
      state: 'known',
      link: 'https://x/y',
    });
    const failed = await connect(({ method }) =>
      method === 'POST' ? { body: { id: 'report' } } : { body: { id: 'report', state: 'Failed' } },
    );
    expect((await failed.inventory.uploads({ since: DAY, status: 'Failure' }, unlimited)).state).toBe(
      'unknown',
    );
  });
});

describe('the organization', () => {
  it('tells its limit, or that it does not', async () => {
    const key = 'client.credentials.token.rate.per.minute';
    const asked = async (answer: LocalAnswer) =>
      createPlatformLimits((await connect(() => answer)).api).requestsPerMinute(unlimited);
    expect(
      await asked({
        body: {
          entities: [
            { key: 'x', value: 1 },
            { key, value: 600 },
          ],
        },
      }),
    ).toEqual({ state: 'known', perMinute: 600 });
    expect((await asked({ status: 403 })).state).toBe('forbidden');
    expect((await asked({ body: { entities: [{ key, value: -1 }] } })).state).toBe('unknown');
  });

  it('names its queues page by page; a list that is refused is no empty one', async () => {
    const page = Array.from({ length: 100 }, (_, at) => ({ id: `q${at}`, name: `Queue ${at}` }));
    const { api } = await connect(({ query }) => ({
      body: { entities: query['pageNumber'] === '1' ? page : [{ id: 'last', name: 'Last' }] },
    }));
    const queues = await createOrganizationNames(api).list('queues', unlimited);
    expect([queues.status, Object.keys(queues.names ?? {}).length]).toEqual(['known', 101]);
    const refused = await connect(() => ({ status: 403 }));
    expect(await createOrganizationNames(refused.api).list('users', unlimited)).toEqual({
      status: 'forbidden',
    });
  });
});

describe('days of more than five years ago', () => {
  const NOW = Date.UTC(2026, 10, 28);
  const LIMIT = Date.UTC(2021, 10, 28);
  const DAYS = 86_400_000;

  it('are counted in spans of at most six months, which leave out no moment and count none twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2015, 0, 1), max: NOW }),
        fc.integer({ min: 1, max: 4_000 * DAYS }),
        (from, length) => {
          const to = from + length;
          const parts = partsOf({ from, to }, NOW);
          expect(parts[0]?.from).toBe(from);
          expect(parts.at(-1)?.to).toBe(to);
          for (const [at, part] of parts.entries()) {
            expect(part.from).toBeLessThan(part.to);
            if (at > 0) expect(part.from).toBe(parts[at - 1]?.to);
            expect(part.isAged).toBe(part.to <= LIMIT);
            if (part.isAged) expect(part.to - part.from).toBeLessThanOrEqual(180 * DAYS);
            else expect(part.from).toBeGreaterThanOrEqual(LIMIT);
          }
        },
      ),
    );
  });

  it('are asked for in the words that the platform has for them', async () => {
    const { inventory, calls } = await connect(({ method }) =>
      method === 'POST'
        ? { status: 202, body: { id: 'job-1' } }
        : method === 'GET'
          ? { status: 200, body: { id: 'job-1', state: 'READY', totalConversations: 2, totalRecordings: 3 } }
          : { status: 204 },
    );
    const from = Date.UTC(2018, 0, 1);
    expect(await inventory.count({ from, to: from + 300 * DAYS }, unlimited)).toEqual({
      state: 'known',
      conversations: 4,
      recordings: 6,
    });
    const bodies = calls.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(bodies).toMatchObject([
      { agedConversationInterval: '2018-01-01T00:00:00.000Z/2018-06-30T00:00:00.000Z' },
      { agedConversationInterval: '2018-06-30T00:00:00.000Z/2018-10-28T00:00:00.000Z' },
    ]);
    expect(bodies.every((body) => !JSON.stringify(body).includes('conversationQuery'))).toBe(true);
  });
});
