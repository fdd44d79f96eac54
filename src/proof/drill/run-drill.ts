/** A restore drill: a sample that the newest checkpoint decides is restored, and a signed report says what became of it. */
import { abortReason, type Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { putSmall } from '../../record/small-object.ts';
import { dayOf } from '../../recording/time.ts';
import type { ReceiptSigner } from '../../record/receipt/receipt.ts';
import { noteKey } from '../formats/note.ts';
import { findHead } from '../log/head.ts';
import type { LogPlace } from '../log/place.ts';
import {
  countDrilled,
  DRILL_SCHEMA,
  type DrilledRecording,
  drillKey,
  drillKeyName,
  type DrillReport,
  drillText,
  formatReport,
  MAX_DRILLS_A_DAY,
  type UnsignedReport,
} from './drill-report.ts';
import { drawSample } from './draw-sample.ts';
import { type RestoringPorts, restoreSample } from './restore-sample.ts';
import { present } from '../../present.ts';

export interface DrillPorts extends RestoringPorts {
  readonly place: LogPlace;
  readonly signer: Pick<ReceiptSigner, 'publicKey' | 'sign'>;
  readonly now: () => number;
  readonly version: string;
}

export interface DrillOptions {
  /** 1 to 1,000. */
  readonly count: number;
  readonly day?: string | undefined;
  readonly onRecording?: (recording: DrilledRecording, key: string | undefined) => void;
}

export interface FinishedDrill {
  readonly report: DrillReport;
  readonly key: string;
  /** `exists`: as many reports of that day are there as are kept, and this one is not. */
  readonly outcome: 'stored' | 'exists';
}

/** @throws `LOG_MISSING`, `LOG_KEY_UNKNOWN`, `LOG_MALFORMED`, `NOT_SEALED`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`; findings are in the report. */
export async function runDrill(
  ports: DrillPorts,
  options: DrillOptions,
  budget: Budget,
): Promise<FinishedDrill> {
  const { place, signer, now } = ports;
  const { count, day } = options;
  const head = await findHead(place, budget);
  if (head.note === undefined) {
    throw new ArchiveError(
      'LOG_MISSING',
      `the log ${place.origin} has no checkpoint in ${place.store.location}`,
    );
  }
  const began = now();
  const { root, size } = head;
  const sample = await drawSample(place, { root, size, count, day }, size, budget);
  if (sample.length === 0 && day !== undefined) {
    throw new ArchiveError('NOT_SEALED', `the log holds no recording of ${day}`, {
      hint: 'choose a day with recordings: `genesys-archive verify-proof --day` prints what a day has',
    });
  }
  const recordings = await restoreSample(ports, sample, options.onRecording ?? (() => {}), budget);
  // what was cut short says nothing, and must not stand in the place of a drill that does
  if (budget.signal.aborted) throw abortReason(budget.signal);
  const unsigned: UnsignedReport = {
    schema: DRILL_SCHEMA,
    organization: place.organization,
    origin: place.origin,
    day: dayOf(began),
    tool: { name: 'genesys-media-archive', version: ports.version },
    checkpoint: { size, root: root.toString('base64') },
    sample: { count, ...present({ day }) },
    store: ports.store.location,
    began: new Date(began).toISOString(),
    ended: new Date(now()).toISOString(),
    counts: countDrilled(recordings),
    recordings: [...recordings],
  };
  const { id } = noteKey(drillKeyName(place.origin), signer.publicKey);
  const value = Buffer.from(await signer.sign(Buffer.from(drillText(unsigned)), budget)).toString('base64');
  const report: DrillReport = { ...unsigned, signature: { id, value } };
  return { report, ...(await keepReport(ports.store, report, budget)) };
}

/** A drill is kept beside the earlier ones of its day: one that found something must not be hidden by one that did not. */
async function keepReport(
  store: ObjectStore,
  report: DrillReport,
  budget: Budget,
): Promise<Pick<FinishedDrill, 'key' | 'outcome'>> {
  const body = formatReport(report);
  for (let number = 1; ; number += 1) {
    const key = drillKey(report.day, number);
    const outcome = await putSmall(store, key, body, budget);
    if (outcome === 'stored' || number === MAX_DRILLS_A_DAY) return { key, outcome };
  }
}
