import { BACKFILL } from '../../backfill/backfill-kind.ts';
import type { BackfillItem, BackfillOptions } from '../../backfill/items.ts';
import type { Budget } from '../../clock.ts';
import { createBackfill } from '../../create/backfill/create-backfill.ts';
import { openJobStore } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import { patientStore } from '../../jobs/patient-store.ts';
import { planJob } from '../../jobs/plan-job.ts';
import type { ObjectStore } from '../../ports.ts';
import { createLayout } from '../../record/layout.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, formatBytes } from '../_format.ts';
import { type ChosenSource, chooseSource } from '../backfill/choose-source.ts';
import { estimatePlan, type PlanEstimate } from '../backfill/estimate-plan.ts';
import { AGED_HINT, explainAged } from '../backfill/aged-range.ts';
import { describePlan, explainNothing, NOTHING_HINTS } from '../backfill/explain-plan.ts';
import { requireReadable } from '../backfill/read-lines.ts';
import { type PlannedItems, planItems, type PlanTools } from '../backfill/plan-items.ts';
import { shortId } from '../jobs/describe-job.ts';
import { runnerName } from '../jobs/job-settings.ts';
import { runJobHere } from '../jobs/run-here.ts';
import { present } from '../../present.ts';
import type { BackfillCommandOptions } from '../options/backfill.ts';

/** Above this a plan wants to be told how many items it has. */
const MAX_ITEMS_WITHOUT_YES = 10_000;

/** Shards at once: while the files of one are made, the other is listed. */
const DEFAULT_WORKERS = 2;

/** Plans a backfill, tells what it would do with `--dry-run`, and works on it with `--wait`. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: BackfillCommandOptions,
): Promise<number> {
  const { clock, logger, ui } = context;
  const chosen = chooseSource(options, clock.now());
  if (chosen.kind === 'ids') await requireReadable(chosen.file);
  const config = await readSettings(context, 'archive');
  const backfill = await createBackfill(config, { clock, logger });
  const { budget, end } = openBudget(context);
  try {
    if (chosen.kind === 'inventory') {
      ui.warn(
        '--inventory is experimental: what the platform lists there is not documented in full, so plan the days as well',
      );
    }
    const { rate } = options;
    if (rate !== undefined) backfill.useRate(() => rate);
    const jobs = await openJobStore(config, context);
    const isDry = options.dryRun === true;
    const tools: PlanTools = {
      config,
      backfill,
      jobs: patientStore(jobs, clock),
      stdin: context.stdin,
      skipInvalid: options.skipInvalid === true,
      keepsFacts: !isDry && config.catalogue.facts === 'analytics',
      onDay: tellDays(context),
      now: () => clock.now(),
      budget,
    };
    if (chosen.kind !== 'export') await backfill.readLimit(budget);
    const planned = await planItems(chosen, tools);
    if (isDry) return await showDryRun(context, chosen, planned, tools);
    const layout = createLayout(config.layout).source;
    const request = { chosen, planned, options, jobs, layout, rate: rate ?? config.jobRate, tools };
    const plan = await makePlan(context, request, budget);
    if (options.wait !== true) {
      const id = shortId(plan.id);
      ui.say(`any runner works on it: genesys-archive jobs run ${id}; jobs watch ${id} shows it`);
      return 0;
    }
    return await runJobHere(context, plan, { workers: options.workers ?? DEFAULT_WORKERS });
  } finally {
    end();
    backfill.close();
  }
}

/** ms between two lines where no line can be drawn anew. */
const LINE_EVERY_MS = 10_000;

/** The platform takes seconds for each day: who waits sees which it is. */
function tellDays({ ui, clock }: CommandContext): (day: string, number: number, of: number) => void {
  let toldAt = clock.now();
  return (day, number, of) => {
    const line = `asking the platform for ${day}: day ${number} of ${of}`;
    if (ui.live) ui.status(line);
    if (ui.live || clock.now() - toldAt < LINE_EVERY_MS) return;
    toldAt = clock.now();
    ui.say(line);
  };
}

interface PlanRequest {
  readonly chosen: ChosenSource;
  readonly planned: PlannedItems;
  readonly options: BackfillCommandOptions;
  readonly jobs: ObjectStore;
  readonly layout: string;
  readonly rate: 'yield' | number;
  readonly tools: PlanTools;
}

async function makePlan(context: CommandContext, request: PlanRequest, budget: Budget): Promise<JobPlan> {
  const { ui, clock } = context;
  const { chosen, planned, options, jobs, layout, rate } = request;
  const { counts, source, selection } = planned;
  const kept: BackfillOptions = {
    source,
    layout,
    ...present({ export: planned.export }),
  };
  let plan: JobPlan;
  try {
    plan = await planJob({
      store: jobs,
      kind: { name: BACKFILL },
      items: requireYes(planned.items, options.yes),
      options: kept,
      ...present({ name: options.name }),
      selection,
      rate,
      createdBy: runnerName('command line'),
      clock,
      budget,
      onPlanned: (items) => ui.status(`planning: ${items}`),
    });
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'JOB_EMPTY') throw error;
    throw await nothingToDo(chosen, planned, request.tools);
  } finally {
    ui.status(undefined);
  }
  if (ui.json) ui.record('planned', { job: plan.id, kind: BACKFILL, ...plan.totals, ...countsOf(planned) });
  else ui.out(plan.id);
  for (const line of describePlan(chosen, counts)) ui.say(line);
  tellSkipped(context, planned);
  ui.say(`${count(plan.totals.items, 'item')} in ${count(plan.totals.shards, 'shard')}: job ${plan.id}`);
  return plan;
}

