import { queueUrlOf } from '../aws-regions.ts';
import { isWorthRetrying, judgeOutcome } from '../circuit.ts';
import type { Budget, Clock } from '../clock.ts';
import { startBudget } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import type { BatchRecord } from '../events/sqs-batch.ts';
import { forEachOf } from '../for-each-of.ts';
import type { Logger } from '../log.ts';
import type { MessageQueue } from '../queue/message-queue.ts';
import { batchConcurrency } from './batch-concurrency.ts';
import type { ConfigCircuit } from './config-circuit.ts';

/** Nothing is begun with less than this left, ms: it would only be thrown away. */
export const MIN_TIME_MS = 5_000;

/** What is under way when the time is up has this long, ms, to clean up after itself before the answer is given without it. */
export const GRACE_MS = 3_000;

/** ms for one call to the queue. It comes out of the time that is kept back, so that it works when the rest is used up. */
const QUEUE_CALL_MS = 2_000;

/** Seconds; SQS's own limits. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html */
const MAX_DELAY_S = 43_200;

/** Records that the pace goes by. */
const REMEMBERED_RECORDS = 20;

/** Characters of a reason; message attributes count towards the size of the message. */
const MAX_REASON_CHARS = 500;

export { queueUrlOf } from '../aws-regions.ts';

/** What an SQS event source mapping with `ReportBatchItemFailures` expects. */
export interface BatchAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export interface BatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: { readonly queues?: ArchiveConfig['queues']; readonly rateShare?: number };
  readonly queue?: MessageQueue | undefined;
  readonly circuit: ConfigCircuit;
  /** How long records have taken in this process; batches add to it. */
  readonly pace: Pace;
  /** `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; MiB. */
  readonly memoryMb?: number | undefined;
  /** Archives what one message asks for. Throws unless all of it is done. */
  readonly archive: (body: unknown, record: BatchRecord) => Promise<unknown>;
}

/**
 * Archives the messages of a batch, each by itself. What is not named in the answer is acknowledged: it is archived, or it can
 * never be and stands, with its reason, in the dead-letter queue. The answer comes in time even when the work hangs.
 */
export async function handleBatch(
  options: BatchOptions,
  records: readonly BatchRecord[],
  budget: Budget,
): Promise<BatchAnswer> {
  const done = new Set<BatchRecord>();
  const { clock, pace, config, memoryMb } = options;
  const atOnce = batchConcurrency({
    records: records.length,
    memoryMb,
    rateShare: config.rateShare ?? 1,
    timeLeftMs: budget.deadline - clock.now(),
    usualMs: pace.usualMs,
  });
  const all = forEachOf(records, atOnce, async (record) => {
    const began = clock.now();
    const end = await handleRecord(options, record, budget, pace.usualMs ?? 0);
    if (end === 'done') done.add(record);
    if (end !== 'refused') pace.note(clock.now() - began);
  });
  await Promise.race([all, endOf(budget)]);
  return {
    batchItemFailures: records
      .filter((record) => !done.has(record))
      .map(({ messageId }) => ({ itemIdentifier: messageId })),
  };
}

/** Never throws: what has failed is logged, and delivered again by the queue. `refused`: it was not even tried. */
async function handleRecord(
  options: BatchOptions,
  record: BatchRecord,
  budget: Budget,
  usualMs: number,
): Promise<'done' | 'failed' | 'refused'> {
  const { clock, logger, circuit } = options;
  const { messageId } = record;
  if (budget.signal.aborted || budget.deadline - clock.now() < Math.max(MIN_TIME_MS, usualMs)) {
    logger.log('warn', 'no time left for this record', { code: 'OUT_OF_TIME', requestId: messageId });
    return 'refused';
  }
  const settle = circuit.admit();
  if (settle === undefined) {
    logger.log('warn', 'not tried: too many before it failed alike', {
      requestId: messageId,
      state: 'refused',
    });
    return 'refused';
  }
  try {
    await options.archive(record.body, record);
    settle(judgeOutcome(undefined));
    return 'done';
  } catch (thrown) {
    const error = toArchiveError(thrown);
    const wasOpen = circuit.isOpen;
    settle(judgeOutcome(error));
    if (!wasOpen && circuit.isOpen) {
      logger.log('warn', 'too many in a row failed alike: nothing is tried for a while', {
        code: error.code,
        state: 'refused',
      });
    }
    if (error.code === 'MEDIA_NOT_READY') await putOff(options, record, error);
    const handedOn = !isWorthRetrying(error) && (await sendToDeadLetters(options, record, error));
    return handedOn ? 'done' : 'failed';
  }
}

/** Best effort: a message that could not be put off is delivered again when its visibility timeout ends. */
async function putOff(options: BatchOptions, record: BatchRecord, { details }: ArchiveError): Promise<void> {
  const { queue, config } = options;
  const { receiptHandle, sourceArn, messageId } = record;
  const source = config.queues?.source ?? queueUrlOf(sourceArn);
  const retryAfterMs = Number(details['retryAfterMs']);
  if (queue === undefined || source === undefined || receiptHandle === undefined || !(retryAfterMs > 0))
    return;
  const delayS = Math.min(Math.ceil(retryAfterMs / 1000), MAX_DELAY_S);
  await attempt(options, messageId, 'the message could not be put off', (budget) =>
    queue.putOff(source, receiptHandle, delayS, budget),
  );
}

/** True when the message stands there: then, and only then, it may be acknowledged here. */
async function sendToDeadLetters(
  options: BatchOptions,
  { text, messageId }: BatchRecord,
  error: ArchiveError,
): Promise<boolean> {
  const { queue, config, logger } = options;
  const deadLetter = config.queues?.deadLetter;
  if (queue === undefined || deadLetter === undefined) return false;
  const attributes = { reason: reasonOf(error), code: error.code, 'source-message-id': messageId };
  const sent = await attempt(options, messageId, 'the dead letter could not be sent', (budget) =>
    queue.send(deadLetter, { body: text, attributes }, budget),
  );
  if (sent) {
    logger.log('warn', 'sent to the dead-letter queue', { requestId: messageId, code: error.code });
  }
  return sent;
}

/** `CODE: message`, in characters that a message attribute may hold. */
function reasonOf({ code, message }: ArchiveError): string {
  return `${code}: ${message}`.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON_CHARS);
}

async function attempt(
  { clock, logger }: BatchOptions,
  messageId: string,
  problem: string,
  call: (budget: Budget) => Promise<unknown>,
): Promise<boolean> {
  const { budget, end } = startBudget(clock, clock.now() + QUEUE_CALL_MS);
  try {
    await call(budget);
    return true;
  } catch (error) {
    logger.log('warn', problem, { requestId: messageId, code: toArchiveError(error).code });
    return false;
  } finally {
    end();
  }
}

/** Resolves a grace period after the budget has ended; never for one without a deadline. */
export function endOf({ signal }: Budget): Promise<void> {
  return new Promise((resolve) => {
    const wait = () => setTimeout(resolve, GRACE_MS).unref();
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
}

/** Mean of the last records, ms: recordings of the night need not be like those of the day. */
export class Pace {
  readonly #spent: number[] = [];

  get usualMs(): number | undefined {
    const { length } = this.#spent;
    return length === 0 ? undefined : this.#spent.reduce((sum, value) => sum + value, 0) / length;
  }

  note(ms: number): void {
    this.#spent.push(ms);
    if (this.#spent.length > REMEMBERED_RECORDS) this.#spent.shift();
  }
}
