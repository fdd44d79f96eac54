import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../../packages/simulator/src/fault-grammar.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { backfills } from '../../backfill/start-backfill.ts';
import { fastClock } from '../../fast-clock.ts';
import { runHere } from '../run-here.ts';

const { start, closeAll } = backfills();
afterEach(closeAll);

// files have the time of this machine
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const at = (days: number, ms = 0) => TODAY - days * DAY_MS + ms;
const daysAgo = (days: number) => dayOf(at(days));
const [DELETED, PLAYED] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const VOGEL = { id: '33333333-3333-4333-8333-333333333333', name: 'Mara Vogel' };

async function open(env: Record<string, string> = {}) {
  const started = await start({ conversations: [] }, env, fastClock());
  const record = (action: 'Read' | 'Delete', recordingId: string, when: number, user?: typeof VOGEL) =>
    started.simulator.world.recordAudit({
      action,
      at: when,
      recordingId,
      conversationId: '44444444-4444-4444-8444-444444444444',
      isScreen: false,
      clientId: undefined,
      user,
    });
  record('Delete', DELETED, at(3, 5_000));
  record('Read', PLAYED, at(3, 9_000), VOGEL);
  record('Read', DELETED, at(2, 1_000), { ...VOGEL, name: '=HYPERLINK("x")' });
  const run = (...args: string[]) =>
    runHere(['audit', ...args], { env: started.settings, clock: started.clock });
  return { ...started, record, run };
}

