import type { ArchiveError } from '../errors.ts';
import { toArchiveError } from '../errors.ts';
import { decodeText } from '../text-file.ts';
import { invalidEvent, isObject, joinPath, type Place, parseJson, readField, readSafely } from './fields.ts';
import { httpBody } from './http-body.ts';
import { isSqsMessage } from './sqs-batch.ts';

/** The outermost shape an event came in. */
export type EventSource =
  | 'eventbridge'
  | 'webhook'
  | 'bare'
  | 'http'
  | 'sqs'
  | 'sns'
  /** An array, as EventBridge Pipes deliver them. */
  | 'pipes'
  /** The record of a failed asynchronous invocation. */
  | 'destination';

/** One event without what it was delivered in. */
export interface UnwrappedEvent {
  readonly event: Place & { readonly value: object };
  /** `undefined` when it came in nothing: its own shape tells then. */
  readonly source: EventSource | undefined;
}

/** One event that is not even an object, or is wrapped too often. */
export interface RefusedEvent {
  readonly error: ArchiveError;
  readonly source: EventSource | undefined;
}

/** SQS carrying SNS carrying the record of a failed invocation carrying SNS: deeper is no delivery that exists. */
const MAX_ENVELOPES = 4;

/** Arrays within arrays; a batch of batches is the most that a pipe with an enrichment makes. */
const MAX_NESTED_ARRAYS = 3;

/** Events of one delivery: Lambda's largest batch. */
const MAX_EVENTS = 10_000;

interface Depth {
  readonly source: EventSource | undefined;
  readonly envelopesLeft: number;
  readonly arraysLeft: number;
  /** Within an array or a queue: its sender was admitted by IAM, so an object with a `body` is no unchecked HTTP request. */
  readonly isInside: boolean;
}

/**
 * Takes the events out of whatever they were delivered in: batches of SQS and SNS, arrays of EventBridge Pipes, HTTP requests, SNS
 * notifications and records of failed invocations (`requestPayload`), also in one another. Each event stands for itself.
 *
 * @returns none for an empty batch.
 * @throws `EVENT_INVALID` (not retryable) when there are more than 10,000 of them.
 */
export function unwrapEvents(event: unknown): readonly (UnwrappedEvent | RefusedEvent)[] {
  const found: (UnwrappedEvent | RefusedEvent)[] = [];
  let visited = 0;

  const visit = (place: Place, depth: Depth): void => {
    visited += 1;
    if (visited > MAX_EVENTS * (MAX_NESTED_ARRAYS + 1) || found.length >= MAX_EVENTS) {
      throw new TooManyEvents();
    }
    try {
      readSafely(() => open(place, depth));
    } catch (error) {
      if (error instanceof TooManyEvents) throw error;
      found.push({ error: toArchiveError(error), source: depth.source });
    }
  };

  const open = (place: Place, depth: Depth): void => {
    const { value } = place;
    const parsed = typeof value === 'string' ? parseJson(value) : value;
    if (Array.isArray(parsed) && parsed.length > 0) {
      openArray({ value: parsed, path: place.path }, depth);
      return;
    }
    const object = requireObject(place, parsed);
    const inside = contentsOf({ value: object, path: place.path }, depth.isInside);
    if (inside === undefined) {
      found.push({ event: { value: object, path: place.path }, source: depth.source });
      return;
    }
    for (const { source, ...content } of inside) {
      if (depth.envelopesLeft === 0) throw invalidEvent(`${content.path} is nested too deeply`);
      visit(content, {
        source: depth.source ?? source,
        envelopesLeft: depth.envelopesLeft - 1,
        arraysLeft: depth.arraysLeft,
        isInside: true,
      });
    }
  };

  const openArray = ({ value: items, path }: { value: unknown[]; path: string }, depth: Depth): void => {
    if (depth.arraysLeft === 0) throw invalidEvent(`${path} is nested too deeply`);
    const source = depth.source ?? 'pipes';
    for (let index = 0; index < items.length; index += 1) {
      const item = { value: items[index], path: `${path}[${index}]` };
      visit(item, { ...depth, source, arraysLeft: depth.arraysLeft - 1, isInside: true });
    }
  };

  try {
    visit(
      { value: event, path: '' },
      {
        source: undefined,
        envelopesLeft: MAX_ENVELOPES,
        arraysLeft: MAX_NESTED_ARRAYS,
        isInside: false,
      },
    );
  } catch (error) {
    if (error instanceof TooManyEvents) {
      throw invalidEvent(`the event holds more than ${MAX_EVENTS} events`, 'send them in several batches');
    }
    throw error;
  }
  return found;
}

