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
  type DrillOfDay,
  type DrillReport,
  MAX_REPORT_BYTES,
  parseDrillKey,
  parseReport,
} from './drill-report.ts';

export interface StoredReport {
  readonly report: DrillReport;
  readonly sha256: string;
}

/** Reads one report. `undefined` without one, and for what is none. @throws `STORE_*`, `OUT_OF_TIME`. */
export async function readReport(
  store: ObjectStore,
  { day, number }: DrillOfDay,
  budget: Budget,
): Promise<StoredReport | undefined> {
  const bytes = await readBytes(store, drillKey(day, number), MAX_REPORT_BYTES, budget);
  const report = parseReport(bytes?.toString('utf8') ?? '');
  return bytes === undefined || report?.day !== day ? undefined : { report, sha256: sha256Hex(bytes) };
}

/** Lists the drills that have a report, in order. @throws `STORE_*`, `OUT_OF_TIME`. */
export async function listDrills(store: ObjectStore, budget: Budget): Promise<readonly DrillOfDay[]> {
  const drills: DrillOfDay[] = [];
  for await (const { key } of store.list(DRILL_PREFIX, budget)) {
    const drill = parseDrillKey(key);
    if (drill !== undefined) drills.push(drill);
  }
  return drills.sort((one, other) =>
    one.day === other.day ? one.number - other.number : one.day < other.day ? -1 : 1,
  );
}

/**
 * Returns the drills that a statement counts: from the day of the statement before it, up to the day before its own. The reports of a day
 * are complete once it is over, so each is counted once.
 */
export function countedDrills(
  drills: readonly DrillOfDay[],
  { before, now }: { readonly before: string | undefined; readonly now: string },
): readonly DrillOfDay[] {
  const from = before?.slice(0, 10) ?? '';
  return drills.filter(({ day }) => day >= from && day < now.slice(0, 10));
}

/** @param previous the statement that ends the log. @returns what the next one says; `undefined` for none. */
export async function countDrills(
  { store, now }: { readonly store: ObjectStore; readonly now: () => number },
  previous: Statement | undefined,
  budget: Budget,
): Promise<Statement['drills']> {
  const listed = await listDrills(store, budget);
  const counted = countedDrills(listed, {
    before: previous?.clock.local,
    now: new Date(now()).toISOString(),
  });
  let drills: Statement['drills'];
  for (const drill of counted) {
    const stored = await readReport(store, drill, budget);
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
  const drills = await listDrills(store, budget);
  for (const drill of drills.slice(-MAX_LOOKS).toReversed()) {
    const report = (await readReport(store, drill, budget))?.report;
    if (report === undefined || checkReportSignature(report, keys) !== 'valid') continue;
    if (report.counts.unknown === 0 && report.sample.day === undefined)
      return { at: startOf(drill.day), report };
  }
  return undefined;
}