async function nothingToDo(
  chosen: ChosenSource,
  { counts }: PlannedItems,
  tools: PlanTools,
): Promise<ArchiveError> {
  const aged = counts.conversations === 0 ? await explainAged(chosen, tools) : undefined;
  if (aged !== undefined) return new ArchiveError('JOB_EMPTY', aged, { hint: AGED_HINT });
  return new ArchiveError('JOB_EMPTY', explainNothing(chosen, counts), { hint: NOTHING_HINTS[chosen.kind] });
}

/** The same items, as long as they are as many as the operator has agreed to; a plan that is broken off is no job. */
async function* requireYes(
  items: AsyncIterable<BackfillItem>,
  yes: number | undefined,
): AsyncGenerator<BackfillItem, void, undefined> {
  let seen = 0;
  const most = yes ?? MAX_ITEMS_WITHOUT_YES;
  for await (const item of items) {
    seen += 1;
    if (seen > most) {
      const code = yes === undefined ? 'USAGE' : 'JOB_CHANGED';
      throw new ArchiveError(code, `the plan has more than ${count(most, 'item')}`, {
        hint: 'see how many with --dry-run, then say --yes and that number',
      });
    }
    yield item;
  }
  if (yes === undefined || seen === yes || seen === 0) return;
  throw new ArchiveError('JOB_CHANGED', `the plan has ${count(seen, 'item')} now, not ${yes}`, {
    hint: `say --yes ${seen} if that is what you mean`,
  });
}

async function showDryRun(
  context: CommandContext,
  chosen: ChosenSource,
  planned: PlannedItems,
  tools: PlanTools,
): Promise<number> {
  const { ui } = context;
  const items = await countItems(planned.items, (soFar) => ui.status(`counting: ${soFar}`));
  ui.status(undefined);
  if (items === 0) throw await nothingToDo(chosen, planned, tools);
  const found = await estimatePlan(chosen, planned, tools);
  if (ui.json) {
    ui.record('plan', { kind: BACKFILL, dryRun: true, items, ...countsOf(planned), ...found });
  } else {
    for (const line of describeEstimate(items, found)) ui.out(line);
  }
  for (const line of describePlan(chosen, planned.counts)) ui.say(line);
  tellSkipped(context, planned);
  if (items > MAX_ITEMS_WITHOUT_YES) ui.say(`to plan it, add --yes ${items}`);
  ui.say('dry run: nothing was planned');
  return 0;
}

async function countItems(
  items: AsyncIterable<BackfillItem>,
  onCounted: (items: number) => void,
): Promise<number> {
  const iterator = items[Symbol.asyncIterator]();
  let counted = 0;
  while ((await iterator.next()).done !== true) {
    counted += 1;
    if (counted % 1_000 === 0) onCounted(counted);
  }
  return counted;
}

function describeEstimate(items: number, found: PlanEstimate): readonly string[] {
  const { recordings, recordingsFrom, bytes, bytesFrom, callsPerMinute, days, limitedBy, cost } = found;
  const sizes = {
    listed: 'as listed',
    measured: 'by the mean of the archive',
    assumed: '6 MB each, assumed',
  };
  const counts = {
    counted: 'counted by the platform',
    listed: 'as listed',
    assumed: 'one a conversation, assumed',
  };
  const limits = {
    'genesys-rate': `limited by the platform: ${callsPerMinute} requests a minute now`,
    download: 'limited by the download: 80 MB a second, assumed',
  };
  return [
    `items        ${items}`,
    `recordings   ${recordings}  (${counts[recordingsFrom]})`,
    `bytes        ${formatBytes(bytes)}  (${sizes[bytesFrom]})`,
    `time         ${describeDays(days)}  (${limits[limitedBy]})`,
    cost === undefined
      ? 'cost         none of AWS: the archive is a directory'
      : `cost         $${cost.once.toFixed(2)} once, $${cost.monthly.toFixed(2)} a month to keep them (docs/cost.md)`,
  ];
}

function describeDays(days: number): string {
  const hours = days * 24;
  if (hours < 1) return `${Math.max(1, Math.round(hours * 60))} min`;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${days.toFixed(1)} days`;
}

function countsOf({ counts }: PlannedItems): object {
  const { conversations, notRecorded, stillOpen, archived, repeated, invalidLines, unresolvedIds } = counts;
  const lateDays = counts.lateDays.map(({ day }) => day);
  return {
    conversations,
    notRecorded,
    stillOpen,
    archived,
    repeated,
    invalidLines,
    unresolvedIds,
    lateDays,
  };
}

/** Lines that were left out are named, as far as they are few. */
function tellSkipped({ ui }: CommandContext, { counts }: PlannedItems): void {
  for (const { line, problem } of counts.invalid) ui.warn(`line ${line} ${problem}`);
  for (const id of counts.unresolved) ui.warn(`the platform's inventory does not list recording ${id}`);
}
