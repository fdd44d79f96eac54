import type { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { present } from '../present.ts';

/**
 * The file of one event: one line of JSON, in `queue/` and in `failed/`. Several of them one after the other are JSON lines with
 * `event` and `reason`, as `redrive` takes them.
 */
export interface SpooledEvent {
  readonly schemaVersion: 1;
  /** Epoch ms. */
  readonly receivedAt: number;
  /** Failed attempts so far. */
  readonly attempts: number;
  /** Epoch ms before which it is not tried again. */
  readonly notBefore: number;
  /** Of the last attempt that failed. */
  readonly reason?: string;
  readonly code?: string;
  /** Epoch ms; only in `failed/`. */
  readonly failedAt?: number;
  /** As it was received, parsed. Last, because it is the longest. */
  readonly event: unknown;
}

export interface Reschedule {
  /** Epoch ms. */
  readonly notBefore: number;
  readonly attempts: number;
  /** What the last attempt failed with; `undefined` when the recording was merely not ready. */
  readonly error: ArchiveError | undefined;
}

/** The event as it waits for its next attempt. */
export function rescheduled(spooled: SpooledEvent, { notBefore, attempts, error }: Reschedule): SpooledEvent {
  const { event, ...state } = spooled;
  const last = present({ reason: error?.message, code: error?.code });
  return { ...state, attempts, notBefore, ...last, event };
}

/** The event as it stands in `failed/`. */
export function givenUp(spooled: SpooledEvent, error: ArchiveError, now: number): SpooledEvent {
  const { event, ...state } = spooled;
  return { ...state, notBefore: 0, reason: error.message, code: error.code, failedAt: now, event };
}

/** A file of `queue/` that this program did not write; `text` is all it holds. */
export function foreignEvent(text: string, receivedAt: number): SpooledEvent {
  return { schemaVersion: 1, receivedAt, attempts: 0, notBefore: 0, event: text };
}

const NAME = /^(\d{13})-([0-9a-f]{64})\.json$/;

/** `<epoch ms of receipt>-<SHA-256 of the request's body>.json`: sorted by name they are sorted by age. */
export function spoolName(receivedAt: number, bodyHash: string): string {
  return `${String(Math.max(0, Math.trunc(receivedAt))).padStart(13, '0')}-${bodyHash}.json`;
}

export function parseSpoolName(
  name: string,
): { readonly receivedAt: number; readonly bodyHash: string } | undefined {
  const [, time, bodyHash] = NAME.exec(name) ?? [];
  return bodyHash === undefined ? undefined : { receivedAt: Number(time), bodyHash };
}

export function formatSpooledEvent(spooled: SpooledEvent): string {
  return `${JSON.stringify(spooled)}\n`;
}

/**
 * `undefined` when the text is none. What was moved back from `failed/` by hand begins anew: an operator has mended what made
 * it fail.
 */
export function parseSpooledEvent(text: string): SpooledEvent | undefined {
  const value = parseForeignJson(text) as Partial<SpooledEvent> | null | undefined;
  if (typeof value !== 'object' || value === null || !('event' in value)) return undefined;
  const { event, receivedAt, attempts, notBefore, reason, code, failedAt } = value;
  if (![receivedAt, attempts, notBefore].every((number) => Number.isSafeInteger(number))) return undefined;
  const isAnew = failedAt !== undefined;
  return {
    schemaVersion: 1,
    receivedAt: isAnew ? failedAt : (receivedAt ?? 0),
    attempts: isAnew ? 0 : (attempts ?? 0),
    notBefore: isAnew ? 0 : (notBefore ?? 0),
    ...(typeof reason === 'string' && !isAnew ? { reason } : {}),
    ...(typeof code === 'string' && !isAnew ? { code } : {}),
    event,
  };
}
