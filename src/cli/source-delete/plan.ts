/** Looks at everything, writes down what would be deleted at the platform, and touches nothing there. */
import { randomBytes } from 'node:crypto';
import { findAllRecordings } from '../../audit/find-recording.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig, WrapConfig } from '../../config/config.ts';
import { openJobStore } from '../../create/job-runner.ts';
import { ArchiveError } from '../../errors.ts';
import { rulesOf, type SourceDeleteOptions } from '../../job-kinds/source-delete.ts';
import { SOURCE_DELETE } from '../../job-kinds/unnamed-source-delete.ts';
import { planJob } from '../../jobs/plan-job.ts';
import { sealItem } from '../../keep/sealed-item.ts';
import { examineForDeletion, type Examination } from '../../keep/source-delete/examine.ts';
import { deleteDateOf } from '../../keep/source-delete/policy.ts';
import type { SourceDeleteItem, SourceDeletePorts } from '../../keep/source-delete/source-types.ts';
import type { ObjectStore } from '../../ports.ts';
import { createLayout } from '../../record/layout.ts';
import { receiptKey } from '../../record/object-key.ts';
import { readReceipt } from '../../record/receipt/read-receipt.ts';
import { splitVersion } from '../../record/versions.ts';
import { canonicalId } from '../../recording/id.ts';
import { DAY_MS } from '../../recording/time.ts';
import type { CommandContext, searchIn } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import type { ChosenObjects } from '../hold/choose-held.ts';
import { runnerName } from '../jobs/job-settings.ts';

export interface PlanningDeletion {
  readonly wrap: WrapConfig;
  readonly archive: ArchiveConfig;
  readonly ports: SourceDeletePorts;
  readonly search: ReturnType<typeof searchIn>;
  readonly chosen: ChosenObjects;
  readonly compare: boolean;
  readonly statedUnredacted: boolean;
  readonly wantsContext: boolean;
  readonly wantsTranscript: boolean;
  readonly reason: string;
  readonly by: string;
  readonly dryRun: boolean;
}

/** Recordings that are looked at before the next are. */
const BATCH = 20;

interface Sum {
  readonly planned: SourceDeleteItem[];
  readonly reasons: Map<string, number>;
  bytes: number;
  left: number;
  done: number;
}

/** @returns the exit code. @throws `JOB_EMPTY` when all of it is left at the platform. */
export async function planSourceDeletion(
  context: CommandContext,
  planning: PlanningDeletion,
  budget: Budget,
): Promise<number> {
  const { ui, clock } = context;
  const { wrap, ports, chosen, dryRun } = planning;
  const { compare, statedUnredacted, wantsContext, wantsTranscript, reason, by } = planning;
  const layout = createLayout(wrap.layout);
  const options: SourceDeleteOptions = {
    store: ports.store.location,
    layout: layout.source,
    reason,
    by,
    compare,
    statedUnredacted,
    wantsContext,
    wantsTranscript,
    graceDays: wrap.source.graceDays,
    drillDays: wrap.source.drillDays,
    plannedAt: new Date(clock.now()).toISOString(),
  };
  const rules = rulesOf(options);
  const sum: Sum = { planned: [], reasons: new Map(), bytes: 0, left: 0, done: 0 };
  const items = await gatherItems(planning, budget);
  for (const item of items.without) leave(context, sum, item, { reasons: ['unproven'] });
  for (let at = 0; at < items.found.length; at += BATCH) {
    ui.status(`looking: ${at} of ${items.found.length}`);
    const examined = await examineForDeletion(ports, items.found.slice(at, at + BATCH), rules, budget);
    for (const one of examined) tellOne(context, sum, one);
    await ui.drained();
  }
  ui.status(undefined);
  let name: string | undefined;
  if (!dryRun && sum.planned.length > 0) {
    const secret = randomBytes(12).toString('base64url');
    const plan = await planJob({
      store: await openJobStore(wrap, context),
      kind: { name: SOURCE_DELETE },
      items: sum.planned.map((item) => sealItem(secret, options, item)),
      options,
      selection: { chosen: chosen.selection, left: sum.left },
      rate: wrap.jobRate,
      createdBy: runnerName('command line'),
      clock,
      budget,
    });
    name = `${plan.id}.${secret}`;
  }
  tellPlan(context, planning, sum, name);
  if (sum.planned.length > 0 || sum.left === 0) return 0;
  throw new ArchiveError(
    'JOB_EMPTY',
    'each of these recordings is left at the platform: nothing was planned',
  );
}

