import { createMissingReasons } from '../../audit/why-missing.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import type { SearchRange } from '../../audit/find-recording.ts';
import type { Layout } from '../../record/layout.ts';
import { type BatchEnd, countWork, describeRest, recordOfRest, workThrough } from '../_batch.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, namesTime } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { nothing, readArchive, requireArchive } from '../_nothing-found.ts';
import { countBytes, startProgress } from '../_progress.ts';
import { type Choice, chooseByDays, chooseByIds, type Chosen } from './choose.ts';
import { openDirectory } from './directory.ts';
import { type IntoPorts, planInto, restoreInto } from './restore-into.ts';

const DEFAULT_CONCURRENCY = 4;
/** Bytes of plaintext held in memory, and of one recording; what is longer is kept encrypted in its directory until it is verified. */
const [MAX_IN_MEMORY_BYTES, MAX_BYTES_OF_ONE] = [64 * 1024 * 1024, 16 * 1024 * 1024];
const STATE_WIDTH = 13;

export interface ManyOptions extends Pick<Choice, 'from' | 'to'> {
  readonly directory: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly unverified: boolean;
  readonly concurrency?: number | undefined;
}

/** What is restored: the recordings of these ids, or without any those of the range. */
export interface WantedRecordings {
  readonly ids: readonly string[];
  /** Finds their keys. */
  readonly find: () => Promise<ReadonlyMap<string, readonly string[]>>;
  readonly range: SearchRange & { readonly layout: Layout };
}

interface Tally {
  restored: number;
  present: number;
  bytes: number;
  readonly failures: ItemFailure[];
  readonly notes: Map<string, number>;
}

/** Restores each recording into a file of the directory, tells what became of each, and concludes with an exit code. */
export async function restoreMany(
  context: CommandContext,
  ports: IntoPorts,
  { ids, find, range, ...options }: WantedRecordings & ManyOptions,
  budget: Budget,
): Promise<number> {
  const { ui, clock } = context;
  const { dryRun, concurrency = DEFAULT_CONCURRENCY } = options;
  const tally: Tally = { restored: 0, present: 0, bytes: 0, failures: [], notes: new Map() };
  const byIds = ids.length > 0;
  const plain = ports.store;
  let untimed = 0;
  const onUntimed = () => {
    untimed += 1;
  };
  const chosen = byIds
    ? await chooseOrRefuse(ports.store, find, range, budget)
    : chooseByDays(plain, { ...options, onUntimed }, range, budget);
  const { path: directory, discardEmpty } = await openDirectory(options.directory, dryRun);
  const items = Symbol.asyncIterator in chosen ? undefined : chosen.length;
  const missing = Symbol.asyncIterator in chosen ? [] : chosen.filter(({ key }) => key === undefined);
  const missingIds = missing.map(({ asked }) => asked);
  const whyMissing = createMissingReasons(plain, missingIds, range, budget);
  const progress = startProgress(ui, dryRun ? 'restoring (dry run)' : 'restoring', { items });
  const counting = { ...ports, store: countBytes(plain, progress.addBytes) };
  const mostInMemory = Math.min(MAX_BYTES_OF_ONE, Math.floor(MAX_IN_MEMORY_BYTES / concurrency));
  const workOn = countWork<Chosen>({
    ui,
    budget,
    progress,
    failures: tally.failures,
    work: async ({ asked, key, name }) => {
      if (key === undefined) throw await whyMissing(asked);
      const placement = { key, directory, name, force: options.force, mostInMemory };
      if (dryRun) tellPlan(context, tally, key, await planInto(counting, placement, budget));
      else tellRestored(context, tally, key, await restoreInto(counting, placement, budget));
    },
    onFailure: ({ asked, key }, error) => tellFailure(context, key ?? asked, error, dryRun),
  });
  let batch: BatchEnd;
  try {
    batch = await readArchive(plain, () => workThrough(chosen, { concurrency, clock, ui, budget }, workOn));
    if (!byIds && progress.count().done === 0 && !context.signal.aborted) {
      await refuseNothing(plain, options, range, budget);
    }
  } finally {
    progress.end();
    await discardEmpty();
  }
  if (untimed > 0) {
    ui.warn(`${count(untimed, 'recording')} without a receipt, whose time is not known: chosen by the day`);
  }
  const { done, elapsedMs } = progress.count();
  tellSummary(context, tally, batch, { directory, dryRun, done, elapsedMs });
  return concludeItems(done, tally.failures, context.signal, (code) => code === batch.stoppedBy?.code);
}

