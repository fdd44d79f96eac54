import { describe, expect, it } from 'vitest';
import { runSchedule, type Weakness } from '../keep/source-delete/schedule.ts';

const SCHEDULES = 5_000;
const WEAKENED = 300;

async function runAll(count: number, weaken?: Weakness, isEnough = (_violations: number) => false) {
  const sum = { schedules: 0, recordings: 0, deleted: 0, faults: 0, violations: [] as string[] };
  const reasons = new Map<string, number>();
  for (let seed = 1; seed <= count; seed += 1) {
    const result = await runSchedule(seed, weaken);
    sum.schedules += 1;
    sum.recordings += result.recordings;
    sum.deleted += result.deleted;
    sum.faults += result.faults;
    sum.violations.push(...result.violations.map((what) => `${seed}: ${what}`));
    if (isEnough(sum.violations.length)) break;
    for (const [reason, times] of result.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + times);
  }
  return { ...sum, reasons };
}

describe('deleting at the source', () => {
  it(`deletes nothing that is not verified, in ${SCHEDULES} schedules with faults, kills and races`, async () => {
    const { violations, reasons, ...sum } = await runAll(SCHEDULES);
    const told = [...reasons].map(([reason, times]) => `${reason} ${times}`).join(', ');
    process.stdout.write(
      `${sum.schedules} schedules, ${sum.recordings} recordings, ${sum.deleted} deleted, ${sum.faults} faults, ${violations.length} violations; left: ${told}\n`,
    );
    expect(violations.slice(0, 5)).toEqual([]);
    // every way out was taken
    for (const reason of [
      'damaged',
      'different',
      'maybe-redacted',
      'held',
      'transcript-missing',
      'context-missing',
      'protected',
    ])
      expect(`${reason} ${(reasons.get(reason) ?? 0) > 0}`).toBe(`${reason} true`);
    expect(sum.deleted).toBeGreaterThan(SCHEDULES / 10);
  }, 1_800_000);

  const stopped = new WeakSet<object>();
  const WEAKNESSES: Readonly<Record<string, Weakness>> = {
    'a copy that is taken for good without a look': (ports) => ({
      ...ports,
      inspect: () =>
        Promise.resolve({
          objects: 'verified',
          comparison: 'same',
          seesUnredacted: 'yes',
          context: 'kept',
          transcript: 'kept',
          files: 1,
          bytes: 1,
        }),
    }),
    'a comparison that is not looked at': (ports) => ({
      ...ports,
      inspect: async (...given) => ({ ...(await ports.inspect(...given)), comparison: 'same' }),
    }),
    'a transcript that is not looked for': (ports) => ({
      ...ports,
      inspect: async (...given) => ({ ...(await ports.inspect(...given)), transcript: 'kept' }),
    }),
    'a redaction that is not thought of': (ports) => ({
      ...ports,
      inspect: async (...given) => ({ ...(await ports.inspect(...given)), seesUnredacted: 'yes' }),
    }),
    'a protection that is not asked for': (ports) => ({
      ...ports,
      source: {
        ...ports.source,
        protectionOf: (ids) => Promise.resolve(new Map(ids.map((id) => [id, 'none' as const]))),
      },
    }),
    'holds that are not read': (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        list: (prefix, budget) => ports.store.list(prefix === 'holds/' ? 'no-holds/' : prefix, budget),
      },
    }),
    'places of a day that are given twice': (ports) => ({ ...ports, perDay: 1_000 }),
    'a drill that has failed': (ports) => ({
      ...ports,
      lastDrill: async (budget) => ({ ...(await ports.lastDrill(budget)), failed: 0 }),
    }),
    'an access entry that is not written': (ports) => ({
      ...ports,
      store: {
        ...ports.store,
        put: (key, body, options, budget) =>
          key.startsWith('access/')
            ? Promise.resolve({ outcome: 'stored', stat: undefined as never })
            : ports.store.put(key, body, options, budget),
      },
    }),
    'a recording that stops the others': (ports) => ({
      ...ports,
      // of a batch with one that is damaged all are refused
      inspect: async (item, ...given) => {
        const found = await ports.inspect(item, ...given);
        if (found.objects === 'damaged') stopped.add(ports.store);
        return stopped.has(ports.store) ? { ...found, objects: 'damaged' } : found;
      },
    }),
  };
  for (const [what, weaken] of Object.entries(WEAKNESSES)) {
    it(`notices ${what}`, async () => {
      const { violations } = await runAll(WEAKENED, weaken, (found) => found > 0);
      expect(violations.length).toBeGreaterThan(0);
    }, 300_000);
  }
});