/** All files of each recording that was chosen, whichever of them was; the conversation is that of its receipt. */
async function gatherItems(
  { ports, search, chosen }: PlanningDeletion,
  budget: Budget,
): Promise<{ readonly found: readonly SourceDeleteItem[]; readonly without: readonly SourceDeleteItem[] }> {
  const { layout } = search;
  const named = chosen.keys.flatMap((key) => layout.parse(key) ?? []);
  const days = named.map(({ date }) => Date.parse(`${date}T00:00:00Z`));
  const ids = [...new Set(named.map(({ recordingId }) => canonicalId(recordingId)))];
  // a file of the same recording may lie a day earlier or later
  const range = { ...search, from: least(days) - DAY_MS, to: -least(days.map((at) => -at)) + DAY_MS };
  const all =
    ids.length === 0
      ? new Map<string, readonly string[]>()
      : await findAllRecordings(ports.store, ids, range, budget);
  const found: SourceDeleteItem[] = [];
  const without: SourceDeleteItem[] = [];
  for (const recording of ids) {
    const keys = [...(all.get(recording) ?? [])];
    const date = keys.map((key) => layout.parse(key)?.date ?? '').toSorted()[0] ?? '';
    const conversation = await conversationOf(ports.store, keys, budget);
    const item = { recording, conversation: conversation ?? '', day: date, keys };
    if (conversation === undefined) without.push(item);
    else found.push(item);
  }
  return { found, without };
}

const least = (values: readonly number[]): number =>
  values.reduce((one, other) => Math.min(one, other), Infinity);

async function conversationOf(
  store: ObjectStore,
  keys: readonly string[],
  budget: Budget,
): Promise<string | undefined> {
  for (const key of keys) {
    // of any writer: what it says is held to the signature when the copy is looked at
    const receipt = await readReceipt(store, receiptKey(splitVersion(key).base), budget).catch(
      (error: unknown) => {
        if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
        throw error;
      },
    );
    if (receipt !== undefined) return receipt.ids.conversation;
  }
  return undefined;
}

function tellOne(context: CommandContext, sum: Sum, one: Examination): void {
  const { ui } = context;
  if (one.state === 'failed') {
    leave(context, sum, one.item, { reasons: [one.error.code] });
    return;
  }
  const { item, copy, verdict, heldBy } = one.examined;
  if (verdict.state === 'refused') {
    leave(context, sum, item, { reasons: verdict.reasons, heldBy });
    return;
  }
  if (verdict.state !== 'allowed') {
    sum.done += 1;
    if (ui.json) ui.record('recording', { recording: item.recording, day: item.day, state: verdict.state });
    else ui.out(['done before ', item.day, item.recording, verdict.state].map(printable).join('  '));
    return;
  }
  sum.planned.push(item);
  sum.bytes += copy.bytes;
  const { deleteDate } = verdict;
  if (ui.json) {
    const { recording, day } = item;
    ui.record('recording', {
      recording,
      day,
      state: 'planned',
      deleteDate,
      files: copy.files,
      bytes: copy.bytes,
    });
  } else
    ui.out(['would delete', item.day, item.recording, count(copy.files, 'file')].map(printable).join('  '));
}

function leave(
  { ui }: CommandContext,
  sum: Sum,
  { recording, day }: SourceDeleteItem,
  { reasons, heldBy = [] }: { readonly reasons: readonly string[]; readonly heldBy?: readonly string[] },
): void {
  sum.left += 1;
  for (const reason of reasons) sum.reasons.set(reason, (sum.reasons.get(reason) ?? 0) + 1);
  if (ui.json) ui.record('recording', { recording, day, state: 'left', reasons, heldBy });
  else ui.out(['left        ', day, recording, reasons.join(', '), ...heldBy].map(printable).join('  '));
}

function tellPlan(
  { ui, program, clock }: CommandContext,
  { wrap, chosen, dryRun, wantsTranscript, wantsContext, statedUnredacted, compare }: PlanningDeletion,
  { planned, left, done, bytes, reasons }: Sum,
  name: string | undefined,
): void {
  const { graceDays, perDay } = wrap.source;
  const day = deleteDateOf(clock.now(), graceDays).slice(0, 10);
  const byReason = Object.fromEntries(reasons);
  if (ui.json) {
    ui.record('plan', {
      plan: name,
      recordings: planned.length,
      left,
      done,
      bytes,
      reasons: byReason,
      deleteDay: day,
      perDay,
      selection: chosen.selection,
      dryRun,
    });
  }
  ui.say(
    `${count(planned.length, 'recording')} to delete at the platform (${chosen.selection}): ${formatBytes(bytes)} verified here`,
  );
  if (left > 0) {
    const told = [...reasons].map(([reason, times]) => `${reason} ${times}`).join(', ');
    ui.say(`${count(left, 'recording')} stay there: ${told}; docs/source-delete.md says what each means`);
  }
  if (done > 0) ui.say(`${count(done, 'recording')} were marked before, or are gone`);
  if (planned.length === 0) return;
  const days = Math.ceil(planned.length / perDay);
  ui.say(
    `the platform deletes them on ${day} at the earliest; ${perDay} a day are marked${days > 1 ? `, so it takes ${days} days` : ''}`,
  );
  ui.warn(
    'what the platform has deleted it does not give back; its transcripts, topics and sentiment go with it',
  );
  if (!wantsTranscript) ui.warn('transcripts are not asked for: --transcript');
  if (!wantsContext) ui.warn('contexts are not asked for: --context');
  if (statedUnredacted && !compare) ui.warn('that no copy is redacted rests on your word alone');
  if (name === undefined) ui.say('dry run: nothing was written down');
  else {
    if (!ui.json) ui.out(name);
    ui.say(`nothing is changed yet. To do it: ${program} source-delete run ${name} --yes ${planned.length}`);
  }
}
