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
 * The messages of an SQS batch, so that each can succeed or fail by itself; `undefined` when the event is none.
 *
 * @throws `EVENT_INVALID` (not retryable) when a batch is larger than any that Lambda sends, or cannot be read.
 */
export function splitBatch(event: unknown): readonly BatchRecord[] | undefined {
  return readSafely(() => {
    if (!isObject(event)) return undefined;
    const records = readField(event, 'Records');
    if (!Array.isArray(records)) return undefined;
    if (records.length > MAX_RECORDS) {
      throw invalidEvent(`Records holds ${records.length} messages, more than a batch may have`);
    }
    const batch: BatchRecord[] = [];
    for (let index = 0; index < records.length; index += 1) {
      const record: unknown = records[index];
      if (!isObject(record)) return undefined;
      const eventSource = readField(record, 'eventSource');
      const messageId = readField(record, 'messageId');
      const body = readField(record, 'body');
      if (eventSource !== undefined && eventSource !== 'aws:sqs') return undefined;
      if (typeof messageId !== 'string' || typeof body !== 'string') return undefined;
      batch.push({
        messageId,
        body: parseJson(body) ?? body,
        text: body,
        receiptHandle: textOf(readField(record, 'receiptHandle')),
        sourceArn: textOf(readField(record, 'eventSourceARN')),
        receiveCount: receiveCountOf(readField(record, 'attributes')),
      });
    }
    return batch;
  });
}

function receiveCountOf(attributes: unknown): number | undefined {
  const count = isObject(attributes) ? Number(readField(attributes, 'ApproximateReceiveCount')) : Number.NaN;
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
