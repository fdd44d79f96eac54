import type { ArchiveError } from '../errors.ts';
import { toArchiveError } from '../errors.ts';
import type { ArchiveRequest } from '../ports.ts';
import { present } from '../present.ts';
import { shortenForMessage, UUID_PATTERN } from '../recording/id.ts';
import { parseRecordingTime } from '../recording/time.ts';
import { collapseRequests } from './collapse-requests.ts';
import { parseBareConversation, parseConversationEvent } from './conversation-event.ts';
import {
  type EventSource,
  requireObject,
  unwrapBody,
  type UnwrappedEvent,
  unwrapEvents,
} from './envelopes.ts';
import {
  invalidEvent,
  isObject,
  joinPath,
  type LocatedValue,
  parseJson,
  readField,
  readSafely,
  requireId,
} from './fields.ts';

import type { HttpBody } from './http-body.ts';

export type { EventSource } from './envelopes.ts';
export { httpBody } from './http-body.ts';
export { splitBatch } from './sqs-batch.ts';

export type ParsedEvent =
  | {
      readonly kind: 'requests';
      readonly source: EventSource;
      readonly requests: readonly ArchiveRequest[];
      /** Events of the same batch that are of another kind. */
      readonly ignored: number;
      /** `EVENT_INVALID`, of the first event of the delivery that is malformed; only from {@link parseDelivery}. */
      readonly refused?: ArchiveError;
    }
  | { readonly kind: 'ignored'; readonly source: EventSource; readonly reason: string };

/** An event that cannot be understood, beside others of its delivery that can. */
export interface RefusedPart {
  readonly kind: 'refused';
  /** `EVENT_INVALID`. */
  readonly error: ArchiveError;
}

export interface ParseOptions {
  /**
   * What the ids must match, whole. Default: a UUID in either case. In any case an id may only be 1 to 128 of
   * `[A-Za-z0-9._-]`. It runs on ids that strangers send: build it with `compileIdPattern`, which refuses patterns that
   * can be made to run for minutes.
   */
  readonly idPattern?: RegExp;
  /** The dialect whose events are understood; default `auto`: either, told apart by their shape. */
  readonly api?: 'auto' | 'media' | 'recordings';
  /** Recordings or conversations that one event may name; default {@link MAX_REQUESTS_PER_EVENT}. */
  readonly maxRequests?: number;
}

/**
 * Recordings or conversations that one event may name. A webhook of 256 KiB has room for 1,400, which would be hours of work for one
 * request; messages of a queue are events of their own.
 */
export const MAX_REQUESTS_PER_EVENT = 100;

interface ParseContext {
  /** Anchored at both ends. */
  readonly idPattern: RegExp;
  readonly api: 'auto' | 'media' | 'recordings';
}

/** Most reliable first: end of recording, start of recording, time of the event, timestamp of its message. */
const TIME_FIELDS = ['endTime', 'startTime', 'eventTime', 'timestamp'] as const;

/**
 * Understands an event in any shape it may arrive in: EventBridge (`detail.data`), webhook (`data`), bare
 * (`{mediaId, interactionId}`), a request through API Gateway or a Function URL, an SNS notification, the record of a failed
 * invocation (`requestPayload`), or a batch of any of these from SQS, SNS or EventBridge Pipes. A string is taken for JSON. Events
 * of the published API carry `detail.eventBody` instead; the bare form of that dialect is
 * `{conversationId, recordingId?, endedAt?}`. Several of them about one conversation are one request.
 *
 * Where `eventType` and `status` are present they must be `media` and `complete`; other events are `ignored`, with the
 * reason. Ids are validated whole, and kept as sent. `occurredAt` is a time that the event states itself, so that every
 * redelivery states the same; the time at which a queue or gateway received it is none.
 *
 * @throws `EVENT_INVALID` (not retryable) and nothing else: its message names the field that is missing or malformed. For a
 *   batch, one malformed message is enough; use {@link splitBatch} or {@link parseEach} to judge each by itself.
 */
export function parseEvent(event: unknown, options: ParseOptions = {}): ParsedEvent {
  const { maxRequests = MAX_REQUESTS_PER_EVENT } = options;
  const parts = parseEach(event, { ...options, maxRequests });
  const refused = parts.find((part) => part.kind === 'refused');
  if (refused !== undefined) throw refused.error;
  const parsed = parts.filter((part) => part.kind !== 'refused');
  const [first] = parsed;
  return first !== undefined && parsed.length === 1 ? first : mergeBatch(parsed);
}

