import { type Budget, startBudget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { collapseDuplicates, shareNothing } from '../events/collapse-requests.ts';
import { type Delivery, openDelivery } from '../events/delivery.ts';
import type { BatchRecord } from '../events/sqs-batch.ts';
import { isTimely, verifyWebhookSignature } from '../events/webhook-signature.ts';
import type { Secret } from '../secret.ts';
import {
  archiveBody,
  archiveEvent,
  archiveParts,
  archiveSeveral,
  parseAndReport,
  reportingOf,
} from './archive-parts.ts';
import { ConfigCircuit } from './config-circuit.ts';
import { type BatchAnswer, endOf, handleBatch, Pace } from './handle-batch.ts';
import type { HandlerOptions } from './handler-options.ts';
import { errorAnswer, type HttpAnswer, jsonAnswer, UNAUTHENTICATED } from './http-answer.ts';
import { countFailure } from './metrics.ts';

export type { BatchAnswer } from './handle-batch.ts';

/** ms kept back of the invocation's time, to abort what is under way and report it as failed. */
export const RESERVE_MS = 5_000;

export interface InvocationContext {
  getRemainingTimeInMillis?(): number;
}

/**
 * One invocation. SQS batches, also from EventBridge Pipes: the failed records are named, the others are done. HTTP: every outcome is
 * an answer with a status. Everything else (EventBridge, SNS, records of failed invocations, other arrays, a bare event): a
 * failure is **thrown**, so that the platform retries and dead-letters; each of several events is tried before.
 */
export function createHandler(given: HandlerOptions) {
  const circuit = new ConfigCircuit(given.clock);
  const pace = new Pace();
  return async (event: unknown, context: InvocationContext = {}): Promise<HttpAnswer | BatchAnswer> => {
    const { clock } = given;
    const rest: Promise<void>[] = [];
    const options = { ...given, afterwards: (work: Promise<void>) => void rest.push(work) };
    const remaining = context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY;
    const { budget, end } = startBudget(clock, clock.now() + remaining, RESERVE_MS);
    try {
      const delivery = openDelivery(event);
      if (delivery.kind === 'http') return await handleHttp(options, delivery.request, budget);
      if (delivery.kind === 'batch') {
        const share = collapseDuplicates();
        const archive = (body: unknown, { messageId, receiveCount: attempt }: BatchRecord) =>
          archiveEvent(options, body, budget, { messageId, attempt, share });
        return await handleBatch({ ...options, circuit, pace, archive }, delivery.records, budget);
      }
      const parts = parseAndReport(options, delivery.event, { share: shareNothing });
      if (parts.length <= 1) return await archiveParts(options, parts, budget);
      return await archiveSeveral({ ...options, circuit, pace }, parts, budget);
    } finally {
      // the platform freezes the process once there is an answer
      if (rest.length > 0) await Promise.race([Promise.all(rest), endOf(budget)]);
      end();
    }
  };
}

async function handleHttp(
  options: HandlerOptions,
  request: Extract<Delivery, { readonly kind: 'http' }>['request'],
  budget: Budget,
): Promise<HttpAnswer> {
  const { config, logger, onLambda } = options;
  const { open, signatures: versions } = config.webhook;
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
  if (secrets.length > 0 && !verifyWebhookSignature({ raw, headers, secrets: revealed, versions })) {
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
    return jsonAnswer(await archiveBody(options, request, budget));
  } catch (error) {
    return errorAnswer(toArchiveError(error));
  }
}
