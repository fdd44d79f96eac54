/**
 * When to stop trying for a while. Pure: takes the time and chance as arguments; the SQS path of the Lambda function and the
 * worker of `serve` hold a {@link Circuit} each.
 */
import type { ArchiveError, ErrorCode } from './errors.ts';
import { nextDelay, type RetryPolicy } from './http/retry-timing.ts';

/**
 * Failures that are about this installation or the services it needs, not about one recording: they fail every event alike. Those
 * of them that are not retryable elsewhere are so for events: once the credentials, the bucket or the key are put right, the same
 * event succeeds.
 */
const SYSTEMIC: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'GENESYS_AUTH_REJECTED',
  'GENESYS_FORBIDDEN',
  'ORGANIZATION_MISMATCH',
  'GENESYS_THROTTLED',
  'GENESYS_UNAVAILABLE',
  'STORE_DENIED',
  'STORE_MISSING',
  'STORE_FULL',
  'STORE_THROTTLED',
  'STORE_UNAVAILABLE',
  'KMS_DENIED',
  'KMS_KEY_UNUSABLE',
  'KMS_THROTTLED',
  'KMS_UNAVAILABLE',
  'SECRET_DENIED',
  'SECRET_MISSING',
  'SECRET_INVALID',
  'SECRET_UNAVAILABLE',
  'QUEUE_DENIED',
  'QUEUE_MISSING',
  'QUEUE_UNAVAILABLE',
  'PROXY_REFUSED',
  'TLS_UNTRUSTED',
  // the disk or directory that files are restored to
  'OUTPUT_FAILED',
]);

/** Of these, those that every event meets until an operator has mended the cause: no event succeeds before. */
const STANDING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONFIG_INVALID',
  'GENESYS_AUTH_REJECTED',
  'ORGANIZATION_MISMATCH',
  'STORE_MISSING',
  'STORE_FULL',
  'SECRET_DENIED',
  'SECRET_MISSING',
  'SECRET_INVALID',
  'QUEUE_DENIED',
  'QUEUE_MISSING',
  'OUTPUT_FAILED',
]);

/** Ends at which no service may have been asked at all. */
const TELLS_NOTHING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'UNEXPECTED',
  'INTERRUPTED',
  'OUT_OF_TIME',
  'USAGE',
  'EVENT_INVALID',
  'KEY_INVALID',
]);

/**
 * What to do with the rest of a list that is worked through once, when the circuit has opened. `stop`: nothing else can succeed.
 * `wait`: it may pass by itself. `probe`: it may be about these recordings only, such as a division that the client may not see.
 */
export function planRest({
  code,
  retryable,
}: Pick<ArchiveError, 'code' | 'retryable'>): 'stop' | 'wait' | 'probe' {
  if (STANDING.has(code)) return 'stop';
  return retryable ? 'wait' : 'probe';
}

/** Reports whether the same event may succeed later, if only after an operator has mended the cause. */
export function isWorthRetrying({ code, retryable }: Pick<ArchiveError, 'code' | 'retryable'>): boolean {
  return retryable || SYSTEMIC.has(code);
}

/**
 * What the end of one piece of work tells about the services all work needs. `sound`: it got as far as the recording itself.
 * `unknown`: nothing.
 */
export type CircuitOutcome = 'sound' | 'systemic' | 'unknown';

/** @param error `undefined` when nothing failed. */
export function judgeOutcome(error: Pick<ArchiveError, 'code'> | undefined): CircuitOutcome {
  if (error === undefined) return 'sound';
  if (SYSTEMIC.has(error.code)) return 'systemic';
  return TELLS_NOTHING.has(error.code) ? 'unknown' : 'sound';
}

/**
 * Bad credentials, a denied key, a missing bucket or an outage fail every event alike. After a few in a row none is tried until a
 * pause has passed, and then one at a time, until one succeeds: each attempt costs a request to the platform and brings the event
 * closer to where events end that have failed too often.
 */
export interface Circuit {
  /** Systemic failures in a row. */
  readonly failures: number;
  /** Epoch ms before which nothing is tried; 0 when it is closed. */
  readonly openUntil: number;
}

export const CLOSED: Circuit = { failures: 0, openUntil: 0 };

/** Systemic failures in a row that open the circuit; from then on one event at a time is tried. */
export const CIRCUIT_THRESHOLD = 5;

/** ms. One probe a minute at the longest: what has been put right is noticed within that time. */
export const MAX_PAUSE_MS = 60_000;
/** ms; a service that was unavailable is not tried again sooner than this. */
export const MIN_PAUSE_MS = 1_000;

const PAUSES: RetryPolicy = {
  retries: Number.POSITIVE_INFINITY,
  baseMs: 4_000,
  capMs: MAX_PAUSE_MS,
  maxRetryAfterMs: 0,
};

export function isOpen({ failures }: Circuit): boolean {
  return failures >= CIRCUIT_THRESHOLD;
}

/** Reports whether another piece of work may begin. @param underWay how many have begun and not ended. */
export function admits(circuit: Circuit, now: number, underWay: number): boolean {
  return !isOpen(circuit) || (underWay === 0 && now >= circuit.openUntil);
}

/**
 * The circuit after one piece of work. What was under way when it opened and fails as well makes the pause no longer: it says
 * nothing that is not known.
 *
 * @param now epoch ms. @param random uniform in [0, 1).
 */
export function advanceCircuit(
  circuit: Circuit,
  outcome: CircuitOutcome,
  now: number,
  random: number,
): Circuit {
  if (outcome === 'sound') return CLOSED;
  if (outcome === 'unknown' || now < circuit.openUntil) return circuit;
  const failures = circuit.failures + 1;
  if (failures < CIRCUIT_THRESHOLD) return { failures, openUntil: 0 };
  const pause = nextDelay(PAUSES, {
    failures: failures - CIRCUIT_THRESHOLD + 1,
    now,
    random,
    deadline: Number.POSITIVE_INFINITY,
  });
  const pauseMs = pause.retry ? pause.delayMs : MAX_PAUSE_MS;
  return { failures, openUntil: now + Math.max(MIN_PAUSE_MS, pauseMs) };
}