/**
 * As {@link parseEvent}, but an event that is malformed keeps those beside it from nothing: it is stated in `refused`.
 *
 * @throws `EVENT_INVALID` (not retryable) when no other event stands beside it.
 */
export function parseDelivery(event: unknown, options: ParseOptions = {}): ParsedEvent {
  const { maxRequests = MAX_REQUESTS_PER_EVENT } = options;
  const parts = parseEach(event, { ...options, maxRequests });
  const refused = parts.find((part) => part.kind === 'refused');
  if (refused === undefined) return parseEvent(event, options);
  const merged = mergeBatch(parts.filter((part) => part.kind !== 'refused'));
  if (merged.kind === 'ignored') throw refused.error;
  return { ...merged, refused: refused.error };
}

/**
 * Understands each event of a delivery by itself: one that is malformed is returned as such, and keeps none of the others back.
 *
 * @returns one part for each event; none for an empty batch.
 * @throws `EVENT_INVALID` (not retryable) when the delivery is too large to be one.
 */
export function parseEach(
  event: unknown,
  options: ParseOptions = {},
): readonly (ParsedEvent | RefusedPart)[] {
  return parseUnwrappedEvents(unwrapEvents(event), options);
}

/** As {@link parseEach}, of the body of a request that {@link httpBody} has read. */
export function parseBody(
  body: HttpBody,
  options: ParseOptions = {},
): readonly (ParsedEvent | RefusedPart)[] {
  return parseUnwrappedEvents(unwrapBody(body), options);
}

function parseUnwrappedEvents(
  events: ReturnType<typeof unwrapEvents>,
  options: ParseOptions,
): readonly (ParsedEvent | RefusedPart)[] {
  const { source, flags } = options.idPattern ?? UUID_PATTERN;
  const idPattern = new RegExp(`^(?:${source})$`, flags.replace(/[gmy]/g, ''));
  const context = { idPattern, api: options.api ?? 'auto' };
  const parts = events.map((unwrapped): ParsedEvent | RefusedPart => {
    if ('error' in unwrapped) return { kind: 'refused', error: unwrapped.error };
    try {
      return readSafely(() => parseUnwrappedEvent(unwrapped, context));
    } catch (error) {
      return { kind: 'refused', error: toArchiveError(error) };
    }
  });
  const { maxRequests } = options;
  if (maxRequests !== undefined) {
    const named = collapseRequests(parts.flatMap((part) => (part.kind === 'requests' ? part.requests : [])));
    requireBounded(named.length, maxRequests);
  }
  return parts;
}

function requireBounded(count: number, allowed: number): void {
  if (count <= allowed) return;
  throw invalidEvent(
    `the event names ${count} recordings or conversations, more than the ${allowed} that one event may`,
    'send each as an event of its own; of a batch, parse each message by itself',
  );
}

function parseUnwrappedEvent({ event, source }: UnwrappedEvent, context: ParseContext): ParsedEvent {
  const parsed = parsePayload(event.value, event.path, context);
  return source === undefined ? parsed : { ...parsed, source };
}

/** The tutorial's `event.detail?.data || event.data || event`. */
function parsePayload(event: object, path: string, context: ParseContext): ParsedEvent {
  const detail = readField(event, 'detail') ?? undefined;
  if (detail !== undefined) {
    const detailPath = joinPath(path, 'detail');
    const fields = objectAt({ value: detail, path: detailPath });
    const data = readField(fields, 'data') ?? undefined;
    if (data !== undefined) {
      return parseData({ value: data, path: `${detailPath}.data` }, 'eventbridge', context, [
        { value: fields, path: detailPath },
        { value: event, path },
      ]);
    }
    if ((readField(fields, 'eventBody') ?? undefined) !== undefined) {
      return parseConversation({ value: fields, path: detailPath }, 'eventbridge', event, context);
    }
    if (readField(event, 'data') === undefined) throw invalidEvent(missingData(detailPath, context));
  }
  const data = readField(event, 'data') ?? undefined;
  if (data === undefined) return parseUnwrapped({ value: event, path }, context);
  const place = { value: data, path: joinPath(path, 'data') };
  return parseData(place, 'webhook', context, [{ value: event, path }]);
}

function missingData(detailPath: string, { api }: ParseContext): string {
  return api === 'recordings'
    ? `${detailPath}.eventBody is missing, and with it conversationId`
    : `${detailPath}.data is missing, and with it mediaId`;
}

