import type { ArchiveResult } from '../archive/archive-request.ts';
import type { METRICS } from '../config/metric-names.ts';
import type { ArchiveError, ErrorCode } from '../errors.ts';

/** By their names in `config/metric-names.ts`, where the dashboard and the alarms find them too. */
export type Metric = keyof typeof METRICS;

export interface Metrics {
  add(metric: Metric, value: number): void;
}

export const noMetrics: Metrics = { add: () => {} };

const REFUSED: ReadonlySet<ErrorCode> = new Set([
  'GENESYS_AUTH_REJECTED',
  'GENESYS_FORBIDDEN',
  'STORE_DENIED',
  'KMS_DENIED',
  'SECRET_DENIED',
]);
const UNVERIFIED: ReadonlySet<ErrorCode> = new Set([
  'STORE_MISMATCH',
  'KEY_COLLISION',
  'OBJECT_UNPROVEN',
  'RECEIPT_MISMATCH',
]);
const THROTTLED: ReadonlySet<ErrorCode> = new Set(['GENESYS_THROTTLED', 'STORE_THROTTLED', 'KMS_THROTTLED']);

/** What one failed attempt counts as, besides being one. */
export function countFailure(metrics: Metrics, error: ArchiveError): void {
  const { code } = error;
  metrics.add('failed', 1);
  countRefusal(metrics, error);
  if (UNVERIFIED.has(code)) metrics.add('verifyFailures', 1);
  if (THROTTLED.has(code)) metrics.add('throttled', 1);
}

/** Counts credentials or permissions that were refused. */
export function countRefusal(metrics: Metrics, { code }: ArchiveError): void {
  if (REFUSED.has(code)) metrics.add('authFailures', 1);
}

/** What one recording counts as at the end of the work on it. */
export function countResult(metrics: Metrics, result: ArchiveResult, durationMs: number): void {
  metrics.add('duration', durationMs);
  switch (result.state) {
    case 'archived':
      metrics.add(result.stored ? 'archived' : 'found', 1);
      if (result.stored) metrics.add('bytes', result.bytes);
      return;
    case 'not-ready':
      return metrics.add('notReady', 1);
    case 'gone':
      return metrics.add(result.settled ? 'gone' : 'failed', 1);
    case 'failed':
      return countFailure(metrics, result.error);
  }
}
