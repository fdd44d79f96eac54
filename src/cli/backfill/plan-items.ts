import type { BackfillItem, BackfillSource } from '../../backfill/items.ts';
import { parseItem } from '../../backfill/items.ts';
import { planDays } from '../../backfill/sources/days.ts';
import { planExport } from '../../backfill/sources/exported.ts';
import { planIds } from '../../backfill/sources/ids.ts';
import { planInventory } from '../../backfill/sources/inventory.ts';
import { PlanCounts } from '../../backfill/sources/plan-counts.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import type { BackfillOfArchive } from '../../create/backfill/create-backfill.ts';
import { ArchiveError } from '../../errors.ts';
import { readField } from '../../json.ts';
import type { PatientStore } from '../../jobs/patient-store.ts';
import { requirePlan, resolveJobId } from '../../jobs/read-job.ts';
import { listFailures } from '../../jobs/retry-job.ts';
import type { ChosenSource } from './choose-source.ts';
import { readLines } from './read-lines.ts';
import { openSortSpool } from './sort-spool.ts';
import { dayOf } from '../../recording/time.ts';
import { present } from '../../present.ts';

export interface PlanTools {
  readonly config: ArchiveConfig;
  readonly backfill: BackfillOfArchive;
  readonly jobs: PatientStore;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly skipInvalid: boolean;
  /** The facts of the days are kept as they are read. */
  readonly keepsFacts: boolean;
  /** Called as a day of a range is begun. */
  readonly onDay?: (day: string, number: number, of: number) => void;
  readonly now: () => number;
  readonly budget: Budget;
}

export interface PlannedItems {
  readonly items: AsyncIterable<BackfillItem>;
  readonly counts: PlanCounts;
  readonly source: BackfillSource;
  /** Of the export, also that of the job whose failed items are planned again. */
  readonly export?: string;
  /** What was asked for, for people; no personal data. */
  readonly selection: object;
}

/** The items of a source, read as they are needed; `counts` are complete at their end. */
export async function planItems(chosen: ChosenSource, tools: PlanTools): Promise<PlannedItems> {
  const { config, backfill, budget, skipInvalid } = tools;
  const { inventory, archived, analytics } = backfill;
  const counts = new PlanCounts();
  const shared = { archived, counts, budget };
  switch (chosen.kind) {
    case 'days': {
      const { from, to } = chosen;
      const kinds = new Set(config.recordings.kinds);
      const facts = tools.keepsFacts ? { openFacts: (day: string) => backfill.openFacts(day, budget) } : {};
      const { onDay } = tools;
      const request = { from, to, kinds, analytics, counts, budget };
      const items = planDays({ ...request, ...facts, ...present({ onDay }) });
      return { items, counts, source: 'days', selection: { from: dayOf(from), to: dayOf(to) } };
    }
    case 'ids': {
      const lines = readLines(chosen.file, tools.stdin);
      const items = planIds({ ...shared, lines, skipInvalid, idPattern: config.idPattern, inventory });
      const name = chosen.file === '-' ? 'standard input' : (chosen.file.split(/[/\\]/).at(-1) ?? '');
      return { items, counts, source: 'ids', selection: { ids: name } };
    }
    case 'inventory': {
      const items = planInventory({ ...shared, inventory, spool: await openSortSpool() });
      return { items, counts, source: 'inventory', selection: { inventory: true } };
    }
    case 'export': {
      const { location } = chosen;
      const items = planExport({ ...shared, source: await backfill.openExport(location) });
      return { items, counts, source: 'export', export: location, selection: { export: location } };
    }
    case 'failed':
      return planFailed(chosen.job, tools, counts);
  }
}

/** What an earlier job could not do; all of it, final failures included. */
async function planFailed(
  job: string,
  { jobs, budget }: PlanTools,
  counts: PlanCounts,
): Promise<PlannedItems> {
  const plan = await requirePlan(jobs, await resolveJobId(jobs, job, budget), budget);
  if (plan.kind !== 'backfill') {
    throw new ArchiveError('USAGE', `job ${plan.id} is a ${plan.kind} job, not a backfill`, {
      hint: `genesys-archive jobs retry ${plan.id} repeats it`,
    });
  }
  async function* items() {
    for await (const { item } of listFailures(jobs, plan.id, budget)) {
      counts.items += 1;
      yield parseItem(item);
    }
  }
  const location = readField(plan.options, 'export');
  return {
    items: items(),
    counts,
    source: location === undefined ? 'failed' : 'export',
    ...(typeof location === 'string' ? { export: location } : {}),
    selection: { failed: plan.id },
  };
}
