import type { ArchiveResult } from '../archive/archive-request.ts';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import type { Archiver } from '../create-archiver.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { httpBody } from '../events/http-body.ts';
import { parseEvent } from '../events/parse-event.ts';
import { splitBatch } from '../events/sqs-batch.ts';
import { verifyWebhookSignature } from '../events/webhook-signature.ts';
import { isTimely } from '../events/webhook-timestamp.ts';
import type { Logger } from '../log.ts';
import type { MessageQueue } from '../queue/message-queue.ts';
import { collapseDuplicates } from './collapse-duplicates.ts';
import { ConfigCircuit } from './config-circuit.ts';
import { type BatchAnswer, handleBatch } from './handle-batch.ts';
import { archivedAnswer, errorAnswer, type HttpAnswer, jsonAnswer, UNAUTHENTICATED } from './http-answer.ts';

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
  };
  /** For batches: puts messages off and hands on hopeless ones. Without it both stay where they are. */
  readonly queue?: MessageQueue | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** An unsigned HTTP entry is refused there unless the configuration opens it explicitly. */
  readonly onLambda: boolean;
}

/**
 * One invocation. SQS batches: the failed records are named, the others are done. HTTP: every outcome is an answer with a
 * status. Everything else (EventBridge, a bare event): a failure is **thrown**, so that the platform retries and dead-letters.
 */
export function createHandler(options: HandlerOptions) {
  const circuit = new ConfigCircuit(options.clock);
  return async (event: unknown, context: InvocationContext = {}): Promise<HttpAnswer | BatchAnswer> => {
    const { clock } = options;
    const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { budget, end } = startBudget(clock, clock.now() + remaining, RESERVE_MS);
    try {
      const records = splitBatch(event);
      if (records !== undefined) {
        const collapsing = { ...options, archiver: collapseDuplicates(options.archiver) };
        const archive = (body: unknown) => archiveEvent(collapsing, body, budget);
        return await handleBatch({ ...options, circuit, archive }, records, budget);
      }
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
    const parsed = parseEvent(event, { idPattern: config.idPattern, api: config.genesys?.api ?? 'auto' });
    if (parsed.kind === 'ignored') {
      logger.log('info', 'event ignored', { source: parsed.source, reason: parsed.reason, state: 'ignored' });
      return archivedAnswer([], 1);
    }
    const results: ArchiveResult[] = [];
    for (const request of parsed.requests) {
      const began = clock.now();
      const some = await options.archiver.archive(request, budget);
      for (const result of some) report(logger, result, parsed.source, clock.now() - began);
      results.push(...some);
    }
    requireDone(results);
    return archivedAnswer(results, parsed.ignored);
  } catch (caught) {
    const error = toArchiveError(caught);
    logger.log('error', error.message, { code: error.code, retryable: error.retryable, state: 'failed' });
    throw error;
  }
}

/** One line per recording, whatever became of it. */
function report(logger: Logger, result: ArchiveResult, source: string, durationMs: number): void {
  const { recordingId, conversationId } = result.ids;
  const fields = { recordingId, conversationId, source, state: result.state, durationMs };
  switch (result.state) {
    case 'archived':
      return logger.log('info', 'recording processed', { ...fields, key: result.key, bytes: result.bytes });
    case 'not-ready':
      return logger.log('info', 'recording processed', {
        ...fields,
        reason: result.status,
        delayMs: result.retryAfterMs,
      });
    case 'gone':
      return logger.log('warn', 'recording processed', { ...fields, reason: result.reason });
    case 'failed':
      return logger.log('error', result.error.message, {
        ...fields,
        code: result.error.code,
        retryable: result.error.retryable,
      });
  }
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
