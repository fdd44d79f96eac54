import type { ArchiveResult } from '../archive/archive-request.ts';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import type { Archiver } from '../create-archiver.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { httpBody } from '../events/http-body.ts';
import { type ParsedEvent, parseEvent } from '../events/parse-event.ts';
import { type BatchRecord, splitBatch } from '../events/sqs-batch.ts';
import { verifyWebhookSignature } from '../events/webhook-signature.ts';
import { isTimely } from '../events/webhook-timestamp.ts';
import type { Logger } from '../log.ts';
import type { ArchiveRequest, RecordingIds } from '../ports.ts';
import type { MessageQueue } from '../queue/message-queue.ts';
import type { Secret } from '../secret.ts';
import { collapseDuplicates, type Share, shareNothing } from './collapse-duplicates.ts';
import { ConfigCircuit } from './config-circuit.ts';
import { type BatchAnswer, handleBatch, Pace } from './handle-batch.ts';
import { archivedAnswer, errorAnswer, type HttpAnswer, jsonAnswer, UNAUTHENTICATED } from './http-answer.ts';
import { countFailure, type Metrics, noMetrics } from './metrics.ts';
import { reportFailure, type Reporting, reportResult } from './report-work.ts';

export type { BatchAnswer } from './handle-batch.ts';

/** ms kept back of the invocation's time, to abort what is under way and report it as failed. */
export const RESERVE_MS = 5_000;

export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

export interface HandlerOptions {
  readonly archiver: Pick<Archiver, 'archive'>;
  readonly config: Pick<ArchiveConfig, 'webhook' | 'idPattern'> & {
    readonly genesys?: Pick<ArchiveConfig['genesys'], 'api'>;
    readonly queues?: ArchiveConfig['queues'];
    readonly rateShare?: number;
  };
  /** The active secrets of the HTTP entry, as they are now; default those of the configuration. */
  readonly webhookSecrets?: (budget: Budget) => Promise<readonly Secret[]>;
  /** For batches: puts messages off and hands on hopeless ones. Without it both stay where they are. */
  readonly queue?: MessageQueue | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Memory of the function, MiB, where it is known. */
  readonly memoryMb?: number | undefined;
  /** An unsigned HTTP entry is refused there unless the configuration opens it explicitly. */
  readonly onLambda: boolean;
}

/**
 * One invocation. SQS batches: the failed records are named, the others are done. HTTP: every outcome is an answer with a
 * status. Everything else (EventBridge, a bare event): a failure is **thrown**, so that the platform retries and dead-letters.
 */
export function createHandler(options: HandlerOptions) {
  const circuit = new ConfigCircuit(options.clock);
  const pace = new Pace();
  return async (event: unknown, context: InvocationContext = {}): Promise<HttpAnswer | BatchAnswer> => {
    const { clock } = options;
    const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { budget, end } = startBudget(clock, clock.now() + remaining, RESERVE_MS);
    try {
      const records = splitBatch(event);
      if (records !== undefined) {
        const share = collapseDuplicates();
        const archive = (body: unknown, { messageId, receiveCount: attempt }: BatchRecord) =>
          archiveEvent(options, body, budget, { messageId, attempt, share });
        return await handleBatch({ ...options, circuit, pace, archive }, records, budget);
      }
      const http = readHttp(event);
      if (http !== undefined) return await handleHttp(options, event, http, budget);
      return await archiveEvent(options, event, budget);
    } finally {
      end();
    }
  };
}

/** One delivery of an event. */
interface Delivery {
  /** From 1, where the queue counts. */
  readonly attempt?: number | undefined;
  readonly messageId?: string;
  readonly share: Share;
}

/** Archives what one event names. Throws unless all of it is archived or rightly ignored. Reports each recording once. */
async function archiveEvent(
  options: HandlerOptions,
  event: unknown,
  budget: Budget,
  delivery: Delivery = { share: shareNothing },
): Promise<HttpAnswer> {
  const { logger } = options;
  const parsed = parseAndReport(options, event, delivery);
  if (parsed.kind === 'ignored') {
    const { source, reason } = parsed;
    logger.log('debug', 'event ignored', { source, reason, state: 'ignored' });
    return archivedAnswer([], 1);
  }
  const results: ArchiveResult[] = [];
  for (const request of parsed.requests) {
    const work = () => archiveAndReport(options, request, parsed.source, budget, delivery);
    try {
      results.push(...(await delivery.share(request, work)));
    } catch (error) {
      if (parsed.requests.length === 1 || budget.signal.aborted) throw error;
      // one that fails keeps none of the others back; it is thrown when they are done
      results.push({ state: 'failed', ids: idsOf(request), error: toArchiveError(error) });
    }
  }
  requireDone(results);
  return archivedAnswer(results, parsed.ignored);
}