/** Neither `detail` nor `data`: what a person types, or what stood in a `detail` that something has taken out. */
function parseUnwrapped(
  place: LocatedValue & { readonly value: object },
  context: ParseContext,
): ParsedEvent {
  const { value } = place;
  const has = (name: string) => (readField(value, name) ?? undefined) !== undefined;
  if (has('eventBody')) return parseConversation(place, 'webhook', undefined, context);
  const isConversation = has('conversationId') && !has('mediaId') && !has('interactionId');
  if (context.api === 'media' || (context.api === 'auto' && !isConversation)) {
    return parseData(place, 'bare', context, []);
  }
  const request = parseBareConversation(place, context.idPattern);
  return { kind: 'requests', source: 'bare', requests: [request], ignored: 0 };
}

function parseConversation(
  detail: LocatedValue & { readonly value: object },
  source: EventSource,
  envelope: object | undefined,
  { idPattern, api }: ParseContext,
): ParsedEvent {
  if (api === 'media') throw otherDialect('recordings', detail.path);
  const parsed = parseConversationEvent(detail, envelope, idPattern);
  return 'ignored' in parsed
    ? { kind: 'ignored', source, reason: parsed.ignored }
    : { kind: 'requests', source, requests: [parsed.request], ignored: 0 };
}

function otherDialect(dialect: 'media' | 'recordings', path: string): Error {
  return invalidEvent(
    `${path === '' ? 'the event' : path} is of the dialect ${dialect}, which GENESYS_API excludes${dialect === 'recordings' ? ', so there is no mediaId' : ', so there is no conversationId'}`,
    'GENESYS_API=auto takes both',
  );
}

/** @param around the objects that enclose the data, the nearest first. */
function parseData(
  place: LocatedValue,
  source: EventSource,
  { idPattern, api }: ParseContext,
  around: readonly LocatedValue[],
): ParsedEvent {
  if (api === 'recordings') throw otherDialect('media', place.path);
  const data = objectAt(place);
  const enclosing = around.map(({ value }) => value).filter(isObject);
  for (const [name, wanted] of [
    ['eventType', 'media'],
    ['status', 'complete'],
  ] as const) {
    const stated = [data, ...enclosing].map((object) => readField(object, name) ?? undefined);
    const nearest = stated.find((value) => value !== undefined);
    if (nearest !== undefined && nearest !== wanted) {
      const shown = typeof nearest === 'string' ? shortenForMessage(nearest) : `of type ${typeof nearest}`;
      return { kind: 'ignored', source, reason: `${name} is ${shown}, not "${wanted}"` };
    }
  }
  const mediaId = requireId(data, 'mediaId', place.path, idPattern);
  const interactionId = requireId(data, 'interactionId', place.path, idPattern);
  const times = TIME_FIELDS.map((name) => readField(data, name));
  // Only EventBridge's own envelope states times that survive redelivery: `detail.timestamp` and `time`.
  const [detail, envelope] = source === 'eventbridge' ? enclosing : [];
  if (detail !== undefined) times.push(readField(detail, 'timestamp'));
  if (envelope !== undefined) times.push(readField(envelope, 'time'));
  const occurredAt = times.map(parseRecordingTime).find((at) => at !== undefined);
  const request: ArchiveRequest = {
    dialect: 'media',
    mediaId,
    interactionId,
    ...present({ occurredAt }),
  };
  return { kind: 'requests', source, requests: [request], ignored: 0 };
}

function objectAt(place: LocatedValue): object {
  const { value } = place;
  return requireObject(place, typeof value === 'string' ? parseJson(value) : value);
}

function mergeBatch(parsed: readonly ParsedEvent[]): ParsedEvent {
  const requests = parsed.flatMap((one) => (one.kind === 'requests' ? one.requests : []));
  const reasons = parsed.flatMap((one) => (one.kind === 'ignored' ? [one.reason] : []));
  const ignoredWithin = parsed.reduce((sum, one) => sum + (one.kind === 'requests' ? one.ignored : 0), 0);
  const source = parsed[0]?.source ?? 'sqs';
  if (requests.length === 0) return { kind: 'ignored', source, reason: reasons[0] ?? 'the batch is empty' };
  return {
    kind: 'requests',
    source,
    requests: collapseRequests(requests),
    ignored: reasons.length + ignoredWithin,
  };
}
