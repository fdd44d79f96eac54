/** Draws a sample of recordings from the log with nothing but a checkpoint: docs/proof.md, "Restore drills". */
import { createHash } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { listStatements, monthPrefixes } from '../day/history.ts';
import type { EntryKind } from '../formats/entry.ts';
import { readStatementAt } from '../log/head.ts';
import { type LogPlace, type LoggedEntry, readEntries } from '../log/place.ts';

/** Recordings that one draw of a day adds: a log holds hashes, and finding a receipt by its hash takes reading its day. */
const PER_DAY = 5;
/** Draws of a day in a row that add nothing: the log has no more to give. */
const MAX_FRUITLESS = 200;

/** A terminal receipt says that there is nothing to restore. */
const RESTORABLE: ReadonlySet<EntryKind> = new Set(['archived', 'adopted', 'completed']);

export interface SampleRequest {
  /** Of the checkpoint. */
  readonly root: Buffer;
  readonly size: number;
  readonly count: number;
  /** Draws from this day alone. */
  readonly day?: string | undefined;
}

export type DrawnEntry = LoggedEntry;

/**
 * Draws the sample. Who signs a checkpoint cannot choose its root, and who has the log draws the same sample.
 *
 * @param readableSize of the log that `place` holds now, which may have grown.
 * @returns in the order of the log; fewer than `count` where there are no more.
 * @throws `LOG_MALFORMED`, `STORE_*`, `OUT_OF_TIME`.
 */
export async function drawSample(
  place: LogPlace,
  request: SampleRequest,
  readableSize: number,
  budget: Budget,
): Promise<readonly DrawnEntry[]> {
  const { root, size, count, day } = request;
  const log: ReadableLog = { place, size, readableSize, budget };
  const quotas = new Map<string, { population: number; quota: number }>();
  let [drawn, fruitless] = [0, 0];
  for (let draw = 0; drawn < count && fruitless < MAX_FRUITLESS; draw += 1) {
    const chosen = day ?? (await dayAt(log, drawNumber(root, `day ${draw}`, size)));
    if (chosen === undefined) return [];
    const known = quotas.get(chosen) ?? { population: await countRestorable(log, chosen), quota: 0 };
    const wanted = Math.min(day === undefined ? PER_DAY : count, count - drawn);
    const added = Math.min(wanted, known.population - known.quota);
    quotas.set(chosen, { ...known, quota: known.quota + added });
    drawn += added;
    fruitless = added === 0 ? fruitless + 1 : 0;
    if (day !== undefined) break;
  }
  const sample: DrawnEntry[] = [];
  for (const [chosen, { population, quota }] of quotas) {
    const places = new Set(drawPlaces(root, chosen, population, quota));
    let at = 0;
    for await (const entry of restorableOf(log, chosen)) {
      if (places.has(at)) sample.push(entry);
      at += 1;
    }
  }
  return sample.sort((one, other) => one.index - other.index);
}

/** Returns a number below `below` that a root and a name decide: the first 64 bits of a hash, as a share of it. */
export function drawNumber(root: Buffer, name: string, below: number): number {
  const hash = createHash('sha256')
    .update('genesys-media-archive/drill/v1\n')
    .update(root)
    .update(name)
    .digest();
  return Number((hash.readBigUInt64BE(0) * BigInt(below)) >> 64n);
}

/** The first `quota` places of a shuffle (Fisher–Yates) of which only what was exchanged is kept. */
function drawPlaces(root: Buffer, day: string, population: number, quota: number): readonly number[] {
  const exchanged = new Map<number, number>();
  return Array.from({ length: quota }, (_, at) => {
    const other = at + drawNumber(root, `${day} ${at}`, population - at);
    const chosen = exchanged.get(other) ?? other;
    exchanged.set(other, exchanged.get(at) ?? at);
    return chosen;
  });
}

interface ReadableLog {
  readonly place: LogPlace;
  readonly size: number;
  readonly readableSize: number;
  readonly budget: Budget;
}

/** The day of the first recording at an entry or behind it; behind the last comes the first. */
async function dayAt(
  { place, size, readableSize, budget }: ReadableLog,
  index: number,
): Promise<string | undefined> {
  for (const range of [
    { start: index, end: size },
    { start: 0, end: index },
  ]) {
    for await (const { kind, day } of readEntries(place, range, readableSize, budget)) {
      if (RESTORABLE.has(kind)) return day;
    }
  }
  return undefined;
}

async function countRestorable(log: ReadableLog, day: string): Promise<number> {
  let count = 0;
  for await (const _ of restorableOf(log, day)) count += 1;
  return count;
}

/** The entries of a day's recordings, in the order of the log: its statements say in which seals they are. */
async function* restorableOf(
  { place, size, readableSize, budget }: ReadableLog,
  day: string,
): AsyncGenerator<DrawnEntry, void, undefined> {
  const places = await listStatements(place, monthPrefixes(place, [day]), size, budget);
  for (const index of places.get(day) ?? []) {
    const { statement } = await readStatementAt(place, index, readableSize, budget);
    const { from: start, to: end } = statement.log;
    for await (const entry of readEntries(place, { start, end }, readableSize, budget)) {
      if (entry.day === day && RESTORABLE.has(entry.kind)) yield entry;
    }
  }
}
