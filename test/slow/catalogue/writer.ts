/**
 * One compactor in a process of its own: `LOCATION DAY`; brings the day up to date until it is killed. Says on standard output when it
 * begins, and the code of what went wrong.
 */
import { compactDay } from '../../../src/catalogue/day/compact-day.ts';
import { WHOLE_DAY } from '../../../src/catalogue/places.ts';
import { readRunInputs } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { toArchiveError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { inventPorts } from '../../catalogue/invented-archive.ts';

const [location = '', day = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const archive = await openStore(location, { s3: { forcePathStyle: true } });
const logger = {
  ...silentLogger,
  log: (...[, , fields]: Parameters<typeof silentLogger.log>) => {
    // of an old file that cannot be read: there must never be one
    if (fields?.code !== undefined) say(fields.code);
  },
};
const ports = inventPorts({ archive, catalogue: archive, key: Buffer.alloc(32, 3), logger });
for (;;) {
  say('begin');
  try {
    const run = await readRunInputs(ports, unlimited);
    await compactDay(ports, { day, shard: WHOLE_DAY }, run, unlimited);
  } catch (error) {
    say(toArchiveError(error).code);
  }
  // those that read and store get their turn
  await new Promise((resolve) => setTimeout(resolve, 100));
}
