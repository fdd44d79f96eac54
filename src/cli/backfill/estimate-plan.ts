import {
  ASSUMED_RECORDING_BYTES,
  CALLS_ALONE,
  CALLS_BY_BATCH,
  type Estimate,
  estimate,
} from '../../backfill/estimate.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import type { BackfillOfArchive } from '../../create/backfill/create-backfill.ts';
import type { ObjectStore } from '../../ports.ts';
import { createLayout } from '../../record/layout.ts';
import type { ChosenSource } from './choose-source.ts';
import type { PlannedItems } from './plan-items.ts';

/** Objects of the archive that are looked at for their size. */
const MEASURED_OBJECTS = 1_000;

export interface PlanEstimate extends Estimate {
  readonly recordings: number;
  /** `counted`: by the platform. `listed`: by the source. `assumed`: one for each conversation. */
  readonly recordingsFrom: 'counted' | 'listed' | 'assumed';
  readonly bytes: number;
  /** `measured`: the mean of the archive's own objects. */
  readonly bytesFrom: 'listed' | 'measured' | 'assumed';
  readonly callsPerMinute: number;
}

export interface EstimateTools {
  readonly config: ArchiveConfig;
  readonly backfill: BackfillOfArchive;
  readonly budget: Budget;
}

/** What a plan takes. Of a range of days the platform may count the recordings; nothing of that is ever executed. */
export async function estimatePlan(
  chosen: ChosenSource,
  { counts }: Pick<PlannedItems, 'counts'>,
  { config, backfill, budget }: EstimateTools,
): Promise<PlanEstimate> {
  const counted =
    chosen.kind === 'days' && counts.items > 0
      ? await backfill.inventory.count({ from: chosen.from, to: chosen.to + 86_400_000 }, budget)
      : undefined;
  const isCounted = counted?.state === 'known' && counted.recordings > 0;
  const recordings = isCounted
    ? counted.recordings
    : counts.recordings > 0
      ? counts.recordings
      : counts.items;
  const mean = counts.bytes > 0 ? undefined : await meanBytes(backfill.store, config, budget);
  const bytes = counts.bytes > 0 ? counts.bytes : recordings * (mean ?? ASSUMED_RECORDING_BYTES);
  const isExport = chosen.kind === 'export';
  const callsPerMinute = backfill.rate.quota();
  return {
    recordings,
    recordingsFrom: isCounted ? 'counted' : counts.recordings > 0 ? 'listed' : 'assumed',
    bytes,
    bytesFrom: counts.bytes > 0 ? 'listed' : mean === undefined ? 'assumed' : 'measured',
    callsPerMinute,
    ...estimate({
      recordings,
      bytes,
      callsPerRecording: isExport ? 0 : config.backfill.batch ? CALLS_BY_BATCH : CALLS_ALONE,
      callsPerMinute,
      usesKms: config.encryption.kmsKeyId !== undefined,
      usesS3: config.store.startsWith('s3://'),
    }),
  };
}

/** Of the first objects of the archive; `undefined` for an empty archive. */
async function meanBytes(
  store: ObjectStore,
  config: ArchiveConfig,
  budget: Budget,
): Promise<number | undefined> {
  const layout = createLayout(config.layout);
  let objects = 0;
  let bytes = 0;
  for await (const { key, size } of store.list(layout.root, budget)) {
    if (layout.parse(key) === undefined) continue;
    objects += 1;
    bytes += size;
    if (objects === MEASURED_OBJECTS) break;
  }
  return objects === 0 ? undefined : bytes / objects;
}
