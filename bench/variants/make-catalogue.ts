/** A process that writes the day files, indices and runs of a catalogue: `make-catalogue.mjs DIRECTORY DAYS ROWS_A_DAY`. Says what it cost. */
import { writeDayFile } from '../../src/catalogue/day/day-file.ts';
import { updateLookup } from '../../src/catalogue/search/lookup-index.ts';
import { dayFileKey, nextDay } from '../../src/catalogue/places.ts';
import { noteRun } from '../../src/catalogue/runs.ts';
import { currentSearchKey } from '../../src/catalogue/search/keys.ts';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { FIRST_DAY, hashCustomers, inventRows } from '../catalogue/invented-rows.ts';
import { openBench } from '../catalogue/open-bench.ts';

const [directory = '', days = '0', rowsInDay = '0'] = process.argv.slice(2);
const store = createDirectoryStore(directory);
const ports = openBench(store);
const key = await currentSearchKey(ports, unlimited);
if (key === undefined) throw new Error('there is no search key');
const customers = hashCustomers(key);
let rows = 0;
let bytes = 0;
let cpuSeconds = 0;
let hit: object = {};
for (let at = 0; at < Number(days); at += 1) {
  const day = nextDay(FIRST_DAY, at);
  const own = inventRows(day, Number(rowsInDay), customers);
  if (at === Math.floor(Number(days) / 3)) {
    const { conversation_id: conversation, recording_id: recording } = own[Math.floor(own.length / 2)] ?? {};
    hit = { day, conversation, recording };
  }
  const before = process.cpuUsage();
  const body = writeDayFile(ports.tables, own, {
    day,
    inputs: '-',
    search_key_id: key.id,
    store: store.location,
  });
  const { user, system } = process.cpuUsage(before);
  cpuSeconds += (user + system) / 1e6;
  rows += own.length;
  bytes += body.byteLength;
  const options = {
    metadata: {},
    contentType: 'application/vnd.apache.parquet',
    contentLength: body.byteLength,
  };
  await store.put(dayFileKey(day), body, options, unlimited);
}
await updateLookup(ports, { changed: new Set(), everyMonth: true, now: Date.now() + 9e10 }, unlimited);
await noteRun(ports, 'all', Date.now(), unlimited);
process.stdout.write(JSON.stringify({ rows, bytes, cpuSeconds, hit }));
