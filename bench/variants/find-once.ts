/** A process that asks the catalogue once: `find-once.mjs '{ directory, lateMs, index, query, as }'`. Says what it cost, after the start of the program. */
import { findRecordings, findRows } from '../../src/catalogue/search/find-recordings.ts';
import { LOOKUP_PREFIX } from '../../src/catalogue/places.ts';
import type { SearchQuery } from '../../src/catalogue/search/query.ts';
import { countGroups } from '../../src/cli/find/count.ts';
import { TABLE_COLUMNS } from '../../src/cli/find/table.ts';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { lateStore } from '../catalogue/late-store.ts';
import { openBench } from '../catalogue/open-bench.ts';

export interface AskedOnce {
  readonly directory: string;
  readonly lateMs: number;
  readonly index: boolean;
  readonly query: SearchQuery;
  /** `table`: all that is found, in the columns that `find` shows. */
  readonly as: 'rows' | 'table' | 'days';
}

export interface FoundOnce {
  readonly found: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

const asked = JSON.parse(process.argv[2] ?? '{}') as AskedOnce;
const near = createDirectoryStore(asked.directory);
const far = asked.lateMs > 0 ? lateStore(near, asked.lateMs).store : near;
const ports = openBench(asked.index ? far : withoutIndex(far));
const began = performance.now();
const before = process.cpuUsage();
const search = await findRecordings(ports, asked.query, { newestFirst: true }, unlimited);
let found = 0;
if (asked.as === 'days')
  found = (await countGroups(search, 'day')).reduce((sum, { recordings }) => sum + recordings, 0);
else {
  const wanted = asked.as === 'table' ? { wanted: TABLE_COLUMNS } : {};
  for await (const row of findRows(search, { newestFirst: true, ...wanted })) found += row.key === '' ? 0 : 1;
}
const { user, system } = process.cpuUsage(before);
const cost: FoundOnce = {
  found,
  wallMs: performance.now() - began,
  cpuMs: (user + system) / 1000,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(JSON.stringify(cost));

function withoutIndex(store: ObjectStore): ObjectStore {
  return {
    ...store,
    list: async function* (prefix, budget, options) {
      if (prefix !== LOOKUP_PREFIX) yield* store.list(prefix, budget, options);
    },
  };
}
