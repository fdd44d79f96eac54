import { afterEach, describe, expect, it } from 'vitest';
import { backfills } from '../../backfill/start-backfill.ts';
import { runHere } from '../run-here.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { fastClock } from '../../fast-clock.ts';

const { start, closeAll } = backfills();
afterEach(closeAll);

// files have the time of this machine
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const daysAgo = (days: number) => dayOf(TODAY - days * DAY_MS);

async function open(env: Record<string, string> = {}) {
  const conversations = [5, 5, 6].map((days) => ({
    recordings: [{ seconds: 1 }],
    endedAt: TODAY - days * DAY_MS + 3_600_000,
  }));
  const started = await start({ conversations }, env, fastClock());
  const run = (...args: string[]) =>
    runHere(['facts', ...args], { env: started.settings, clock: started.clock });
  return { ...started, run };
}

describe('facts', () => {
  it('are fetched by day, and listed with what is missing', async () => {
    const { run, files } = await open({ ARCHIVE_CONTEXT: '1' });
    expect(await run('status')).toMatchObject({ code: 6 });
    const fetched = await run('update', '--from', daysAgo(6), '--to', daysAgo(5), '--json');
    expect(fetched.records()).toMatchObject([
      { type: 'day', day: daysAgo(5), outcome: 'written', conversations: 2 },
      { type: 'day', day: daysAgo(6), outcome: 'written', conversations: 1 },
      { type: 'facts', written: 2, fresh: 0, late: 0, failed: 0 },
    ]);
    expect(fetched.code).toBe(0);
    const again = await run('update', '--from', daysAgo(6), '--to', daysAgo(5));
    expect(again.stderr).toContain('0 days written, 2 fresh');
    expect((await run('update', '--day', daysAgo(5), '--json')).records()[0]).toMatchObject({
      outcome: 'written',
    });
    const status = await run('status');
    expect(status.stdout).toContain(daysAgo(5));
    expect(status.stderr).toContain(`no facts of ${daysAgo(1)}`);
    expect((await files('.ndjson.gz.enc')).length).toBe(2);
  });

  it.each([
    ['an unknown word', ['renew'], /facts does not know renew/],
    ['today', ['update', '--day', dayOf(TODAY)], /is not over yet/],
    ['a range the wrong way round', ['update', '--from', daysAgo(5), '--to', daysAgo(6)], /before it begins/],
    ['a day and a range', ['update', '--day', daysAgo(5), '--to', daysAgo(5)], /either --day, or --from/],
    ['no day', ['update', '--day', '20.11.2026'], /is not a day/],
  ])('refuse %s', async (_what, args, message) => {
    const { code, stderr } = await runHere(['facts', ...args], {
      env: { ARCHIVE_STORE: 'file:/nowhere', GENESYS_ENVIRONMENT: 'mypurecloud.com' },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('say what is missing where the client may not ask, and where the settings keep none', async () => {
    const { run, simulator } = await open();
    for (const kind of ['conversationDetail', 'agentConversationDetail']) {
      simulator.world.deny(`analytics:${kind}:view`);
    }
    const { code, stderr } = await run('update', '--day', daysAgo(5));
    expect(stderr).toContain('analytics:conversationDetail:view');
    expect(code).toBe(4);
    const off = await open({ ARCHIVE_FACTS: 'none' });
    expect(await off.run('update')).toMatchObject({ code: 2 });
  });
});
