/** Checks a drill's report against the log: signature, sample, counts, and that a statement counts it. Restores nothing. */
import type { Budget } from '../../clock.ts';
import { canonicalJson } from '../../record/canonical-json.ts';
import { hashRange } from '../formats/merkle.ts';
import type { NoteKey } from '../formats/note.ts';
import { readFromTiles } from '../formats/tiles.ts';
import { findHead, readLastStatement, readStatementAt, type StoredStatement } from '../log/head.ts';
import { type LogPlace, tilesIn } from '../log/place.ts';
import { drawSample } from './draw-sample.ts';
import { checkReportSignature, countDrilled, type DrillReport } from './drill-report.ts';
import type { StoredReport } from './known-drills.ts';

export interface CheckedReport {
  readonly problems: readonly string[];
  /** `named`: by its hash; `counted`: among several; `not-yet`: no statement was made since. */
  readonly standing: 'named' | 'counted' | 'not-yet';
}

/**
 * @param keys of those who drill.
 * @throws `LOG_*`, `STORE_*`, `OUT_OF_TIME`.
 */
export async function checkReport(
  place: LogPlace,
  { report, sha256 }: StoredReport,
  keys: readonly NoteKey[],
  budget: Budget,
): Promise<CheckedReport> {
  const problems: string[] = [];
  const head = await findHead(place, budget);
  const verdict = checkReportSignature(report, keys);
  if (verdict === 'unknown-key') problems.push('it is not signed with a key that is known');
  if (verdict === 'invalid') problems.push('its signature is wrong');
  if (report.origin !== place.origin || report.organization !== place.organization) {
    problems.push('it is of another log');
  }
  if (canonicalJson(countDrilled(report.recordings)) !== canonicalJson(report.counts)) {
    problems.push('its counts are not those of its recordings');
  }
  const { size } = report.checkpoint;
  if (size > head.size) problems.push(`its checkpoint has ${size} entries, and the log ${head.size}`);
  else problems.push(...(await checkSample(place, report, head.size, budget)));
  const counting = await findCounting(place, report.day, head.size, budget);
  const drills = counting?.statement.drills;
  if (counting !== undefined && drills === undefined) problems.push('the statement after it counts no drill');
  const isNamed = drills?.newest === sha256;
  if (drills?.reports === 1 && !isNamed) problems.push('the statement after it names another report');
  return { problems, standing: drills === undefined ? 'not-yet' : isNamed ? 'named' : 'counted' };
}

async function checkSample(
  place: LogPlace,
  { checkpoint, sample, recordings }: DrillReport,
  readableSize: number,
  budget: Budget,
): Promise<readonly string[]> {
  const { size } = checkpoint;
  const readTile = readFromTiles(readableSize, tilesIn(place, budget));
  const root = await hashRange({ start: 0, end: size }, readTile);
  if (root.toString('base64') !== checkpoint.root) return ['its checkpoint is not one of this log'];
  const drawn = await drawSample(place, { root, size, ...sample }, readableSize, budget);
  const isSame =
    drawn.length === recordings.length &&
    drawn.every(({ index, day, sha256 }, at) => {
      const stated = recordings[at];
      return stated?.index === index && stated.day === day && stated.receipt === sha256;
    });
  return isSame ? [] : ['its sample is not the one that its checkpoint decides'];
}

/** Finds the statement that counts the drills of a day: the last one of the first seal after it. */
async function findCounting(
  place: LogPlace,
  day: string,
  size: number,
  budget: Budget,
): Promise<StoredStatement | undefined> {
  let found: StoredStatement | undefined;
  for (let each = await readLastStatement(place, size, budget); each !== undefined; ) {
    const { clock, log, previous } = each.statement;
    if (clock.local.slice(0, 10) <= day) return found;
    // of a seal, the last one comes first here
    if (found?.statement.log.from !== log.from) found = each;
    each = previous === undefined ? undefined : await readStatementAt(place, previous.index, size, budget);
  }
  return found;
}