/** Ends the walk through a delivery, wherever it is. */
class TooManyEvents extends Error {
  override readonly name = 'TooManyEvents';
}

interface Content extends Place {
  readonly source: EventSource;
}

/** What an envelope holds; `undefined` when the object is none. */
function contentsOf(
  { value: object, path }: Place & { value: object },
  isInside: boolean,
): readonly Content[] | undefined {
  const at = (name: string, value: unknown, source: EventSource): Content => {
    return { value, path: joinPath(path, name), source };
  };
  const records = readField(object, 'Records');
  if (records !== undefined) return contentsOfRecords(records, joinPath(path, 'Records'));
  const http = httpBody(object);
  if (http !== undefined) {
    return [at('body', decodeText(http.raw, joinPath(path, 'body'), 'EVENT_INVALID'), 'http')];
  }
  const notification = notificationOf(object);
  if (notification !== undefined) return [at(notification.name, notification.message, 'sns')];
  if (isSqsMessage(object)) {
    const body = readField(object, 'body') ?? undefined;
    return body === undefined ? undefined : [at('body', body, 'sqs')];
  }
  if (isInside && isBodyOnly(object)) return [at('body', readField(object, 'body'), 'pipes')];
  const failed = failedInvocationOf(object);
  return failed === undefined ? undefined : [at(failed.name, failed.payload, 'destination')];
}

function contentsOfRecords(records: unknown, path: string): readonly Content[] {
  const list: readonly unknown[] | undefined = Array.isArray(records) ? records : undefined;
  const known = list?.some((record) => isObject(record) && (isSqsMessage(record) || isSnsRecord(record)));
  if (list === undefined || (known === false && list.length > 0)) {
    throw invalidEvent(`${path} is not a batch of SQS messages`);
  }
  if (list.length > MAX_EVENTS) {
    throw invalidEvent(`${path} holds ${list.length} messages, more than a batch may have`);
  }
  return list.map((record, index) => {
    const place = `${path}[${index}]`;
    const notification = isObject(record) ? notificationOf(record) : undefined;
    if (notification !== undefined) {
      return { value: notification.message, path: `${place}.${notification.name}`, source: 'sns' };
    }
    const body = isObject(record) ? readField(record, 'body') : undefined;
    return { value: body, path: `${place}.body`, source: 'sqs' };
  });
}

/** A notification as SQS and HTTP carry it, or within a record of Lambda. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
function notificationOf(object: object): { readonly name: string; readonly message: unknown } | undefined {
  if (readField(object, 'Type') === 'Notification' && typeof readField(object, 'Message') === 'string') {
    return { name: 'Message', message: readField(object, 'Message') };
  }
  const notification = readField(object, 'Sns');
  return isSnsRecord(object) && isObject(notification)
    ? { name: 'Sns.Message', message: readField(notification, 'Message') }
    : undefined;
}

function isSnsRecord(record: object): boolean {
  const source = readField(record, 'EventSource') ?? 'aws:sns';
  return source === 'aws:sns' && isObject(readField(record, 'Sns'));
}

/** What an enrichment or an input template of a pipe leaves of a message: `{"body": …}`, and no event beside it. */
function isBodyOnly(object: object): boolean {
  const has = (name: string) => (readField(object, name) ?? undefined) !== undefined;
  const body = readField(object, 'body');
  if (typeof body !== 'string' && typeof body !== 'object') return false;
  return has('body') && !['mediaId', 'conversationId', 'detail', 'data', 'eventBody'].some(has);
}

/**
 * The event that a function was invoked with, in the record that Lambda sends to a destination; through EventBridge the record is
 * the `detail`. `responsePayload` is what the function said, and no event.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
function failedInvocationOf(
  object: object,
): { readonly name: string; readonly payload: unknown } | undefined {
  if (Object.hasOwn(object, 'requestPayload')) {
    return { name: 'requestPayload', payload: readField(object, 'requestPayload') };
  }
  const detail = readField(object, 'detail');
  return isObject(detail) && Object.hasOwn(detail, 'requestPayload')
    ? { name: 'detail.requestPayload', payload: readField(detail, 'requestPayload') }
    : undefined;
}

/** Text is taken for JSON; anything else that is no object cannot be an event. */
export function requireObject({ value, path }: Place, parsed: unknown): object {
  const name = path === '' ? 'the event' : path;
  if (isObject(parsed)) return parsed;
  if (value === '') throw invalidEvent(`${name} is empty`);
  if (typeof value === 'string' && parsed === undefined) throw invalidEvent(`${name} is not JSON`);
  throw invalidEvent(`${name} is not an object, so it has no mediaId`);
}
