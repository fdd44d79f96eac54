import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../faults/simulated-time.ts';
import { RETENTION_WEAKNESSES } from './retention.ts';
import { isExpected, KeepingWorld, NAMES, type Weakness, WEAKNESSES } from './world.ts';

/** `KEEPING_RUNS` asks for more, and `KEEPING_FIRST` for others. */
const RUNS = Number(process.env['KEEPING_RUNS'] ?? 2_500);
const FIRST = Number(process.env['KEEPING_FIRST'] ?? 1);
/** Of so many schedules one has facts, people and a catalogue, which take most of the time. */
const CATALOGUED_EVERY = 25;
const WEAK_RUNS = 1_500;

/** Those that race for the most are begun the most. */
const ACTS = [
  ...(['archive', 'hold', 'erase', 'rewrap', 'sweep'] as const),
  ...(['archive', 'sweep', 'hold', 'erase', 'rewrap', 'release', 'compact', 'pass'] as const),
];
/** In every other schedule rules of retention are at work as well. */
const RETENTION_ACTS = [
  ...([
    'retain',
    'retain',
    'retain',
    'extend',
    'archive',
    'lifecycle',
    'lifecycle',
    'lose',
    'release',
  ] as const),
  ...(['retain', 'hold', 'extend'] as const),
];

/** One schedule: two to eight programs that begin at once, on recordings of which some are archived already. */
async function play(
  seed: number,
  {
    weakness,
    isCatalogued,
    isRetained,
  }: { weakness?: Weakness; isCatalogued?: boolean; isRetained?: boolean } = {},
) {
  const catalogued = isCatalogued ?? seed % CATALOGUED_EVERY === 0;
  const retained = isRetained ?? seed % 2 === 1;
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const some = () => {
    const chosen = NAMES.filter(() => random() < 0.5);
    return chosen.length === 0 ? [pick(NAMES)] : chosen;
  };
  const acts = retained ? [...ACTS, ...RETENTION_ACTS, ...RETENTION_ACTS] : ACTS;
  const world = new KeepingWorld({ random, weakness, locked: random() < 0.4, catalogued });
  await world.begin();
  for (const name of NAMES) if (random() < 0.5) await world.archive(name);
  if (catalogued && random() < 0.5) await world.compact(world.ports());
  const act = async () => {
    const what = pick(acts);
    const names = some();
    const ports = world.ports(random() < 0.35 ? Math.floor(random() * 14) : undefined);
    if (what === 'pass') return world.pass(1 + Math.floor(random() * 30));
    if (what === 'lifecycle') return world.lifecycle();
    if (what === 'lose') return world.lose(names);
    if (what === 'archive') for (const name of names) await world.archive(name, ports);
    else if (what === 'release') await world.release(ports);
    else if (what === 'sweep') await world.sweep(ports);
    else if (what === 'compact') await world.compact(ports);
    else await world[what](names, ports);
  };
  const forgiving = () =>
    act().catch((error: unknown) => {
      if (!isExpected(error)) throw error;
    });
  const rounds = 1 + Math.floor(random() * 2);
  for (let round = 0; round < rounds; round += 1)
    await Promise.all(Array.from({ length: 2 + Math.floor(random() * 6) }, forgiving));
  await world.settle();
  return world;
}

describe('schedules of archiving, holds, releases, erasures, sweeps, rewraps, compactions and rules of retention, racing and killed', () => {
  it(`${RUNS} schedules: nothing held is touched, nothing goes before its date, no key of what is kept is lost, nothing erased can be read`, async () => {
    const problems: string[] = [];
    let [erased, holds, removed] = [0, 0, 0];
    for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
      const world = await play(seed);
      erased += world.erased.size;
      holds += world.holds.length;
      removed += world.retention.removed.size;
      for (const problem of await world.violations()) problems.push(`${seed}: ${problem}`);
    }
    process.stdout.write(
      `${RUNS} schedules: ${erased} erased, ${holds} holds, ${removed} removed by rule, ${problems.length} violations\n`,
    );
    expect(problems).toEqual([]);
    expect(erased).toBeGreaterThan(RUNS / 4);
    expect(holds).toBeGreaterThan(RUNS / 4);
    expect(removed).toBeGreaterThan(RUNS / 20);
  });

  it.each(WEAKNESSES)('notices that %s', async (weakness) => {
    const isRetained = RETENTION_WEAKNESSES.some((one) => one === weakness);
    const given = { weakness, isRetained, isCatalogued: weakness.includes('people') };
    let noticed: string | undefined;
    for (let seed = 1; seed <= WEAK_RUNS && noticed === undefined; seed += 1) {
      const world = await play(seed, given);
      noticed = (await world.violations())[0];
    }
    expect(noticed).toBeDefined();
  });
});
