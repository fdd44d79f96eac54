import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { objectOfReceipt, withQuarantined } from '../record/layout.ts';
import { RECEIPT_PREFIX } from '../record/object-key.ts';
import { compactDay, type CompactedDay } from './day/compact-day.ts';
import type { RunInputs } from './day/day-inputs.ts';
import { readErased } from './erasures.ts';
import { readHeld } from './holds.ts';
import { updateLookup } from './search/lookup-index.ts';
import { dayOf, DAYS_PREFIX, nextDay, parseDayFileKey, type Shard, shardsOf } from './places.ts';
import type { CataloguePorts } from './ports.ts';
import { DAYS_BACK, noteRun, type Scope } from './runs.ts';
import { currentSearchKey } from './search/keys.ts';

/** ms; tombstones and holds that were stored this long ago have been seen by a run over all days. */
const NEWS_MS = 8 * 86_400_000;

export interface UpdateOptions {
  /** By the time of the day where it is not said. */
  readonly scope?: Scope | undefined;
  /** Some days alone, `YYYY-MM-DD`, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Reads every receipt again, and writes every file. */
  readonly anew?: boolean | undefined;
  /** Epoch ms: the rows that there were then, as far as receipts say. */
  readonly asOf?: number | undefined;
  /** Of each file of a day, as it is known. */
  readonly onDay?: ((day: CompactedDay) => void) | undefined;
  /** Of a day that could not be brought up to date; the others are. */
  readonly onFailed?: ((day: string, error: ArchiveError) => void) | undefined;
}

export interface UpdateReport {
  readonly scope: Scope | 'days';
  readonly days: number;
  readonly written: number;
  readonly unchanged: number;
  readonly lost: number;
  readonly failed: number;
  readonly rows: number;
  readonly receiptsRead: number;
  readonly unreadable: number;
  /** False where the time was over before all days had been looked at. */
  readonly complete: boolean;
}

/**
 * Hourly the present day, every six hours the one before, nightly 35 days, and on Sundays all. UTC. Pure.
 *
 * @param now epoch ms.
 */
export function scopeOf(now: number): Scope {
  const at = new Date(now);
  const hour = at.getUTCHours();
  if (hour === 3 && at.getUTCDay() === 0) return 'all';
  if (hour === 2) return 'recent';
  return hour % 6 === 0 ? 'yesterday' : 'today';
}

/**
 * Brings the catalogue up to date. Harmless to run twice at once, and to end at any point.
 *
 * @throws what the stores and the key service throw before the first day; afterwards a day that fails is reported.
 */
export async function updateCatalogue(
  ports: CataloguePorts,
  options: UpdateOptions,
  budget: Budget,
): Promise<UpdateReport> {
  const startedAt = ports.clock.now();
  const run: RunInputs = { ...(await readRunInputs(ports, budget)), anew: options.anew, asOf: options.asOf };
  const named = options.from !== undefined || options.to !== undefined;
  const scope = named ? 'days' : (options.scope ?? scopeOf(startedAt));
  const shards = await listShards(ports, budget);
  const counts = {
    days: 0,
    written: 0,
    unchanged: 0,
    lost: 0,
    failed: 0,
    rows: 0,
    receiptsRead: 0,
    unreadable: 0,
  };
  const changed = new Set<string>();
  let complete = true;
  for (const day of await daysOf(ports, { ...options, scope }, { run, shards, now: startedAt }, budget)) {
    if (budget.signal.aborted || ports.clock.now() >= budget.deadline) {
      complete = false;
      break;
    }
    counts.days += 1;
    for (const shard of shards.get(day) ?? shardsOf(ports.options.shards)) {
      try {
        const done = await compactDay(ports, { day, shard }, run, budget);
        counts[done.outcome] += 1;
        counts.rows += done.rows;
        counts.receiptsRead += done.read;
        counts.unreadable += done.unreadable;
        if (done.outcome === 'written') changed.add(day);
        options.onDay?.(done);
      } catch (thrown) {
        const error = toArchiveError(thrown);
        if (isEnd(error)) {
          complete = false;
          break;
        }
        counts.failed += 1;
        ports.logger.log('error', `${day}: ${error.message}`, { code: error.code, state: 'failed' });
        options.onFailed?.(day, error);
      }
    }
    if (!complete) break;
  }
  if (complete) {
    await updateLookup(ports, { changed, everyMonth: scope === 'all', now: startedAt }, budget);
    if (counts.failed === 0 && scope !== 'days') await noteRun(ports, scope, startedAt, budget);
  }
  return { scope, ...counts, complete };
}

const isEnd = ({ code }: ArchiveError) => code === 'OUT_OF_TIME' || code === 'INTERRUPTED';

/** What a run has to know of all days. @throws what the stores and the key service throw; `HOLD_DAMAGED`, `OBJECT_MALFORMED`. */
export async function readRunInputs(ports: CataloguePorts, budget: Budget): Promise<RunInputs> {
  const [erased, held, searchKey] = await Promise.all([
    readErased(ports.archive, budget, ports.tombstones),
    readHeld(ports.archive, budget),
    ports.options.facts === 'none' ? undefined : currentSearchKey(ports, budget),
  ]);
  return { erased, held, searchKey };
}

/** The files that each day has. A day keeps their number. */
export async function listShards(
  { catalogue }: Pick<CataloguePorts, 'catalogue'>,
  budget: Budget,
): Promise<Map<string, readonly Shard[]>> {
  const found = new Map<string, readonly Shard[]>();
  for await (const { key } of catalogue.list(DAYS_PREFIX, budget)) {
    const named = parseDayFileKey(key);
    if (named !== undefined) found.set(named.day, shardsOf(named.shard.of));
  }
  return found;
}

async function daysOf(
  ports: CataloguePorts,
  { scope, from, to }: { scope: Scope | 'days'; from?: string | undefined; to?: string | undefined },
  known: { run: RunInputs; shards: ReadonlyMap<string, unknown>; now: number },
  budget: Budget,
): Promise<readonly string[]> {
  const today = dayOf(known.now);
  if (scope === 'days' && from !== undefined && to !== undefined) return daysBetween(from, to);
  if (scope === 'all' || scope === 'days') {
    const all = new Set([...known.shards.keys(), ...(await daysOfArchive(ports, budget))]);
    const days = [...all].filter((day) => day >= (from ?? day) && day <= (to ?? day));
    return days.sort().toReversed();
  }
  const days = new Set(daysBetween(nextDay(today, -DAYS_BACK[scope]), today).toReversed());
  for (const day of known.run.erased.daysSince(known.now - NEWS_MS)) days.add(day);
  for (const key of known.run.held.newsSince(known.now - NEWS_MS)) {
    const day = ports.layout.parse(key)?.date;
    if (day !== undefined) days.add(day);
  }
  return [...days];
}

function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = from; day <= to; day = nextDay(day)) days.push(day);
  return days;
}

/** Every day that has an object or a receipt. Lists the archive. */
export async function daysOfArchive(
  { archive, layout }: Pick<CataloguePorts, 'archive' | 'layout'>,
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const days = new Set<string>();
  for (const root of withQuarantined([layout.root], layout)) {
    for await (const { key } of archive.list(root, budget)) {
      const date = layout.parse(key)?.date;
      if (date !== undefined) days.add(date);
    }
  }
  for await (const { key } of archive.list(RECEIPT_PREFIX, budget)) {
    const object = objectOfReceipt(layout, key);
    const date = object === undefined ? undefined : layout.parse(object)?.date;
    if (date !== undefined) days.add(date);
  }
  return days;
}
