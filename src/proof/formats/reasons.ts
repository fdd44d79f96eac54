/** Why a recording that the platform names is not held, and the other way round: closed lists. docs/proof.md, "Statements". */

export const EXCLUDED_REASONS = [
  'deleted-at-source',
  'division',
  'erased',
  'errored-at-source',
  'expired-at-source',
  'no-media',
  'not-visible',
  'other-day',
  'sensitive',
] as const;

/** A rule of retention let the object go: in the form of all rules of the archive, which every reader of statements knows. */
export const EXPIRED = 'policy:retention' satisfies ExcludedReason;

export const PENDING_REASONS = ['in-queue', 'quarantined', 'restoring', 'uploading'] as const;

export const MISSING_REASONS = ['lost', 'never-announced'] as const;

export const UNEXPECTED_REASONS = [
  'deleted-by-archive',
  'gone-at-source',
  'other-day',
  'outside-visibility',
] as const;

export type ExcludedReason = (typeof EXCLUDED_REASONS)[number] | `policy:${string}`;
export type PendingReason = (typeof PENDING_REASONS)[number];
export type MissingReason = (typeof MISSING_REASONS)[number] | `failed:${string}`;
export type UnexpectedReason = (typeof UNEXPECTED_REASONS)[number];

const ofPolicy = /^policy:[a-z][a-z0-9-]{0,63}$/;
const ofFailure = /^failed:[A-Z][A-Z0-9_]{0,63}$/;

const among = (reasons: readonly string[]) => (reason: string) => reasons.includes(reason);

/** For each state, whether a text is one of its reasons. */
export const IS_REASON = {
  excluded: (reason: string) => among(EXCLUDED_REASONS)(reason) || ofPolicy.test(reason),
  pending: among(PENDING_REASONS),
  missing: (reason: string) => among(MISSING_REASONS)(reason) || ofFailure.test(reason),
  unexpected: among(UNEXPECTED_REASONS),
} as const;

export type DifferenceState = keyof typeof IS_REASON;
