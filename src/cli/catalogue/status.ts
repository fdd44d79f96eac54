import { openDayFile } from '../../catalogue/day/day-file.ts';
import { listDay } from '../../catalogue/day/day-inputs.ts';
import { listDayFiles, type ListedDay } from '../../catalogue/day/list-days.ts';
import {
  dayFileKey,
  dayOf,
  LOOKUP_PREFIX,
  nextDay,
  PEOPLE_PREFIX,
  shardsOf,
} from '../../catalogue/places.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { readRuns } from '../../catalogue/runs.ts';
import { listShards, readRunInputs } from '../../catalogue/update-catalogue.ts';
import type { Budget } from '../../clock.ts';
import type { CommandContext } from '../_context.ts';
import { count, formatBytes } from '../_format.ts';
import { requireArchive } from '../_nothing-found.ts';

const RECENT_DAYS = 35;
const NAME_WIDTH = 16;

/** Shows the days of the catalogue, and which have changed since. Writes nothing. */
export async function tellStatus(
  { ui, clock }: CommandContext,
  ports: CataloguePorts,
  range: { readonly from?: string | undefined; readonly to?: string | undefined },
  budget: Budget,
): Promise<number> {
  const files = await listDayFiles(ports, budget);
  // no days of no archive are no answer
  if (files.length === 0)
    await requireArchive(ports.archive, { layout: ports.layout }, ['present', 'other-days'], budget);
  const runs = await readRuns(ports, budget);
  const people = await countFiles(ports, PEOPLE_PREFIX, budget);
  const lookup = await countFiles(ports, LOOKUP_PREFIX, budget);
  const today = dayOf(clock.now());
  const from = range.from ?? nextDay(today, 1 - RECENT_DAYS);
  const stale = await staleDays(ports, { from, to: range.to ?? today }, files, budget);
  const days = [...new Set(files.map(({ day }) => day))].sort();
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const facts = {
    catalogue: ports.catalogue.location,
    archive: ports.archive.location,
    days: days.length,
    firstDay: days[0],
    lastDay: days.at(-1),
    bytes,
    peopleFiles: people,
    lookupFiles: lookup,
    runs,
    compared: { from, to: range.to ?? today },
    staleDays: stale,
  };
  if (ui.json) ui.record('catalogue', facts);
  else {
    const line = (name: string, value: string) => ui.out(`${name.padEnd(NAME_WIDTH)}  ${value}`);
    line('catalogue', facts.catalogue);
    line('of the archive', facts.archive);
    line(
      'days',
      days.length === 0
        ? 'none'
        : `${days.length}, ${facts.firstDay} to ${facts.lastDay}, ${formatBytes(bytes)}`,
    );
    line('sealed', count(people, 'file of people', 'files of people'));
    line('months indexed', String(lookup / 3));
    for (const [scope, at] of Object.entries(runs)) line(`last run: ${scope}`, at);
    line('changed since', stale.length === 0 ? `none of ${from} to ${facts.compared.to}` : stale.join(', '));
  }
  return 0;
}

async function countFiles({ catalogue }: CataloguePorts, prefix: string, budget: Budget): Promise<number> {
  let files = 0;
  for await (const { key } of catalogue.list(prefix, budget)) if (key !== '') files += 1;
  return files;
}

async function staleDays(
  ports: CataloguePorts,
  { from, to }: { readonly from: string; readonly to: string },
  files: readonly ListedDay[],
  budget: Budget,
): Promise<readonly string[]> {
  const { catalogue, tables, archive } = ports;
  const run = await readRunInputs({ ...ports, envelope: undefined }, budget);
  const shards = await listShards(ports, budget);
  const stale: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) {
    for (const shard of shards.get(day) ?? shardsOf(ports.options.shards)) {
      const key = dayFileKey(day, shard);
      const inputs = await listDay(ports, { day, shard }, run, budget);
      const listed = files.find((file) => file.key === key);
      if (listed === undefined) {
        if (inputs.files.size > 0) stale.push(day);
        continue;
      }
      const file = await openDayFile({ catalogue, tables, location: archive.location }, key, listed, budget);
      await file?.close();
      if (file?.facts.inputs !== inputs.digest) stale.push(day);
    }
  }
  return [...new Set(stale)];
}
