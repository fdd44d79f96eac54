/** One compactor in a process of its own: `DIRECTORY DAY`; brings the day up to date until it is killed. */
import { compactDay } from '../../src/catalogue/compact-day.ts';
import { WHOLE_DAY } from '../../src/catalogue/places.ts';
import { readRunInputs } from '../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { inventPorts } from '../catalogue/invented-archive.ts';

const [directory = '', day = ''] = process.argv.slice(2);
const archive = createDirectoryStore(directory);
const ports = inventPorts({ archive, catalogue: archive, key: Buffer.alloc(32, 3) });
for (;;) {
  try {
    const run = await readRunInputs(ports, unlimited);
    await compactDay(ports, { day, shard: WHOLE_DAY }, run, unlimited);
  } catch {
    // another one is at it; what counts is what is there at the end
  }
}
