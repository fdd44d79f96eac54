/** The reports that are there: which the next statement counts, and whether a drill is due. */
import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';
import { startOf } from '../day/calendar.ts';
import { sha256Hex } from '../formats/entry.ts';
import type { NoteKey } from '../formats/note.ts';
import type { Statement } from '../formats/statement.ts';
import { readBytes } from '../log/place.ts';
import {
  checkReportSignature,
  DRILL_PREFIX,
  drillKey,
  type DrillReport,
  MAX_REPORT_BYTES,
  parseDrillKey,
  parseReport,
} from './drill-report.ts';

export interface StoredReport {
  readonly report: DrillReport;
  readonly sha256: string;
}

/** Reads the report of a day. `undefined` without one, and for what is none. @throws `STORE_*`, `OUT_OF_TIME`. */
export async function readReport(
  store: ObjectStore,
  day: string,
  budget: Budget,
): Promise<StoredReport | undefined> {
  const bytes = await readBytes(store, drillKey(day), MAX_REPORT_BYTES, budget);
  const report = parseReport(bytes?.toString('utf8') ?? '');
  return bytes === undefined || report?.day !== day ? undefined : { report, sha256: sha256Hex(bytes) };
}

/** In order. */
export async function listDrillDays(store: ObjectStore, budget: Budget): Promise<readonly string[]> {
  const days: string[] = [];
  for await (const { key } of store.list(DRILL_PREFIX, budget)) {
    const day = parseDrillKey(key);
    if (day !== undefined) days.push(day);
  }
  return days.sort();
}

/**
 * Returns the days whose drills a statement counts: from the day of the statement before it, up to the day before its own. A report is
 * complete once its day is over, so each is counted once.
 */
export function countedDays(
  days: readonly string[],
  { before, now }: { readonly before: string | undefined; readonly now: string },
): readonly string[] {
  const from = before?.slice(0, 10) ?? '';
  return days.filter((day) => day >= from && day < now.slice(0, 10));
}

/** @param previous the statement that ends the log. @returns what the next one says; `undefined` for none. */
export async function countDrills(
  { store, now }: { readonly store: ObjectStore; readonly now: () => number },
  previous: Statement | undefined,
  budget: Budget,
): Promise<Statement['drills']> {
  const listed = await listDrillDays(store, budget);
  const days = countedDays(listed, { before: previous?.clock.local, now: new Date(now()).toISOString() });
  let drills: Statement['drills'];
  for (const day of days) {
    const stored = await readReport(store, day, budget);
    if (stored === undefined) continue;
    const { counts } = stored.report;
    drills = {
      reports: (drills?.reports ?? 0) + 1,
      recordings: (drills?.recordings ?? 0) + counts.drawn,
      failed: (drills?.failed ?? 0) + counts.failed,
      newest: stored.sha256,
    };
  }
  return drills;
}

/** Reports that are looked at for one that counts. */
const MAX_LOOKS = 30;

/**
 * Finds the last drill of the whole log that came to its end.
 *
 * @param keys of those who drill: a report that none of them signed is passed over.
 * @returns epoch ms of its day; `undefined` without one.
 */
export async function findLastDrill(
  store: ObjectStore,
  keys: readonly NoteKey[],
  budget: Budget,
): Promise<{ readonly at: number; readonly report: DrillReport } | undefined> {
  const days = await listDrillDays(store, budget);
  for (const day of days.slice(-MAX_LOOKS).toReversed()) {
    const report = (await readReport(store, day, budget))?.report;
    if (report === undefined || checkReportSignature(report, keys) !== 'valid') continue;
    if (report.counts.unknown === 0 && report.sample.day === undefined) return { at: startOf(day), report };
  }
  return undefined;
}
