import { invalidEvent, isObject, parseJson, readField, readSafely } from './fields.ts';

/** Lambda's largest SQS batch. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const MAX_RECORDS = 10_000;

export interface BatchRecord {
  /** What `batchItemFailures` names. */
  readonly messageId: string;
  /** The parsed JSON of the message, or its text as it came when that is no JSON; `parseEvent` takes both. */
  readonly body: unknown;
  /** The message as it came. */
  readonly text: string;
  /** Names this delivery, for the queue. */
  readonly receiptHandle: string | undefined;
  /** ARN of the queue it came from. */
  readonly sourceArn: string | undefined;
  /** How often it has been delivered, this time included. */
  readonly receiveCount?: number | undefined;
}

/**
 * The messages of an SQS batch, so that each can succeed or fail by itself; `undefined` when the event is none. Lambda's own
 * event source mapping sends `{"Records": […]}`. EventBridge Pipes send the bare array, whose bodies an input template may have
 * parsed; both take `batchItemFailures` for an answer.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
 *
 * @throws `EVENT_INVALID` (not retryable) when a batch is larger than any that Lambda sends, or cannot be read.
 */
export function splitBatch(event: unknown): readonly BatchRecord[] | undefined {
  return readSafely(() => {
    const isArray = Array.isArray(event);
    if (!isArray && !isObject(event)) return undefined;
    const records: unknown = isArray ? event : readField(event, 'Records');
    // an empty array names no queue that an answer could be for
    if (!Array.isArray(records) || (isArray && records.length === 0)) return undefined;
    if (records.length > MAX_RECORDS) {
      const name = isArray ? 'the event' : 'Records';
      throw invalidEvent(`${name} holds ${records.length} messages, more than a batch may have`);
    }
    const messages: readonly unknown[] = Array.from(records);
    if (!messages.every((record) => isObject(record) && isSqsMessage(record))) return undefined;
    return records.map(readRecord);
  });
}

/**
 * Reports whether an object is a message as SQS sources deliver it: with its id, and a body. A pipe may have put the event in the
 * place of the body; then the queue's own names say what it is.
 */
export function isSqsMessage(record: object): boolean {
  const eventSource = readField(record, 'eventSource');
  if (eventSource !== undefined && eventSource !== 'aws:sqs') return false;
  if (typeof readField(record, 'messageId') !== 'string') return false;
  const body = readField(record, 'body');
  if (typeof body === 'string' || isObject(body) || Array.isArray(body)) return true;
  const isNamed = eventSource === 'aws:sqs' || typeof readField(record, 'receiptHandle') === 'string';
  const has = (name: string) => readField(record, name) !== undefined;
  return isNamed && ['mediaId', 'conversationId', 'detail', 'data', 'eventBody'].some(has);
}

function readRecord(record: object): BatchRecord {
  const body = readField(record, 'body') ?? record;
  return {
    messageId: String(readField(record, 'messageId')),
    body: typeof body === 'string' ? (parseJson(body) ?? body) : body,
    text: typeof body === 'string' ? body : JSON.stringify(body),
    receiptHandle: textOf(readField(record, 'receiptHandle')),
    sourceArn: textOf(readField(record, 'eventSourceARN')),
    receiveCount: receiveCountOf(readField(record, 'attributes')),
  };
}

function receiveCountOf(attributes: unknown): number | undefined {
  const count = isObject(attributes) ? Number(readField(attributes, 'ApproximateReceiveCount')) : Number.NaN;
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
