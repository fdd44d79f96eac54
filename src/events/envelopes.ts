import { isNestedTooDeeply } from '../json.ts';
import type { ArchiveError } from '../errors.ts';
import { toArchiveError } from '../errors.ts';
import { decodeText } from '../text-file.ts';
import {
  invalidEvent,
  isObject,
  joinPath,
  type LocatedValue,
  parseJson,
  readField,
  readSafely,
} from './fields.ts';
import { type HttpBody, httpBody } from './http-body.ts';
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
  readonly event: LocatedValue & { readonly value: object };
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

/** Events and what they are wrapped in. */
const MAX_VISITS = MAX_EVENTS * 4;

interface Depth {
  readonly source: EventSource | undefined;
  readonly envelopesLeft: number;
  readonly arraysLeft: number;
  /** Within an array or a queue: its sender was admitted by IAM, so an object with a `body` is no unchecked HTTP request. */
  readonly isInside: boolean;
}

/**
 * Takes the events out of their deliveries: batches of SQS and SNS, arrays of EventBridge Pipes, HTTP requests, SNS
 * notifications and records of failed invocations (`requestPayload`), also in one another. Each event stands for itself.
 *
 * @returns none for an empty batch.
 * @throws `EVENT_INVALID` (not retryable) when there are more than 10,000 of them.
 */
export function unwrapEvents(event: unknown): readonly (UnwrappedEvent | RefusedEvent)[] {
  return unwrap({ value: event, path: '' }, OUTERMOST);
}

/** As {@link unwrapEvents}, of the body of a request that has been read. */
export function unwrapBody({ raw }: HttpBody): readonly (UnwrappedEvent | RefusedEvent)[] {
  let value: string;
  try {
    value = decodeText(raw, 'body', 'EVENT_INVALID');
  } catch (error) {
    return [{ error: toArchiveError(error), source: undefined }];
  }
  const depth: Depth = { ...OUTERMOST, source: 'http', envelopesLeft: MAX_ENVELOPES - 1, isInside: true };
  return unwrap({ value, path: 'body' }, depth);
}

const OUTERMOST: Depth = {
  source: undefined,
  envelopesLeft: MAX_ENVELOPES,
  arraysLeft: MAX_NESTED_ARRAYS,
  isInside: false,
};

function unwrap(outermost: LocatedValue, depth: Depth): readonly (UnwrappedEvent | RefusedEvent)[] {
  const found: (UnwrappedEvent | RefusedEvent)[] = [];
  let visited = 0;
  const visit = (place: LocatedValue, depth: Depth): void => {
    visited += 1;
    if (visited > MAX_VISITS || found.length >= MAX_EVENTS) {
      throw invalidEvent(`the event holds more than ${MAX_EVENTS} events`, 'send them in several batches');
    }
    let opened: Opened;
    try {
      opened = readSafely(() => open(place, depth));
    } catch (error) {
      found.push({ error: toArchiveError(error), source: depth.source });
      return;
    }
    if ('event' in opened) found.push(opened);
    else for (const { place: inner, depth: below } of opened.inside) visit(inner, below);
  };
  visit(outermost, depth);
  return found;
}

/** An event, or the places in which there may be some. */
type Opened =
  | UnwrappedEvent
  | { readonly inside: readonly { readonly place: LocatedValue; readonly depth: Depth }[] };

/** @throws `EVENT_INVALID` (not retryable), and what foreign objects throw. */
function open({ value, path }: LocatedValue, depth: Depth): Opened {
  const parsed = parseText(value);
  if (Array.isArray(parsed) && parsed.length > 0) {
    if (depth.arraysLeft === 0) throw invalidEvent(`${path} is nested too deeply`);
    const source = depth.source ?? 'pipes';
    const below = { ...depth, source, arraysLeft: depth.arraysLeft - 1, isInside: true };
    // as many as are looked at, and one more to see that there are too many
    const items = Array.from(
      { length: Math.min(parsed.length, MAX_EVENTS + 1) },
      (_, index): LocatedValue => {
        return { value: parsed[index] as unknown, path: `${path}[${index}]` };
      },
    );
    return { inside: items.map((place) => ({ place, depth: below })) };
  }
  const object = requireObject({ value, path }, parsed);
  const contents = contentsOf({ value: object, path }, depth.isInside);
  if (contents === undefined) return { event: { value: object, path }, source: depth.source };
  const [first] = contents;
  if (depth.envelopesLeft === 0 && first !== undefined)
    throw invalidEvent(`${first.path} is nested too deeply`);
  const envelopesLeft = depth.envelopesLeft - 1;
  return {
    inside: contents.map(({ source, ...place }) => ({
      place,
      depth: { ...depth, source: depth.source ?? source, envelopesLeft, isInside: true },
    })),
  };
}

/** Templates that quote a message make a text of JSON of it, so that it is one twice. */
function parseText(value: unknown): unknown {
  const once = typeof value === 'string' ? parseJson(value) : value;
  return typeof once === 'string' && typeof value === 'string' ? (parseJson(once) ?? once) : once;
}

interface Content extends LocatedValue {
  readonly source: EventSource;
}

/** What an envelope holds; `undefined` when the object is none. */
function contentsOf(
  { value: object, path }: LocatedValue & { value: object },
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
  if (list !== undefined && list.length > MAX_EVENTS) {
    throw invalidEvent(`${path} holds ${list.length} messages, more than a batch may have`);
  }
  const known = list?.some((record) => isObject(record) && (isSqsMessage(record) || isSnsRecord(record)));
  if (list === undefined || (known === false && list.length > 0)) {
    throw invalidEvent(`${path} is not a batch of SQS messages`);
  }
  // not `map`, which leaves out the gaps of a sparse array
  return Array.from(list, (record, index): Content => {
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
export function requireObject({ value, path }: LocatedValue, parsed: unknown): object {
  const name = path === '' ? 'the event' : path;
  if (isObject(parsed)) return parsed;
  if (value === '') throw invalidEvent(`${name} is empty`);
  if (typeof value === 'string' && parsed === undefined) {
    throw invalidEvent(`${name} is ${isNestedTooDeeply(value) ? 'nested too deeply' : 'not JSON'}`);
  }
  throw invalidEvent(`${name} is not an object, so it has no mediaId`);
}
