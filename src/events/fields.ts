import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { present } from '../present.ts';
import { isSafeId, shortenForMessage } from '../recording/id.ts';

/**
 * SQS and EventBridge carry at most 1 MiB, an HTTP body is held to less (see `http-body.ts`): longer text is no event.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
const MAX_TEXT_CHARACTERS = 1_048_576;

/** A value that was read, and where it stood, e.g. `Records[0].body.detail.data`; the event itself stands at ''. */
export interface LocatedValue {
  readonly value: unknown;
  readonly path: string;
}

export function invalidEvent(message: string, hint?: string): ArchiveError {
  return new ArchiveError('EVENT_INVALID', message, present({ hint }));
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own property, read once. What is inherited, such as through a `__proto__` key, is not part of an event. */
export function readField(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** `name` below `path`; the event itself has no name. */
export function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/**
 * Parsed JSON, also after the byte order mark of a file that was sent as it is, or `undefined` when the text is too long, nested too
 * deeply or no JSON.
 */
export function parseJson(text: string): unknown {
  return text.length > MAX_TEXT_CHARACTERS ? undefined : parseForeignJson(text.replace(/^\uFEFF/, ''));
}

/**
 * Runs a reader of foreign objects, whose getters and traps may throw anything.
 *
 * @throws only `EVENT_INVALID` (not retryable).
 */
export function readSafely<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'EVENT_INVALID') throw error;
    throw invalidEvent('the event cannot be read');
  }
}

/**
 * An id that may reach a URL or a key.
 *
 * @throws `EVENT_INVALID` (not retryable), naming the field, when it is missing, no text or does not match.
 */
export function requireId(data: object, name: string, path: string, idPattern: RegExp): string {
  const where = joinPath(path, name);
  const value = readField(data, name) ?? undefined;
  if (value === undefined || value === '') throw invalidEvent(`${where} is missing`);
  if (typeof value !== 'string') throw invalidEvent(`${where} is not text but of type ${typeof value}`);
  if (!isSafeId(value) || !idPattern.test(value)) {
    throw invalidEvent(
      `${where} is not an id: ${shortenForMessage(value)}`,
      'ids are UUIDs; ARCHIVE_ID_PATTERN allows others',
    );
  }
  return value;
}
