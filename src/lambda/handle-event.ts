import type { ArchiveResult } from '../archive/archive-recording.ts';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config.ts';
import type { Archiver } from '../create-archiver.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { httpBody } from '../events/http-body.ts';
import { parseEvent } from '../events/parse-event.ts';
import { type BatchRecord, splitBatch } from '../events/sqs-batch.ts';
import { verifyWebhookSignature } from '../events/webhook-signature.ts';
import type { Logger } from '../log.ts';
import { archivedAnswer, errorAnswer, type HttpAnswer, jsonAnswer, UNAUTHENTICATED } from './http-answer.ts';

/** ms kept back of the invocation's time, to abort what is under way and report it as failed. */
export const RESERVE_MS = 5_000;

/** Nothing is begun with less than this left, ms: it would only be thrown away. */
const LEAST_TIME_MS = 5_000;

/** Records of one batch that are worked on at a time; each may hold a few parts of 8 MiB. */
const BATCH_CONCURRENCY = 4;

export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

export interface HandlerOptions {
  readonly archiver: Pick<Archiver, 'archive'>;
  readonly config: Pick<ArchiveConfig, 'webhook' | 'idPattern'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** An unsigned HTTP entry is refused there unless the configuration opens it explicitly. */
  readonly onLambda: boolean;
}

/** What an SQS event source mapping with `ReportBatchItemFailures` expects. */
export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * One invocation. SQS batches: the failed records are named, the others are done. HTTP: every outcome is an answer with a
 * status. Everything else (EventBridge, a bare event): a failure is **thrown**, so that the platform retries and dead-letters.
 */
export function createHandler(options: HandlerOptions) {
  return async (event: unknown, context: InvocationContext = {}): Promise<HttpAnswer | BatchAnswer> => {
    const { clock } = options;
    const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { budget, end } = startBudget(clock, clock.now() + remaining, RESERVE_MS);
    try {
      const records = splitBatch(event);
      if (records !== undefined) return await handleBatch(options, records, budget);
      const http = readHttp(event);
      if (http !== undefined) return await handleHttp(options, event, http, budget);
      return await archiveEvent(options, event, budget);
    } finally {
      end();
    }
  };
}

/** Archives what one event names. Throws unless all of it is archived or rightly ignored. */
async function archiveEvent(options: HandlerOptions, event: unknown, budget: Budget): Promise<HttpAnswer> {
  const { logger, clock, config } = options;
  try {
    const parsed = parseEvent(event, { idPattern: config.idPattern });
    if (parsed.kind === 'ignored') {
      logger.log('info', 'event ignored', { source: parsed.source, reason: parsed.reason, state: 'ignored' });
      return archivedAnswer([], 1);
    }
    const results: ArchiveResult[] = [];
    for (const request of parsed.requests) {
      const began = clock.now();
      const result = await options.archiver.archive(request, budget);
      logger.log(result.state === 'archived' ? 'info' : 'warn', 'recording processed', {
        ...(request.dialect === 'media'
          ? { recordingId: request.mediaId, conversationId: request.interactionId }
          : { conversationId: request.conversationId }),
        source: parsed.source,
        state: result.state,
        durationMs: clock.now() - began,
        ...(result.state === 'archived' ? { key: result.key, bytes: result.bytes } : {}),
      });
      results.push(requireArchived(result));
    }
    return archivedAnswer(results, parsed.ignored);
  } catch (caught) {
    const error = toArchiveError(caught);
    logger.log('error', error.message, { code: error.code, retryable: error.retryable, state: 'failed' });
    throw error;
  }
}

/** "Not ready" and "gone" are no errors to the archive, but to whoever must not forget the recording they are. */
function requireArchived(result: ArchiveResult): ArchiveResult {
  const { recordingId } = result.ids;
  switch (result.state) {
    case 'archived':
      return result;
    case 'not-ready':
      throw new ArchiveError(
        'MEDIA_NOT_READY',
        `recording ${recordingId} is not complete yet (${result.status})`,
      );
    case 'gone':
      throw new ArchiveError('MEDIA_NOT_FOUND', `recording ${recordingId} cannot be had: ${result.reason}`);
  }
}

async function handleBatch(
  options: HandlerOptions,
  records: readonly BatchRecord[],
  budget: Budget,
): Promise<BatchAnswer> {
  const failed = new Set<string>();
  const queue = records.values();
  const work = async () => {
    for (const { messageId, body } of queue) {
      if (budget.deadline - options.clock.now() < LEAST_TIME_MS) {
        options.logger.log('warn', 'no time left for this record', {
          code: 'OUT_OF_TIME',
          requestId: messageId,
        });
        failed.add(messageId);
        continue;
      }
      try {
        await archiveEvent(options, body, budget);
      } catch {
        failed.add(messageId); // logged above; the queue delivers it again, and in the end to its dead-letter queue
      }
    }
  };
  await Promise.all(Array.from({ length: BATCH_CONCURRENCY }, work));
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

type HttpRequest = NonNullable<ReturnType<typeof httpBody>> | { readonly refused: ArchiveError };

/** A request that cannot be read is still a request: it is answered, not thrown. */
function readHttp(event: unknown): HttpRequest | undefined {
  try {
    return httpBody(event);
  } catch (error) {
    return { refused: toArchiveError(error) };
  }
}

async function handleHttp(
  options: HandlerOptions,
  event: unknown,
  request: HttpRequest,
  budget: Budget,
): Promise<HttpAnswer> {
  const { config, logger, onLambda } = options;
  const { secrets, open } = config.webhook;
  if (secrets.length === 0 && onLambda && !open) {
    const message = 'the HTTP entry is closed: set ARCHIVE_WEBHOOK_SECRET, or ARCHIVE_WEBHOOK_OPEN=1';
    logger.log('error', message, { code: 'CONFIG_INVALID', state: 'refused' });
    return errorAnswer(new ArchiveError('CONFIG_INVALID', 'the HTTP entry is not configured'));
  }
  if ('refused' in request) {
    return secrets.length > 0 ? UNAUTHENTICATED : errorAnswer(request.refused);
  }
  const { raw, headers } = request;
  const revealed = secrets.map((secret) => secret.reveal());
  if (secrets.length > 0 && !verifyWebhookSignature({ raw, headers, secrets: revealed })) {
    logger.log('warn', 'webhook signature missing or wrong', {
      code: 'WEBHOOK_UNAUTHENTICATED',
      state: 'refused',
    });
    return UNAUTHENTICATED;
  }
  try {
    return jsonAnswer(await archiveEvent(options, event, budget));
  } catch (error) {
    return errorAnswer(toArchiveError(error));
  }
}