describe('audit', () => {
  it('is fetched by day, and found by recording, conversation, person, action and day, newest first', async () => {
    const { run, dir } = await open();
    expect(await run()).toMatchObject({ code: 6 });
    const fetched = await run('update', '--from', daysAgo(4), '--to', daysAgo(2), '--json');
    expect(fetched.records()).toMatchObject([
      { type: 'day', day: daysAgo(2), outcome: 'written', entries: 1 },
      { type: 'day', day: daysAgo(3), outcome: 'written', entries: 2 },
      { type: 'day', day: daysAgo(4), outcome: 'written', entries: 0 },
      { type: 'audits', written: 3, kept: 0, fresh: 0, failed: 0 },
    ]);
    expect((await run('update', '--from', daysAgo(3), '--to', daysAgo(2))).stderr).toContain('2 fresh');
    const all = await run('--json');
    expect(all.records().map(({ type, action }) => action ?? type)).toEqual([
      'Read',
      'Read',
      'Delete',
      'days',
    ]);
    // yesterday is over, and was not fetched
    expect(all.records().at(-1)).toMatchObject({ read: 3, forbidden: [], notFetched: [daysAgo(1)] });
    const actionsOf = async (...args: string[]) =>
      (await run(...args, '--json')).records().flatMap(({ action }) => action ?? []);
    expect(await actionsOf(DELETED)).toEqual(['Read', 'Delete']);
    expect(await actionsOf(DELETED, '--action', 'delete')).toEqual(['Delete']);
    expect(await actionsOf('44444444-4444-4444-8444-444444444444')).toHaveLength(3);
    expect(await actionsOf('--person', 'vogel')).toEqual(['Read']);
    expect(await actionsOf('--to', daysAgo(3))).toEqual(['Read', 'Delete']);
    expect(await run('--person', 'brandt')).toMatchObject({ code: 6 });
    const table = await run('--limit', '2');
    expect(table.stdout).toContain('Mara Vogel');
    expect(table.stderr).toContain('there are more than 2 entries');
    expect(table.stderr).toContain(`the audit of 1 day was not fetched: ${daysAgo(1)}`);
    const csv = await run('--format', 'csv');
    expect(csv.stdout.split('\n')[0]).toMatch(/^at,action,entity_type,entity_id,conversation_id,user_id/);
    expect(csv.stdout).toContain('"\'=HYPERLINK(""x"")"');
    const looks = (await readdir(path.join(dir, 'access'), { recursive: true })).filter((one) =>
      one.endsWith('.json'),
    );
    expect(looks.length).toBeGreaterThan(8);
  });

  it('brings what came late, and keeps what the platform has forgotten', async () => {
    const { run, record, simulator } = await open();
    simulator.world.behaviour.auditLagMs = 4 * DAY_MS;
    expect((await run('update', '--day', daysAgo(3), '--json')).records()[0]).toMatchObject({ entries: 0 });
    expect(await run(DELETED)).toMatchObject({ code: 6 });
    simulator.world.behaviour.auditLagMs = 0;
    expect((await run('update', '--day', daysAgo(3), '--json')).records()[0]).toMatchObject({ entries: 2 });
    simulator.world.audits.length = 0;
    record('Read', PLAYED, at(3, 1));
    const shrunk = await run('update', '--day', daysAgo(3));
    expect(shrunk.stderr).toContain('the platform has fewer entries by now (1)');
    expect((await run(DELETED, '--json')).records()[0]).toMatchObject({ action: 'Delete' });
  });

  it('tells days that were refused from those without entries, and from those that were not asked for', async () => {
    const { run, simulator } = await open();
    await run('update', '--day', daysAgo(4));
    simulator.world.deny('audits:interactionDetails:view');
    const { code, stderr } = await run('update', '--day', daysAgo(3));
    expect(stderr).toContain('audits:interactionDetails:view');
    expect(code).toBe(4);
    const none = await run('--from', daysAgo(4), '--to', daysAgo(2), '--json');
    expect(none.code).toBe(6);
    expect(none.records()).toMatchObject([{ read: 1, forbidden: [daysAgo(3)], notFetched: [daysAgo(2)] }]);
    const status = await run('status');
    expect(status.stdout).toMatch(new RegExp(`${daysAgo(3)} +forbidden`));
    expect(status.stderr).toContain('363 days of the last year are not here');
    const off = await open({ ARCHIVE_AUDITS: 'none' });
    expect(await off.run('update')).toMatchObject({ code: 2 });
  });

  it('goes on after a fault of the platform, a day at a time', async () => {
    const { run, simulator } = await open();
    simulator.faults.add(parseFault('platform:throttle=1x3'));
    simulator.faults.add(parseFault('platform:503+5'));
    const fetched = await run('update', '--from', daysAgo(3), '--to', daysAgo(2), '--json');
    expect(fetched.records().at(-1)).toMatchObject({ written: 2, failed: 0 });
  });

  it('is closed to those without the key', async () => {
    const { run, settings } = await open();
    await run('update', '--day', daysAgo(3));
    const { ENCRYPTION_KEY_HEX: _key, ...without } = settings as Record<string, string>;
    const { code, stderr } = await runHere(['audit'], { env: without });
    expect(stderr).toContain('audits are sealed, and no key is configured that opens them');
    expect(code).toBe(2);
    const other = { ...without, ENCRYPTION_KEY_HEX: 'ab'.repeat(32) };
    expect((await runHere(['audit'], { env: other })).stderr).toContain('[DECRYPT_FAILED]');
  });

  it.each([
    ['ids of an update', ['update', DELETED], /takes no ids/],
    ['a person of an update', ['update', '--person', 'x'], /--person does not go with audit update/],
    ['--day of a look', [DELETED, '--day', daysAgo(2)], /are for audit update/],
    ['today', ['update', '--day', dayOf(TODAY)], /is not over yet/],
    ['a range the wrong way round', ['--from', daysAgo(2), '--to', daysAgo(3)], /later than/],
    ['two formats', ['--json', '--format', 'csv'], /exclude each other/],
  ])('refuses %s', async (_what, args, message) => {
    const env = { ARCHIVE_STORE: 'file:/nowhere', GENESYS_ENVIRONMENT: 'mypurecloud.com' };
    const { code, stderr } = await runHere(['audit', ...args], { env });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('says which day is not what was written', async () => {
    const { run, dir } = await open();
    await run('update', '--day', daysAgo(3));
    const folder = path.join(dir, 'audits', ...daysAgo(3).split('-'));
    expect(await readdir(folder)).toContain('recordings.ndjson.gz.enc');
    await rm(folder, { recursive: true });
    expect(await run('--from', daysAgo(3), '--to', daysAgo(3))).toMatchObject({ code: 6 });
  });
});
