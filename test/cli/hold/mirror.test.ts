import { afterEach, describe, expect, it } from 'vitest';
import { backfills, DAY_MS, NOW } from '../../backfill/start-backfill.ts';
import { dayOf } from '../../../src/recording/time.ts';
import { runHere } from '../run-here.ts';

const CLIENT = { clientId: 'source-client', clientSecret: 'source-secret' };
const BY = ['--by', 'A. Brandt'];
const RANGE = ['--from', dayOf(NOW - 12 * DAY_MS), '--to', dayOf(NOW)];
const { start, closeAll } = backfills();
afterEach(closeAll);

async function open(count: number, mostProtected: number, more: Record<string, string> = {}) {
  const conversations = Array.from({ length: count }, () => ({
    endedAt: NOW - 10 * DAY_MS,
    recordings: [{ seconds: 1 }],
  }));
  const started = await start(
    { conversations, clients: [CLIENT], behaviour: { mostProtected } },
    { GENESYS_SOURCE_CLIENT_ID: CLIENT.clientId, GENESYS_SOURCE_CLIENT_SECRET: CLIENT.clientSecret, ...more },
  );
  const { clock, simulator } = started;
  const settings: Record<string, string> = started.settings;
  for (const { id } of simulator.world.conversations) await started.archiveLive(id);
  const run = (...args: readonly string[]) => runHere(args, { env: settings, clock });
  const guarded = () => simulator.world.conversations.map(({ isProtected }) => isProtected);
  const place = (...args: readonly string[]) =>
    run('hold', 'place', '--matter', '2026/117', ...RANGE, ...BY, '--mirror', ...args);
  return { ...started, settings, run, guarded, place };
}

const idOf = (stderr: string) => /h-\d{8}-[0-9a-f]{12}/.exec(stderr)?.[0] ?? '';

describe('hold --mirror', () => {
  it('protects the conversations at the platform, says what that is worth, and takes it away on release', async () => {
    const { place, run, guarded } = await open(3, 1_000);
    const placed = await place();
    expect([placed.code, placed.stderr]).toEqual([
      0,
      expect.stringContaining('3 of 3 conversations are protected'),
    ]);
    expect(placed.stderr).toContain('says nothing about a request under the GDPR');
    expect(guarded()).toEqual([true, true, true]);
    const released = await run(
      'hold',
      'release',
      idOf(placed.stderr),
      '--reason',
      'settled',
      '--mirror',
      ...BY,
    );
    expect([released.code, released.stderr]).toEqual([0, expect.stringContaining('may take effect at once')]);
    expect(guarded()).toEqual([false, false, false]);
  });

  it('says with counts what found no place, and the hold stands all the same', async () => {
    const { place, guarded, run } = await open(4, 2);
    const placed = await place('--json');
    expect(placed.code).toBe(0);
    expect(guarded().filter(Boolean)).toHaveLength(2);
    expect(placed.records().find(({ type }) => type === 'mirror')).toMatchObject({
      conversations: 4,
      set: 2,
      full: 2,
    });
    expect((await run('hold', 'list')).stderr).toContain('1 hold standing');
  });

  it('lists what is refused by conversation, and keeps what another hold holds', async () => {
    const { place, run, guarded, simulator } = await open(2, 1_000);
    simulator.world.deny('recording:deletionProtection:apply');
    const refused = await place('--json');
    expect(refused.code).toBe(0);
    const told = refused.records().filter(({ type }) => type === 'mirrored');
    expect(told.map(({ state, code }) => [state, code])).toEqual([
      ['refused', 'GENESYS_FORBIDDEN'],
      ['refused', 'GENESYS_FORBIDDEN'],
    ]);
    simulator.world.grant('recording:deletionProtection:apply');
    const first = idOf(JSON.stringify(refused.records()));
    expect((await run('hold', 'apply', first, '--mirror')).code).toBe(0);
    expect(guarded()).toEqual([true, true]);
    await place();
    const released = await run('hold', 'release', first, '--mirror', ...BY);
    expect(released.stderr).toContain('2 stay protected there: another hold');
    expect(guarded()).toEqual([true, true]);
  });

  it('places the hold where there is no client for it, or the platform is down', async () => {
    const { place, settings } = await open(1, 1_000);
    settings['GENESYS_SOURCE_CLIENT_SECRET'] = 'wrong';
    const down = await place();
    expect([down.code, down.stdout]).toEqual([0, expect.stringContaining('[GENESYS_AUTH_REJECTED]')]);
    delete settings['GENESYS_SOURCE_CLIENT_ID'];
    delete settings['GENESYS_SOURCE_CLIENT_SECRET'];
    const none = await place();
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining('SOURCE_CLIENT_MISSING')]);
    expect(none.stderr).toContain('placed h-');
  });
});
