import type { ArchiveResult } from '../../archive/archive-request.ts';
import { nameResult } from '../../archive/name-result.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { createArchiver, openConfiguredStore } from '../../create/archiver.ts';
import { judgeOutcome } from '../../circuit.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { collapseRequests } from '../../events/collapse-requests.ts';
import { parseEach } from '../../events/parse-event.ts';
import type { ArchiveRequest, ObjectStore, RecordingIds } from '../../ports.ts';
import { readAgainSettings, requireReason, runAgain } from '../archive/again.ts';
import { namesOf, plan } from '../archive/plan.ts';
import { type BatchEnd, describeRest, isEndOfBudget, recordOfRest, workThrough } from '../_batch.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { readEvents } from '../archive/read-events.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import type { Ui } from '../_ui.ts';
import type { ArchiveOptions } from '../options/archive.ts';

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
  const tally: Tally = { archived: 0, found: 0, gone: 0, failures: [] };
  for (const error of work.refused) reportFailure(ui, tally, undefined, error);
  const { budget, end } = openBudget(context, options.timeout);
  let batch: BatchEnd;
  try {
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    const archive = options.dryRun === true ? planAll : archiveAll;
    batch = await archive(context, config, { requests: work.requests, tally, concurrency, budget });
  } finally {
    end();
  }
  if (work.ignored.length > 0 && work.requests.length === 0 && tally.failures.length === 0) {
    ui.say('nothing to archive: the event is of another kind');
  }
  const { archived, found, gone, failures } = tally;
  // a time that was up when everything had been done has ended nothing
  const isCut = batch.interrupted > 0 || batch.notTried !== 0;
  const signal = isCut ? budget.signal : context.signal;
  const total = archived + found + gone + failures.length;
  return concludeItems(total, failures, signal, (code) => code === batch.stoppedBy?.code);
}

interface Tally {
  /** Stored by this run, and found because another has stored them. */
  archived: number;
  found: number;
  /** Will never be available; a receipt says so. */
  gone: number;
  readonly failures: ItemFailure[];
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
  const config = await readAgainSettings(context);
  const { requests, ignored, refused } = readWork(events, config);
  for (const what of ignored) reportIgnored(context.ui, what);
  const [unusable] = refused;
  if (unusable !== undefined) throw unusable;
  const wanted = typeof named === 'string' ? named : undefined;
  return runAgain(context, config, { named: wanted, interaction, requests, reason, timeout });
}

