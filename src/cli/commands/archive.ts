import type { ArchiveResult } from '../../archive/archive-request.ts';
import { listRecordings } from '../../archive/find-recording.ts';
import { type Layout } from '../../archive/layout.ts';
import { abortReason, type Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { createArchiver, openConfiguredStore } from '../../create-archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { collapseRequests } from '../../events/collapse-requests.ts';
import { parseEvent, splitBatch } from '../../events/parse-event.ts';
import type { ArchiveRequest, ObjectStore, RecordingIds } from '../../ports.ts';
import { canonicalRequest } from '../../archive/one-spelling.ts';
import { requireReason, runAgain } from '../_archive-again.ts';
import { type CommandContext, forEachOf, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { readEvents } from '../_read-events.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import type { Ui } from '../_ui.ts';

interface ArchiveOptions {
  readonly event?: string;
  readonly media?: string;
  readonly interaction?: string;
  readonly dryRun?: boolean;
  readonly timeout?: number;
  readonly concurrency?: number;
  /** True where the event says which recording is meant. */
  readonly again?: string | true;
  readonly reason?: string;
}

const DEFAULT_CONCURRENCY = 4;

/** Archives what the events name. Each recording is reported by itself; see {@link concludeItems} for the exit code. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ArchiveOptions,
): Promise<number> {
  const { ui } = context;
  if (options.again !== undefined) return again(context, options);
  if (options.reason !== undefined) throw new ArchiveError('USAGE', '--reason goes with --again only');
  const events = await gatherEvents(context, options);
  const config = await readSettings(context, 'archive');
  const work = readWork(events, config);
  for (const reason of work.ignored) reportIgnored(ui, reason);
  const tally: Job['tally'] = { archived: 0, failures: [] };
  for (const error of work.refused) reportFailure(ui, { tally }, undefined, error);
  const { budget, end } = openBudget(context, options.timeout);
  try {
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    const archive = options.dryRun === true ? planAll : archiveAll;
    await archive(context, config, { requests: work.requests, tally, concurrency, budget });
  } finally {
    end();
  }
  if (work.ignored.length > 0 && work.requests.length === 0 && tally.failures.length === 0) {
    ui.say('nothing to archive: the event is of another kind');
  }
  return concludeItems(tally.archived + tally.failures.length, tally.failures, context.signal);
}

async function again(context: CommandContext, options: ArchiveOptions): Promise<number> {
  const { again: named, event, media, interaction, timeout } = options;
  const reason = requireReason(options.reason);
  if (options.dryRun === true) {
    throw new ArchiveError('USAGE', '--again compares, which --dry-run would keep it from');
  }
  if (typeof named === 'string' && (event !== undefined || media !== undefined)) {
    throw new ArchiveError('USAGE', '--again names a recording, and so does another option', {
      hint: 'either --again ID, or --again with --event FILE',
    });
  }
  const events = named === true ? await gatherEvents(context, options) : [];
  const config = await readSettings(context, 'archive');
  const { requests, ignored, refused } = readWork(events, config);
  for (const what of ignored) reportIgnored(context.ui, what);
  const [unusable] = refused;
  if (unusable !== undefined) throw unusable;
  const wanted = typeof named === 'string' ? named : undefined;
  return runAgain(context, config, { named: wanted, interaction, requests, reason, timeout });
}

interface Job {
  readonly requests: readonly ArchiveRequest[];
  readonly tally: { archived: number; readonly failures: ItemFailure[] };
  readonly concurrency: number;
  readonly budget: Budget;
}

async function gatherEvents(context: CommandContext, options: ArchiveOptions): Promise<readonly unknown[]> {
  const { event, media, interaction } = options;
  const byId = media !== undefined || interaction !== undefined;
  if (event !== undefined && !byId) return readEvents(event, context.stdin);
  if (event === undefined && media !== undefined && interaction !== undefined) {
    return [{ mediaId: media, interactionId: interaction }];
  }
  throw new ArchiveError('USAGE', 'say what to archive', {
    hint: 'either --event FILE (or - for standard input), or --media ID with --interaction ID',
  });
}

interface Work {
  readonly requests: readonly ArchiveRequest[];
  /** Reasons. */
  readonly ignored: readonly string[];
  readonly refused: readonly ArchiveError[];
}

/** Every message of a batch is judged by itself: one that is malformed does not hold up the others. */
function readWork(events: readonly unknown[], { idPattern, genesys }: ArchiveConfig): Work {
  const requests: ArchiveRequest[] = [];
  const ignored: string[] = [];
  const refused: ArchiveError[] = [];
  for (const event of events.flatMap((one) => splitBatch(one)?.map(({ body }) => body) ?? [one])) {
    try {
      const parsed = parseEvent(event, { idPattern, api: genesys.api });
      if (parsed.kind === 'requests') requests.push(...parsed.requests);
      else ignored.push(parsed.reason);
    } catch (error) {
      refused.push(toArchiveError(error));
    }
  }
  return { requests: collapseRequests(requests), ignored, refused };
}

async function archiveAll(context: CommandContext, config: ArchiveConfig, job: Job): Promise<void> {
  const { ui, clock, logger } = context;
  const progress = startProgress(ui, 'archiving', { items: job.requests.length });
  const wrapStore = (store: ObjectStore) => countBytes(store, progress.addBytes);
  const archiver = await createArchiver(config, { clock, logger, wrapStore });
  try {
    await forEachOf(job.requests, job.concurrency, job.budget.signal, async (request) => {
      try {
        const results = await archiver.archive(request, job.budget);
        for (const result of results) reportResult(ui, job, result);
        progress.itemDone();
      } catch (error) {
        progress.itemFailed();
        reportFailure(ui, job, namesOf(request), error);
      }
    });
  } finally {
    progress.end();
    archiver.close();
  }
  // recordings that were not begun because the time was up are failures like any other
  for (const request of job.requests.slice(progress.count().done)) {
    reportFailure(ui, job, namesOf(request), abortReason(job.budget.signal));
  }
  const { bytes, elapsedMs } = progress.count();
  const { archived, failures } = job.tally;
  if (ui.json) {
    ui.record('summary', { archived, failed: failures.length, durationMs: Math.round(elapsedMs) });
  } else if (job.requests.length > 1) {
    ui.say(
      `${count(archived, 'recording')} archived, ${failures.length} failed, ${formatBytes(bytes)} written`,
    );
  }
}

/** "Not ready" and "gone" are no errors to the archive, but to whoever must not forget the recording they are. */
function reportResult(ui: Ui, job: Job, result: ArchiveResult): void {
  const { ids, state } = result;
  if (state === 'not-ready') {
    const { recordingId, conversationId } = ids;
    // it may not be known yet which recordings there will be
    const names = recordingId === '' ? { conversationId } : ids;
    const what =
      recordingId === '' ? `what was recorded of conversation ${conversationId}` : `recording ${recordingId}`;
    const message = `${what} is not complete yet (${result.status})`;
    reportFailure(ui, job, names, new ArchiveError('MEDIA_NOT_READY', message));
  } else if (state === 'gone' && result.settled) {
    // nobody will ever have it: that is in the archive too, as a receipt
    const { reason } = result;
    if (ui.json) ui.record('recording', { state, ...ids, reason });
    else
      ui.out(`${ui.style('dim', 'gone    ')}  ${ids.recordingId}  ${printable(reason)}, as its receipt says`);
  } else if (state === 'gone') {
    const { reason, hint } = result;
    const message = `recording ${ids.recordingId} cannot be had: ${reason}`;
    const more = hint === undefined ? message : `${message} (${hint})`;
    reportFailure(ui, job, ids, new ArchiveError('MEDIA_NOT_FOUND', more));
  } else if (state === 'failed') reportFailure(ui, job, ids, result.error);
  else {
    job.tally.archived += 1;
    const { key, receiptKey, bytes, stored, resumes, restarts } = result;
    if (ui.json) ui.record('recording', { state, ...ids, key, receiptKey, bytes, stored, resumes, restarts });
    else {
      const what = stored ? ui.style('green', 'archived') : 'found   ';
      ui.out(`${what}  ${ids.recordingId}  ${key}  ${formatBytes(bytes)}`);
    }
  }
}

/** What a request names: a recording, or a conversation whose recordings the platform knows. */
function namesOf(request: ArchiveRequest): Partial<RecordingIds> & Pick<RecordingIds, 'conversationId'> {
  if (request.dialect === 'media') {
    return { recordingId: request.mediaId, conversationId: request.interactionId };
  }
  const { recordingId, conversationId } = request;
  return { conversationId, ...(recordingId === undefined ? {} : { recordingId }) };
}

/** Asks only the store: a look-up at the platform would cost rate budget, and its answer may be another one by then. */
async function planAll(context: CommandContext, config: ArchiveConfig, job: Job): Promise<void> {
  const { ui, clock, logger } = context;
  const store = await openConfiguredStore(config, { clock, logger });
  const { layout } = searchIn(config);
  await forEachOf(job.requests, job.concurrency, job.budget.signal, async (request) => {
    try {
      const { key, exists } = await plan(store, layout, request, job.budget);
      const { recordingId, conversationId } = namesOf(request);
      const name = recordingId ?? `conversation ${conversationId}`;
      const state = exists ? 'archived' : 'missing';
      if (ui.json) ui.record('plan', { state, recordingId, conversationId, key: key ?? null });
      else {
        const where = key ?? 'under the day that Genesys Cloud states for it';
        ui.out(exists ? `archived already  ${name}  ${where}` : `would archive     ${name}  ${where}`);
      }
    } catch (error) {
      reportFailure(ui, job, namesOf(request), error);
    }
  });
  ui.say('dry run: nothing was written, and Genesys Cloud was not asked');
}

async function plan(
  store: ObjectStore,
  layout: Layout,
  sent: ArchiveRequest,
  budget: Budget,
): Promise<{ readonly key: string | undefined; readonly exists: boolean }> {
  const request = canonicalRequest(sent);
  if (request.dialect === 'media' && request.occurredAt !== undefined) {
    const ids = { recordingId: request.mediaId, conversationId: request.interactionId };
    const key = layout.keyOf({ ids, at: request.occurredAt });
    return { key, exists: (await store.head(key, budget)) !== undefined };
  }
  const { recordingId: wanted } = namesOf(request);
  if (wanted === undefined) return { key: undefined, exists: false };
  for await (const { recordingId, key } of listRecordings(store, { layout }, budget)) {
    if (recordingId === wanted) return { key, exists: true };
  }
  return { key: undefined, exists: false };
}

function reportIgnored(ui: Ui, reason: string): void {
  if (ui.json) ui.record('ignored', { reason });
  else ui.say(`ignored: ${printable(reason)}`);
}

function reportFailure(
  ui: Ui,
  { tally }: Pick<Job, 'tally'>,
  names: Partial<RecordingIds> | undefined,
  thrown: unknown,
): void {
  const error = toArchiveError(thrown);
  tally.failures.push({ error });
  const { code, message, retryable } = error;
  if (ui.json) ui.record('failed', { ...names, code, message, retryable });
  else {
    const name = names?.recordingId ?? names?.conversationId ?? '(no id)';
    ui.out(`${ui.style('red', 'failed')}    ${name}  ${printable(message)}  [${code}]`);
  }
}
