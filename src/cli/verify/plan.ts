import { randomBytes } from 'node:crypto';
import type { VerifyDepth } from '../../audit/verify-recording.ts';
import { ArchiveError } from '../../errors.ts';
import { requireJobSense } from '../jobs/plan-recordings.ts';
import { readSeed, type VerifyPlan } from './state.ts';
import type { VerifyOptions } from '../options/read.ts';

/** Bytes; seeds are public, they only have to differ. */
const SEED_BYTES = 8;

/** @throws `USAGE` for options that do not go together. */
export function requireSense(ids: readonly string[], options: VerifyOptions): void {
  const { all, sample, seed, resume, report, objectVersion } = options;
  requireJobSense(ids, options, { '--report': report });
  if (all === true && objectVersion !== undefined) {
    throw new ArchiveError(
      'USAGE',
      '--object-version goes with ids or keys of recordings: --all takes every version',
    );
  }
  if (ids.length > 0 === (all === true)) {
    throw new ArchiveError('USAGE', 'say what to verify', { hint: 'ids or keys of recordings, or --all' });
  }
  if (all !== true && (sample !== undefined || resume !== undefined)) {
    throw new ArchiveError('USAGE', '--sample and --resume go with --all');
  }
  if (seed !== undefined && sample === undefined)
    throw new ArchiveError('USAGE', '--seed goes with --sample');
}

/** What a run does, in the form that its state is held to when it goes on. */
export async function makePlan(
  options: VerifyOptions,
  depth: VerifyDepth,
  store: string,
  layout: string,
): Promise<VerifyPlan> {
  const { sample, seed, resume, allow = [], from = null, to = null } = options;
  const whole = sample === undefined || sample === 1;
  const chosen = seed ?? (resume === undefined ? undefined : await readSeed(resume));
  return {
    store,
    depth,
    share: whole ? null : sample,
    seed: whole ? null : (chosen ?? randomBytes(SEED_BYTES).toString('hex')),
    from,
    to,
    ...(layout === 'date' ? {} : { layout }),
    ...(allow.length === 0 ? {} : { allow: allow.toSorted().join(',') }),
  };
}

export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}