interface ArchivingRun {
  readonly requests: readonly ArchiveRequest[];
  readonly tally: Tally;
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

interface ReadEvents {
  readonly requests: readonly ArchiveRequest[];
  /** Reasons. */
  readonly ignored: readonly string[];
  readonly refused: readonly ArchiveError[];
}

/** Every event of a batch or array is judged by itself: one that is malformed does not hold up the others. */
function readWork(events: readonly unknown[], { idPattern, genesys }: ArchiveConfig): ReadEvents {
  const requests: ArchiveRequest[] = [];
  const ignored: string[] = [];
  const refused: ArchiveError[] = [];
  for (const event of events) {
    try {
      for (const part of parseEach(event, { idPattern, api: genesys.api })) {
        if (part.kind === 'requests') requests.push(...part.requests);
        else if (part.kind === 'ignored') ignored.push(part.reason);
        else refused.push(part.error);
      }
    } catch (error) {
      refused.push(toArchiveError(error));
    }
  }
  return { requests: collapseRequests(requests), ignored, refused };
}

async function archiveAll(
  context: CommandContext,
  config: ArchiveConfig,
  job: ArchivingRun,
): Promise<BatchEnd> {
  const { ui, clock, logger } = context;
  const { budget, concurrency, tally } = job;
  const progress = startProgress(ui, 'archiving', { items: job.requests.length });
  const wrapStore = (store: ObjectStore) => countBytes(store, progress.addBytes);
  const archiver = await createArchiver(config, { clock, logger, wrapStore });
  let batch: BatchEnd;
  try {
    batch = await workThrough(job.requests, { concurrency, clock, ui, budget }, async (request) => {
      let failure: ArchiveError | undefined;
      try {
        const results = await archiver.archive(request, budget);
        for (const result of results) {
          const error = failureOf(result);
          if (error === undefined) reportDone(ui, tally, result);
          else if (budget.signal.aborted && isEndOfBudget(error)) failure = error;
          else {
            reportFailure(ui, tally, namesIn(result), error);
            if (failure === undefined || judgeOutcome(error) === 'systemic') failure = error;
          }
        }
      } catch (thrown) {
        failure = toArchiveError(thrown);
        if (!budget.signal.aborted || !isEndOfBudget(failure)) {
          reportFailure(ui, tally, namesOf(request), failure);
        }
      }
      if (failure === undefined) progress.itemDone();
      else progress.itemFailed();
      await ui.drained();
      return failure;
    });
  } finally {
    progress.end();
    archiver.close();
  }
  const { bytes, elapsedMs } = progress.count();
  const { archived, found, gone, failures } = tally;
  if (ui.json) {
    const counts = { archived, found, gone, failed: failures.length };
    ui.record('summary', { ...counts, ...recordOfRest(batch), durationMs: Math.round(elapsedMs) });
  } else if (job.requests.length > 1) {
    const parts = [
      `${count(archived, 'recording')} archived`,
      ...(found > 0 ? [`${found} found archived already`] : []),
      ...(gone > 0 ? [`${gone} permanently gone`] : []),
      `${failures.length} failed${describeRest(batch)}`,
    ];
    ui.say(`${parts.join(', ')}; ${formatBytes(bytes)} written`);
  }
  return batch;
}

/** "Not ready" and "gone" are values to the archive and errors to this command: its caller must not forget the recording. */
function failureOf(result: ArchiveResult): ArchiveError | undefined {
  const { state } = result;
  if (state === 'failed') return result.error;
  if (state === 'not-ready') {
    return new ArchiveError(
      'MEDIA_NOT_READY',
      `${nameResult(result)} is not complete yet (${result.status})`,
    );
  }
  if (state === 'archived' || result.settled) return undefined;
  const { reason, hint } = result;
  const message = `${nameResult(result)} is not available: ${reason}`;
  return new ArchiveError('MEDIA_NOT_FOUND', hint === undefined ? message : `${message} (${hint})`);
}

/** While it is not known which recordings there will be, only the conversation has a name. */
function namesIn({ ids }: ArchiveResult): Partial<RecordingIds> {
  const { recordingId, conversationId } = ids;
  return recordingId === '' ? { conversationId } : ids;
}

function reportDone(ui: Ui, tally: Tally, result: ArchiveResult): void {
  const { ids, state } = result;
  if (state === 'gone') {
    // that it will never be available is in the archive too, as a receipt
    const { reason } = result;
    tally.gone += 1;
    if (ui.json) ui.record('recording', { state, ...ids, reason });
    else {
      const name = printable(ids.recordingId);
      ui.out(`${ui.style('dim', 'gone    ')}  ${name}  ${printable(reason)}, as its receipt says`);
    }
  } else if (state === 'archived') {
    const { key, receiptKey, bytes, stored, resumes, restarts } = result;
    if (stored) tally.archived += 1;
    else tally.found += 1;
    if (ui.json) ui.record('recording', { state, ...ids, key, receiptKey, bytes, stored, resumes, restarts });
    else {
      const what = stored ? ui.style('green', 'archived') : 'found   ';
      ui.out(`${what}  ${printable(ids.recordingId)}  ${printable(key)}  ${formatBytes(bytes)}`);
    }
  }
}

/** Asks only the store: a look-up at the platform would cost rate budget, and its answer may be another one by then. */
async function planAll(context: CommandContext, config: ArchiveConfig, job: ArchivingRun): Promise<BatchEnd> {
  const { ui, clock, logger } = context;
  const { budget, concurrency, tally } = job;
  const store = await openConfiguredStore(config, { clock, logger });
  const { layout } = searchIn(config);
  const batch = await workThrough(job.requests, { concurrency, clock, ui, budget }, async (request) => {
    try {
      const { key, exists } = await plan(store, layout, request, budget);
      const { recordingId, conversationId } = namesOf(request);
      const name = printable(recordingId ?? `conversation ${conversationId}`);
      if (exists) tally.found += 1;
      else tally.archived += 1;
      const state = exists ? 'archived' : 'missing';
      if (ui.json) ui.record('plan', { state, recordingId, conversationId, key: key ?? null });
      else {
        const where = key === undefined ? 'under the day that Genesys Cloud states for it' : printable(key);
        ui.out(exists ? `archived already  ${name}  ${where}` : `would archive     ${name}  ${where}`);
      }
      await ui.drained();
      return undefined;
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (!budget.signal.aborted || !isEndOfBudget(error)) reportFailure(ui, tally, namesOf(request), error);
      return error;
    }
  });
  const { archived, found, failures } = tally;
  ui.say(
    `dry run: would archive ${archived}, ${found} archived already, ${failures.length} failed${describeRest(batch)}; nothing was written, and Genesys Cloud was not asked`,
  );
  return batch;
}

function reportIgnored(ui: Ui, reason: string): void {
  if (ui.json) ui.record('ignored', { reason });
  else ui.say(`ignored: ${printable(reason)}`);
}

function reportFailure(
  ui: Ui,
  tally: Tally,
  names: Partial<RecordingIds> | undefined,
  thrown: unknown,
): void {
  const error = toArchiveError(thrown);
  tally.failures.push({ error });
  const { code, message, retryable } = error;
  if (ui.json) ui.record('failed', { ...names, code, message, retryable });
  else {
    const name = names?.recordingId ?? names?.conversationId ?? '(no id)';
    ui.out(`${ui.style('red', 'failed')}    ${printable(name)}  ${printable(message)}  [${code}]`);
  }
}
