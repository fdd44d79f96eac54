/** Checks that a newer checkpoint continues an older one: no store, no network. Pure. */
import { checkConsistency } from '../formats/merkle-proofs.ts';
import { parseConsistency } from '../formats/consistency.ts';
import { type LogPlace, openCheckpoint, type SignedCheckpoint } from '../log/place.ts';

export type CheckedConsistency =
  | { readonly state: 'valid'; readonly from: number; readonly newest: SignedCheckpoint }
  | { readonly state: 'unknown-key' | 'invalid'; readonly problem: string };

/** @param kept the older checkpoint, as it was kept. */
export function checkConsistencyFile(
  text: string,
  kept: string,
  log: Pick<LogPlace, 'origin' | 'trusted'>,
): CheckedConsistency {
  const proof = parseConsistency(text);
  if (proof === undefined) return { state: 'invalid', problem: 'not a consistency proof' };
  const older = openSigned(kept, log, 'the older checkpoint');
  const newer = openSigned(proof.checkpoint, log, 'the newer checkpoint');
  if ('state' in older) return older;
  if ('state' in newer) return newer;
  if (proof.from !== older.size) return { state: 'invalid', problem: 'the proof is from another checkpoint' };
  const { from, path } = proof;
  const isContinued = checkConsistency({
    from,
    fromRoot: older.root,
    size: newer.size,
    root: newer.root,
    path,
  });
  return isContinued
    ? { state: 'valid', from, newest: newer }
    : { state: 'invalid', problem: 'the log does not begin with the older checkpoint' };
}

function openSigned(
  text: string,
  log: Pick<LogPlace, 'origin' | 'trusted'>,
  what: string,
): SignedCheckpoint | Exclude<CheckedConsistency, { readonly state: 'valid' }> {
  const { verdict, checkpoint } = openCheckpoint(log, text);
  if (verdict === 'unknown-key') return { state: verdict, problem: `${what} is not signed with this key` };
  if (verdict === 'valid' && checkpoint !== undefined) return checkpoint;
  const why = verdict === 'malformed' ? 'is none of this log' : 'is signed wrongly';
  return { state: 'invalid', problem: `${what} ${why}` };
}
