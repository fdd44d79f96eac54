import type { ArchiveResult } from '../archive/archive-request.ts';
import type { ArchiveError } from '../errors.ts';
import type { LogFields, Logger } from '../log.ts';
import type { ArchiveRequest } from '../ports.ts';
import { present } from '../present.ts';
import { countFailure, countResult, type Metrics } from './metrics.ts';

export interface Reporting {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What is known of a piece of work before its outcome. */
export interface ReportedWork {
  /** Shape of the event, e.g. `eventbridge`. */
  readonly source: string;
  /** Which delivery of the message this is, from 1, where its queue says so. */
  readonly attempt: number | undefined;
  /** Of the queue. */
  readonly messageId: string | undefined;
  /** ms */
  readonly durationMs: number;
}

/** One line for a recording, at the end of the work on it, and one count. */
export function reportResult(
  { logger, metrics }: Reporting,
  result: ArchiveResult,
  work: ReportedWork,
): void {
  countResult(metrics, result, work.durationMs);
  const { recordingId, conversationId } = result.ids;
  const fields = { ...fieldsOf(work), recordingId, conversationId, state: result.state };
  switch (result.state) {
    case 'archived': {
      const { key, bytes, stored } = result;
      return logger.log('info', 'recording processed', {
        ...fields,
        key,
        bytes,
        state: stored ? 'archived' : 'found',
      });
    }
    case 'not-ready':
      return logger.log('info', 'recording processed', {
        ...fields,
        code: 'MEDIA_NOT_READY',
        reason: result.status,
        delayMs: result.retryAfterMs,
      });
    case 'gone':
      return result.settled
        ? logger.log('info', 'recording processed', { ...fields, reason: result.reason })
        : logger.log('error', 'recording is not available', {
            ...fields,
            code: 'MEDIA_NOT_FOUND',
            reason: result.reason,
          });
    case 'failed':
      return logFailure(logger, result.error, fields);
  }
}

/** The same for a request that failed as a whole; it names no recording where it asks for all of a conversation. */
export function reportFailure(
  { logger, metrics }: Reporting,
  error: ArchiveError,
  request: ArchiveRequest | undefined,
  work: ReportedWork,
): void {
  metrics.add('duration', work.durationMs);
  countFailure(metrics, error);
  logFailure(logger, error, { ...fieldsOf(work), ...idsOf(request), state: 'failed' });
}

function logFailure(logger: Logger, error: ArchiveError, fields: LogFields): void {
  logger.log('error', error.message, { ...fields, code: error.code, retryable: error.retryable });
}

function fieldsOf({ source, attempt, messageId, durationMs }: ReportedWork): LogFields {
  return {
    source,
    durationMs,
    attempt: attempt ?? 1,
    ...present({ requestId: messageId }),
  };
}

function idsOf(request: ArchiveRequest | undefined): LogFields {
  if (request === undefined) return {};
  if (request.dialect === 'media') {
    return { recordingId: request.mediaId, conversationId: request.interactionId };
  }
  const { recordingId, conversationId } = request;
  return recordingId === undefined ? { conversationId } : { recordingId, conversationId };
}
