import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { type CountingPorts, listCutOffs, listInSeveralRuns } from '../../../src/proof/day/counted-day.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import type { SourceRecording } from '../../../src/ports.ts';
import type { SealDaysPorts } from '../../../src/proof/seal-days.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { DAY, HOUR, idFrom } from '../archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, signerFrom } from '../log-fixture.ts';
import { plainStore } from '../plain-store.ts';
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

describe('what was counted of a day', () => {
  const NOON = Date.parse('2026-03-10T12:00:00Z');

  function begun() {
    let now = NOON;
    const store = plainStore();
    const place = placeIn(store);
    const ports: Omit<CountingPorts, 'source'> = { ...place, signer: LOG_SIGNER, now: () => now };
    const listed = (word: string, state: SourceRecording['state'] = 'available'): SourceRecording => ({
      conversationId: idFrom(`conversation of ${word}`),
      recordingId: idFrom(word),
      media: 'call',
      state,
    });
    /** A run that counts one conversation each, and is cut off five minutes later. */
    const cutOff = async (
      counted: Readonly<Record<string, SourceRecording>>,
      change: Partial<CountingPorts> = {},
      signal = unlimited.signal,
    ) => {
      const listDay: CountingPorts['source']['listDay'] = (_day, _budget, progress) => {
        for (const [id, recording] of Object.entries(counted)) progress?.onCounted(id, [recording]);
        now += 300_000;
        return Promise.reject(new ArchiveError('OUT_OF_TIME', 'cut off'));
      };
      const given = { ...ports, source: { listDay }, ...change };
      await expect(listInSeveralRuns(given, { day: D, after: 0 }, { ...unlimited, signal })).rejects.toThrow(
        'cut off',
      );
      return place.keys.counted(D, now);
    };
    /** What the next run knows before it asks. */
    const known = async (change: Partial<CountingPorts> = {}, { day = D, after = 0 } = {}) => {
      let found: ReadonlyMap<string, readonly SourceRecording[]> = new Map();
      const { facts } = await new SlowPlatform(0).ports.source.listDay(D, unlimited);
      const listDay: CountingPorts['source']['listDay'] = (_day, _budget, progress) => {
        found = progress?.known ?? found;
        return Promise.resolve({ recordings: [], facts });
      };
      const given = { ...ports, source: { listDay }, ...change };
      const { since } = await listInSeveralRuns(given, { day, after }, unlimited);
      return { found: Object.fromEntries(found), since };
    };
    return { store, place, listed, cutOff, known, wait: (ms: number) => (now += ms) };
  }

  it('is known to the next run with all that the platform said, as of when the first of them began', async () => {
    const { store, listed, cutOff, known } = begun();
    const full = { ...listed('one'), startedAt: 1, divisionId: 'north', reason: 'x' };
    const key = await cutOff({ one: full, two: listed('two', 'pending') });
    expect(store.objects.get(key)?.stat).toMatchObject({ contentType: 'application/gzip', metadata: {} });
    await cutOff({ two: listed('two'), three: listed('three') });
    expect(await known()).toEqual({
      found: { one: [full], two: [listed('two')], three: [listed('three')] },
      since: NOON,
    });
    // what is no count stands there as well
    store.plant(`${placeIn(store).keys.counting}2026/03/02/notes.txt`, 'x');
    store.plant(
      key.replace(/\d{15}/, (at) => String(Number(at) + 1)),
      'x',
    );
    expect(Object.keys((await known()).found)).toEqual(['one', 'two', 'three']);
    expect([...(await listCutOffs({ store, keys: placeIn(store).keys }, unlimited)).keys()]).toEqual([D]);
  });

  it('is not kept by a run that counted nothing, or that has to stop at once', async () => {
    const { store, listed, cutOff } = begun();
    await cutOff({});
    const ended = new AbortController();
    ended.abort();
    await cutOff({ one: listed('one') }, {}, ended.signal);
    expect([...store.objects.keys()]).toEqual([]);
  });

  it('is used for seven days, and not for a look that came after it', async () => {
    const { listed, cutOff, known, wait } = begun();
    await cutOff({ one: listed('one') });
    const at = NOON + 300_000;
    const count = async (after = 0) => Object.keys((await known({}, { after })).found).length;
    expect([await count(at - 1), await count(at)]).toEqual([1, 0]);
    wait(7 * DAY - 1);
    expect(await count()).toBe(1);
    wait(1);
    expect(await count()).toBe(0);
    expect((await known()).since).toBeUndefined();
  });

  it('is not believed under another name, of another log, or with a signature that is none', async () => {
    const { store, place, listed, cutOff, known } = begun();
    const key = await cutOff({ one: listed('one') });
    const isKnown = async (change: Partial<CountingPorts> = {}, day = D) =>
      Object.keys((await known(change, { day })).found).length === 1;
    expect(await isKnown()).toBe(true);
    const other = createLogSigner(ORIGIN, signerFrom('another key of the log'));
    expect(await isKnown({ trusted: [other.key, LOG_SIGNER.key] })).toBe(true);
    const body = store.bodyOf(key);
    store.objects.delete(key);
    const at = Number(/\d{15}/.exec(key)?.[0]);
    store.plant(place.keys.counted('2026-03-01', at), body);
    expect(await isKnown({}, '2026-03-01')).toBe(false);
    store.plant(place.keys.counted(D, at + 1), body);
    expect(await isKnown()).toBe(false);
    store.plant(key, body);
    store.objects.delete(place.keys.counted(D, at + 1));
    expect(await isKnown()).toBe(true);
    expect(await isKnown({ organization: 'another' })).toBe(false);
    expect(await isKnown({ origin: 'another.example.com/log' })).toBe(false);
    expect(await isKnown({ trusted: [{ ...LOG_SIGNER.key, name: 'another.example.com/log' }] })).toBe(false);
    store.plant(
      key,
      gzipSync(
        gunzipSync(body)
          .toString()
          .replace(/"value":"[^"]+"/, '"value":"*"'),
      ),
    );
    expect(await isKnown()).toBe(false);
    store.plant(key, gunzipSync(body));
    expect(await isKnown()).toBe(false);
    // with a key that is trusted, but of another log
    store.objects.clear();
    await cutOff({ one: listed('one') }, { origin: 'another.example.com/log' });
    expect(await isKnown()).toBe(false);
  });
});
