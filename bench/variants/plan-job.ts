/** A process that plans one job and works through it with work that takes no time: `plan-job.mjs DIRECTORY ITEMS`. */
import { systemClock, unlimited } from '../../src/clock.ts';
import type { JobKind } from '../../src/jobs/kind.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';

const [directory = '', count = '0'] = process.argv.slice(2);
/** How often the resident set is looked at, ms. */
const LOOK_MS = 20;

interface Item {
  readonly key: string;
}

/** Keys as an archive has them, 70 characters long. */
function* keys(): Generator<Item> {
  for (let at = 0; at < Number(count); at += 1) {
    yield { key: `archive/2026/05/20/00000000-0000-4000-8000-${String(at).padStart(12, '0')}.enc` };
  }
}

const kind: JobKind<Item> = {
  name: 'bench',
  parse: (value) => value as Item,
  nameOf: ({ key }) => key,
  async *work(items) {
    for (const index of items.keys())
      yield await Promise.resolve({ index, state: 'done', bytes: 1 } as const);
  },
};

/** @returns seconds, and bytes of the resident set over what it was before. */
async function measured(work: () => Promise<unknown>): Promise<{ seconds: number; rssGrowth: number }> {
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, LOOK_MS);
  const began = performance.now();
  await work();
  clearInterval(timer);
  peak = Math.max(peak, process.memoryUsage.rss());
  return { seconds: (performance.now() - began) / 1000, rssGrowth: peak - idle };
}

const store = createDirectoryStore(directory);
const shared = { store, clock: systemClock, budget: unlimited };
// what one small job loads is no growth
const first = await planJob({ ...shared, kind, items: [{ key: 'one' }], options: {}, createdBy: 'bench' });
await runJob({ ...shared, kinds: [kind], id: first.id, owner: 'bench' });
let id = '';
const planning = await measured(async () => {
  ({ id } = await planJob({ ...shared, kind, items: keys(), options: {}, createdBy: 'bench' }));
});
const running = await measured(() => runJob({ ...shared, kinds: [kind], id, owner: 'bench' }));
process.stdout.write(JSON.stringify({ planning, running }));