function idsOf(request: ArchiveRequest): RecordingIds {
  return request.dialect === 'media'
    ? { recordingId: request.mediaId, conversationId: request.interactionId }
    : { recordingId: request.recordingId ?? '', conversationId: request.conversationId };
}

function parseAndReport(
  options: HandlerOptions,
  event: unknown,
  { attempt, messageId }: Delivery,
): ParsedEvent {
  const { idPattern, genesys } = options.config;
  try {
    return parseEvent(event, { idPattern, api: genesys?.api ?? 'auto' });
  } catch (caught) {
    const error = toArchiveError(caught);
    const work = { source: 'unknown', attempt, messageId, durationMs: 0 };
    reportFailure(reportingOf(options), error, undefined, work);
    throw error;
  }
}

async function archiveAndReport(
  options: HandlerOptions,
  request: ArchiveRequest,
  source: string,
  budget: Budget,
  { attempt, messageId }: Delivery,
): Promise<readonly ArchiveResult[]> {
  const { archiver, clock } = options;
  const began = clock.now();
  const work = () => ({ source, attempt, messageId, durationMs: clock.now() - began });
  try {
    const results = await archiver.archive(request, budget, { isFirst: attempt === 1 });
    for (const result of results) reportResult(reportingOf(options), result, work());
    return results;
  } catch (caught) {
    const error = toArchiveError(caught);
    reportFailure(reportingOf(options), error, request, work());
    throw error;
  }
}

function reportingOf({ logger, metrics = noMetrics }: HandlerOptions): Reporting {
  return { logger, metrics };
}

/**
 * "Not ready" and "gone" are no errors to the archive, but to whoever must not forget the recording they are. What is worth
 * another delivery comes first: the rest is still there when that has been done.
 */
function requireDone(results: readonly ArchiveResult[]): void {
  const failures = results.flatMap((result) => (result.state === 'failed' ? [result.error] : []));
  const passing = failures.find(({ retryable }) => retryable);
  if (passing !== undefined) throw passing;
  const waiting = results.filter((result) => result.state === 'not-ready');
  const [first] = waiting;
  if (first !== undefined) {
    throw new ArchiveError('MEDIA_NOT_READY', `${nameOf(first)} is not complete yet (${first.status})`, {
      details: { retryAfterMs: Math.max(...waiting.map(({ retryAfterMs }) => retryAfterMs)) },
    });
  }
  if (failures[0] !== undefined) throw failures[0];
  for (const result of results) {
    if (result.state !== 'gone' || result.settled) continue;
    const { hint } = result;
    const message = `${nameOf(result)} cannot be had: ${result.reason}`;
    throw new ArchiveError('MEDIA_NOT_FOUND', message, hint === undefined ? {} : { hint });
  }
}

function nameOf({ ids: { recordingId, conversationId } }: ArchiveResult): string {
  return recordingId === ''
    ? `what was recorded of conversation ${conversationId}`
    : `recording ${recordingId}`;
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
  const { open } = config.webhook;
  let secrets: readonly Secret[];
  try {
    secrets = (await options.webhookSecrets?.(budget)) ?? config.webhook.secrets;
  } catch (caught) {
    const error = toArchiveError(caught);
    logger.log('error', error.message, { code: error.code, state: 'refused' });
    countFailure(reportingOf(options).metrics, error);
    return errorAnswer(new ArchiveError(error.code, 'the secret of the HTTP entry cannot be read'));
  }
  if (secrets.length === 0 && onLambda && !open) {
    const message =
      'the HTTP entry is closed: set ARCHIVE_WEBHOOK_SECRET or ARCHIVE_WEBHOOK_SECRET_ARN, or ARCHIVE_WEBHOOK_OPEN=1';
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
  if (!isTimely(headers, options.clock.now())) {
    logger.log('warn', 'webhook too old or too new', { code: 'WEBHOOK_UNAUTHENTICATED', state: 'refused' });
    return UNAUTHENTICATED;
  }
  try {
    return jsonAnswer(await archiveEvent(options, event, budget));
  } catch (error) {
    return errorAnswer(toArchiveError(error));
  }
}
