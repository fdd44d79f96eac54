import { type ArchiveError, toArchiveError } from '../errors.ts';
import { type HttpBody, httpBody } from './http-body.ts';
import { type BatchRecord, splitBatch } from './sqs-batch.ts';

/** What an event source hands over, by how it wants to be answered. */
export type Delivery =
  /** Messages of a queue, each of which succeeds or fails by itself. */
  | { readonly kind: 'batch'; readonly records: readonly BatchRecord[] }
  /** A request: every outcome is an answer to it. */
  | { readonly kind: 'http'; readonly request: HttpBody | UnreadableRequest }
  /** Anything else: the source learns of a failure only by an exception. */
  | { readonly kind: 'direct'; readonly event: unknown };

/** A request that cannot be read. */
export interface UnreadableRequest {
  /** `EVENT_INVALID`. */
  readonly refused: ArchiveError;
}

/**
 * Tells deliveries apart, and decodes what they carry once.
 *
 * @throws `EVENT_INVALID` (not retryable) for a batch that is larger than any that Lambda sends, or cannot be read.
 */
export function openDelivery(event: unknown): Delivery {
  const records = splitBatch(event);
  if (records !== undefined) return { kind: 'batch', records };
  try {
    const request = httpBody(event);
    return request === undefined ? { kind: 'direct', event } : { kind: 'http', request };
  } catch (error) {
    return { kind: 'http', request: { refused: toArchiveError(error) } };
  }
}
