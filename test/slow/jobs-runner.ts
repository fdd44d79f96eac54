/** A runner of its own process, for tests that kill it: `node jobs-runner.ts DIRECTORY JOB LOG OWNER`. */
import { appendFileSync } from 'node:fs';
import { systemClock, unlimited } from '../../src/clock.ts';
import { runJob } from '../../src/jobs/run-job.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { countingKind } from '../jobs/counting-kind.ts';

const [directory = '', id = '', log = '', owner = '', skew = '0'] = process.argv.slice(2);
const clock = { ...systemClock, now: () => systemClock.now() + Number(skew) };
const kind = countingKind();
const counting: typeof kind = {
  ...kind,
  async *work(items) {
    for (let from = 0; from < items.length; from += 10) {
      // work takes time: two items a millisecond
      await clock.sleep(5);
      const some = items.slice(from, from + 10);
      // one write of less than a pipe's length: whole, or not there
      appendFileSync(log, some.map((item) => `${item.id}\n`).join(''));
      for (const index of some.keys()) yield { index: from + index, state: 'done', bytes: 1 };
    }
  },
};
const timing = { leaseMs: 1_500, renewMs: 500, beatMs: 300, lookMs: 200 };
const { end } = await runJob({
  store: createDirectoryStore(directory),
  kinds: [counting],
  id,
  owner,
  clock,
  budget: unlimited,
  stay: true,
  timing,
});
process.stdout.write(end);
