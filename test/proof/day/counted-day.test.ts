import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { listCutOffs } from '../../../src/proof/day/counted-day.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import type { SealDaysPorts } from '../../../src/proof/seal-days.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { DAY, HOUR } from '../archive-fixture.ts';
import { ORIGIN, signerFrom } from '../log-fixture.ts';
import { COUNTED_DAY, SlowPlatform } from '../slow-platform.ts';

const D = COUNTED_DAY;

async function start(conversations = 100): Promise<SlowPlatform> {
  const platform = new SlowPlatform(conversations);
  await platform.fixture.init();
  return platform;
}

describe('a day that takes several runs to count', () => {
  it('is stated as unavailable until it is counted, and then in full, each conversation asked about once', async () => {
    const platform = await start();
    for (let at = 0; at < 100; at += 1) if (at !== 7) await platform.fixture.hold(`call ${at}`, D);
    const began = platform.fixture.now;
    const states: unknown[] = [];
    for (let run = 0; run < 3; run += 1) {
      const [statement] = (await platform.run()).statements;
      const source = statement?.source;
      states.push(
        source === undefined
          ? 'nothing'
          : 'unavailable' in source
            ? source.unavailable.code
            : source.recordings,
      );
    }
    expect(states).toEqual(['OUT_OF_TIME', 'nothing', 100]);
    expect(platform.asked).toHaveLength(100);
    const { statements } = await platform.run();
    expect(statements).toEqual([]);
    const audited = await auditLog(platform.ports, [], unlimited);
    expect([audited.findings, audited.missing]).toEqual([[], 1]);
    const text = JSON.stringify(
      [...platform.fixture.store.objects]
        .filter(([key]) => key.includes('/days/'))
        .map(([, { body }]) => body.toString()),
    );
    // when the count began, not when it came to its end
    expect(text).toContain(`\\"asked\\":\\"${new Date(began).toISOString()}\\"`);
  });

  it('is asked about again from the beginning at the next look, days later', async () => {
    const platform = await start();
    for (let run = 0; run < 3; run += 1) await platform.run();
    platform.perRun = 1_000;
    platform.fixture.now += 4 * DAY;
    await platform.run();
    expect(platform.asked).toHaveLength(200);
  });

  it('is gone on with from hour to hour also at a look at a day that was counted before', async () => {
    const platform = await start();
    for (let run = 0; run < 3; run += 1) await platform.run();
    platform.asked.length = 0;
    platform.fixture.now += 4 * DAY;
    const finals: (number | undefined)[] = [];
    for (let run = 0; run < 3; run += 1) {
      const { statements } = await platform.run();
      finals.push(statements.find(({ day, status }) => day === D && status === 'final')?.revision);
    }
    expect(platform.asked).toHaveLength(100);
    expect(finals).toEqual([undefined, undefined, 2]);
  });

  it('takes nothing from a count that another key signed, that was changed, or that is of another day or log', async () => {
    const change = async (edit: (text: string) => string, change: Partial<SealDaysPorts> = {}) => {
      const platform = await start();
      await platform.run(change);
      const key =
        [...platform.fixture.store.objects.keys()].find((each) => each.includes('/counting/')) ?? '';
      const text = gunzipSync(platform.fixture.store.bodyOf(key)).toString();
      platform.fixture.store.plant(key, gzipSync(edit(text)));
      platform.asked.length = 0;
      platform.perRun = 1_000;
      await platform.run();
      return platform.asked.length;
    };
    expect(await change((text) => text)).toBe(60);
    expect(await change((text) => text.replace('"state":"available"', '"state":"excluded"'))).toBe(100);
    expect(await change((text) => text.replace(/"recordings":\[[^\]]+\]/, '"recordings":[]'))).toBe(100);
    expect(await change((text) => text.replace(D, '2026-03-01'))).toBe(100);
    expect(await change(() => 'not JSON')).toBe(100);
    const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));
    const { ports } = await start();
    const { keys, origin } = ports;
    const counting = { keys, origin, trusted: [stranger.key], signer: stranger };
    expect(await change((text) => text, { counting })).toBe(100);
  });

  it('keeps nothing when all of it fits into one run', async () => {
    const platform = await start(30);
    await platform.run();
    expect([...platform.fixture.store.objects.keys()].filter((key) => key.includes('/counting/'))).toEqual(
      [],
    );
    expect([...(await listCutOffs(platform.ports, unlimited))]).toEqual([]);
  });

  it('is stated by no run that could not keep or read what was counted: that says nothing about the platform', async () => {
    const platform = await start();
    const { store } = platform.ports;
    const fails = () => Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'the store is down'));
    const isCount = (key: string) => key.includes('/counting/');
    const forgetful = {
      ...store,
      put: (...given: Parameters<typeof store.put>) => (isCount(given[0]) ? fails() : store.put(...given)),
    };
    await expect(platform.run({ store: forgetful })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([...platform.fixture.store.objects.keys()].filter((key) => key.includes('/seals/'))).toEqual([]);
    await platform.run();
    const blind = {
      ...store,
      get: (...given: Parameters<typeof store.get>) => (isCount(given[0]) ? fails() : store.get(...given)),
    };
    const kept = [...platform.fixture.store.objects.keys()].filter(isCount);
    await expect(platform.run({ store: blind })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect([...platform.fixture.store.objects.keys()].filter(isCount)).toEqual(kept);
    const [, second] = [await platform.run(), await platform.run()];
    expect(second.statements.map(({ source }) => source)).toEqual([
      expect.objectContaining({ recordings: 100 }),
    ]);
  });

  it('says when a count was cut off last', async () => {
    const platform = await start();
    const { now } = platform.fixture;
    await platform.run();
    expect((await listCutOffs(platform.ports, unlimited)).get(D)).toBe(now);
    await platform.run();
    expect((await listCutOffs(platform.ports, unlimited)).get(D)).toBe(now + HOUR);
  });
});
