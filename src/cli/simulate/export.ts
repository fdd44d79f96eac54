import { exportDirectory } from '../../../packages/simulator/src/export-bucket/export-directory.ts';
import {
  type ExportTarget,
  writeExport,
} from '../../../packages/simulator/src/export-bucket/write-export.ts';
import type { Simulator } from '../../../packages/simulator/src/simulator.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { count, formatBytes } from '../_format.ts';
import type { SimulateOptions } from '../options/simulate.ts';

export const EXPORT_BUCKET = 'simulated-export';

/** @throws `USAGE` when there is no S3 endpoint for the bucket. */
export function checkExportFlags({ s3, exportBucket, exportFaults, export: dir }: SimulateOptions): void {
  if (exportBucket === true && s3 === undefined) {
    throw new ArchiveError('USAGE', '--export-bucket needs the S3 endpoint', { hint: 'add --s3 DIR' });
  }
  if (exportFaults !== undefined && exportBucket !== true && dir === undefined) {
    throw new ArchiveError('USAGE', '--export-faults needs an export', {
      hint: 'add --export DIR or --export-bucket',
    });
  }
}

/** Writes the recordings of the first organization as the platform's bulk export does, where the flags ask for it. */
export async function writeExports(
  { ui }: CommandContext,
  simulator: Simulator,
  flags: SimulateOptions,
): Promise<void> {
  const { exportFaults = 0 } = flags;
  const faults = { missingSidecars: exportFaults, truncated: exportFaults, pgp: exportFaults };
  for (const { place, target } of targetsOf(simulator, flags)) {
    try {
      const { recordings, bytes, ...wrong } = await writeExport(simulator.world, target, faults);
      const spoilt = Object.values(wrong).reduce((sum, ids) => sum + ids.length, 0);
      if (ui.json) ui.record('export', { place, recordings, bytes, ...wrong });
      const withFaults = spoilt === 0 ? '' : `, ${spoilt} of them with a fault`;
      ui.say(`exported ${count(recordings, 'recording')} (${formatBytes(bytes)}) to ${place}${withFaults}`);
    } catch (error) {
      throw new ArchiveError('OUTPUT_FAILED', `the export to ${place} failed: ${describeForeign(error)}`);
    }
  }
}

function targetsOf(
  { s3 }: Simulator,
  { export: dir, exportBucket }: SimulateOptions,
): readonly { readonly place: string; readonly target: ExportTarget }[] {
  return [
    ...(dir === undefined ? [] : [{ place: dir, target: exportDirectory(dir) }]),
    ...(exportBucket === true && s3 !== undefined
      ? [
          {
            place: `s3://${EXPORT_BUCKET}`,
            target: {
              put: (key: string, contentType: string, bytes: Buffer) =>
                s3.place(EXPORT_BUCKET, { key, contentType, bytes }),
            },
          },
        ]
      : []),
  ];
}