/** @throws `NOTHING_FOUND` where none of the ids is found, and nothing else is either: the place is wrong. */
async function chooseOrRefuse(
  store: ObjectStore,
  find: WantedRecordings['find'],
  range: WantedRecordings['range'],
  budget: Budget,
): Promise<readonly Chosen[]> {
  const chosen = await readArchive(store, () => chooseByIds(find, range.layout));
  if (chosen.every(({ key }) => key === undefined)) {
    await requireArchive(store, range, ['present', 'other-days'], budget);
  }
  return chosen;
}

/** @throws `NOTHING_FOUND`: that nothing is of these days, or of these times within them. */
async function refuseNothing(
  store: ObjectStore,
  { from, to }: Pick<Choice, 'from' | 'to'>,
  range: WantedRecordings['range'],
  budget: Budget,
): Promise<void> {
  const isExact = namesTime(from) || namesTime(to);
  await requireArchive(store, range, isExact ? ['present'] : [], budget);
  throw nothing(
    `no recordings between these times in ${store.location}`,
    'widen --from and --to: `genesys-archive list --json` shows when each was recorded',
  );
}

function tellRestored(
  { ui }: CommandContext,
  tally: Tally,
  key: string,
  { state, file, bytes, sha256, receipt, notes }: Awaited<ReturnType<typeof restoreInto>>,
): void {
  tally[state] += 1;
  if (state === 'restored') tally.bytes += bytes;
  if (ui.json) ui.record('restored', { key, state, file, bytes, sha256, receipt, notes });
  else {
    ui.out(
      `${(state === 'present' ? 'there already' : state).padEnd(STATE_WIDTH)}  ${printable(file)}  ${bytes}  ${sha256}`,
    );
  }
  // what was waived is said of each
  if (receipt === 'unverified') for (const note of notes) ui.warn(`${key}: ${note}`);
  else for (const note of notes) tally.notes.set(note, (tally.notes.get(note) ?? 0) + 1);
}

function tellPlan(
  { ui }: CommandContext,
  tally: Tally,
  key: string,
  { state, file, objectBytes, notes }: Awaited<ReturnType<typeof planInto>>,
): void {
  tally[state === 'present' ? 'present' : 'restored'] += 1;
  if (ui.json) ui.record('plan', { key, file, state, objectBytes });
  else {
    const words = {
      missing: 'would restore',
      present: 'there already',
      exists: 'would compare',
    };
    ui.out(`${words[state]}  ${printable(key)} (${formatBytes(objectBytes)})  to  ${printable(file)}`);
  }
  for (const note of notes) tally.notes.set(note, (tally.notes.get(note) ?? 0) + 1);
}

function tellFailure(
  { ui }: CommandContext,
  what: string,
  { code, message, retryable }: ArchiveError,
  dryRun: boolean,
): void {
  if (ui.json) ui.record('recording', { key: what, state: 'failed', dryRun, code, message, retryable });
  else {
    const state = ui.style('red', 'failed'.padEnd(STATE_WIDTH));
    ui.out(`${state}  ${printable(what)}  ${printable(message)}  [${code}]`);
  }
}

function tellSummary(
  { ui }: CommandContext,
  { restored, present, bytes, failures, notes }: Tally,
  batch: BatchEnd,
  {
    directory,
    dryRun,
    done,
    elapsedMs,
  }: { directory: string; dryRun: boolean; done: number; elapsedMs: number },
): void {
  if (ui.json) {
    const counts = { recordings: done, restored: dryRun ? 0 : restored, present, failed: failures.length };
    const rest = { ...recordOfRest(batch), dryRun, bytes, durationMs: Math.round(elapsedMs) };
    ui.record('summary', { ...counts, ...rest });
  } else {
    const parts = [
      dryRun ? `${restored} would be restored` : `${restored} restored`,
      ...(present > 0 ? [`${present} there already`] : []),
      `${failures.length} failed${describeRest(batch)}`,
    ];
    const end = dryRun
      ? 'dry run: nothing was decrypted or written'
      : `${formatBytes(bytes)} written to ${printable(directory)}`;
    ui.say(`${count(done, 'recording')}: ${parts.join(', ')}; ${end}`);
  }
  for (const [note, times] of notes) ui.say(`${count(times, 'recording')}: ${printable(note)}`);
}
