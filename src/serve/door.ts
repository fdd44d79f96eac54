import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ParsedEvent } from '../events/parse-event.ts';
import { isTimely, verifyWebhookSignature } from '../events/webhook-signature.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import type { Secret } from '../secret.ts';
import { decodeText } from '../text-file.ts';

/** Bytes. An archiving event is about 1 KiB; the Lambda entry has the same limit. */
export const MAX_BODY_BYTES = 256 * 1024;
/** What is too long is read on and thrown away up to here (bytes), so that its sender sees the answer and not a reset. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;
/** Seconds a sender is asked to wait before it sends again what could not be accepted. */
const RETRY_AFTER_S = 30;

/** What `GET /health` answers with, besides `status`. */
export interface Health {
  readonly queued: number;
  readonly inFlight: number;
  /** Seconds since the oldest event of the queue was received. */
  readonly oldestAgeS: number;
  readonly failed: number;
  /** Code of the error that keeps the queue from being worked on; only while it does. */
  readonly pausedBy?: string;
}

/** Where the webhooks of one archive come in. */
export interface Door {
  /** Of the archive, where there may be several. */
  readonly name?: string | undefined;
  /** Those that are active; a function is asked for each request. */
  readonly secrets: readonly Secret[] | (() => Promise<readonly Secret[]>);
  /** Versions of the signature that are accepted; default `any`. */
  readonly signatures?: 'any' | 'v2' | undefined;
  /** @throws `EVENT_INVALID`. */
  readonly parse: (event: unknown) => ParsedEvent;
  /** Resolves once the event is durable; see `Spool.add`. */
  readonly accept: (event: unknown, bodyHash: string) => Promise<'queued' | 'duplicate'>;
  readonly health: () => Promise<Health>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

export interface DoorState {
  /** Of the last attempt to write an event, if it failed. */
  spoolError: ArchiveError | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly close?: true;
}

const UNAUTHENTICATED: Answer = { status: 401, body: { error: 'unauthorized' } };
const TOO_LARGE: Answer = {
  status: 413,
  body: { error: 'the body is longer than 256 KiB', code: 'EVENT_INVALID', retryable: false },
  close: true,
};

/** Takes one webhook; `undefined` when the sender has gone. */
export async function answerWebhook(
  door: Door,
  state: DoorState,
  request: IncomingMessage,
): Promise<Answer | undefined> {
  const raw = await readBody(request);
  if (raw === 'lost') return undefined;
  if (raw === 'too-large') return TOO_LARGE;
  const secrets = typeof door.secrets === 'function' ? await door.secrets() : door.secrets;
  if (!isAuthentic(secrets, door, request, raw)) {
    door.logger.log('warn', 'webhook refused', { code: 'WEBHOOK_UNAUTHENTICATED', state: 'refused' });
    return UNAUTHENTICATED;
  }
  return accept(door, state, raw);
}

/**
 * Without a secret the door is open, on this machine; yet a web page that is open in a browser on it must not come in, and
 * browsers say from where a request of a page comes.
 */
function isAuthentic(
  secrets: readonly Secret[],
  { clock, signatures: versions }: Pick<Door, 'clock' | 'signatures'>,
  { headers: received }: IncomingMessage,
  raw: Buffer,
): boolean {
  const headers = Object.fromEntries(
    Object.entries(received).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  if (!isTimely(headers, clock.now())) return false;
  if (secrets.length === 0) return headers['origin'] === undefined;
  const revealed = secrets.map((secret) => secret.reveal());
  return verifyWebhookSignature({ raw, headers, secrets: revealed, versions });
}

async function accept(door: Door, state: DoorState, raw: Buffer): Promise<Answer> {
  const { logger } = door;
  let event: unknown;
  try {
    event = readEvent(raw);
    const parsed = door.parse(event);
    if (parsed.kind === 'ignored') {
      logger.log('info', 'event ignored', { source: parsed.source, reason: parsed.reason, state: 'ignored' });
      return { status: 200, body: { success: true, ignored: 1 } };
    }
  } catch (caught) {
    const { code, message } = toArchiveError(caught);
    logger.log('warn', message, { code, state: 'refused' });
    return { status: 400, body: { error: message, code, retryable: false } };
  }
  const bodyHash = createHash('sha256').update(raw).digest('hex');
  try {
    const outcome = await door.accept(event, bodyHash);
    state.spoolError = undefined;
    logger.log('info', 'event accepted', { requestId: bodyHash, bytes: raw.byteLength, state: outcome });
    return {
      status: 202,
      body: { accepted: true, id: bodyHash, ...(outcome === 'duplicate' ? { duplicate: true } : {}) },
    };
  } catch (caught) {
    state.spoolError = toArchiveError(caught);
    const { code, message } = state.spoolError;
    logger.log('error', message, { code, state: 'refused' });
    return unavailable('the event could not be written to disk', code);
  }
}

/** @throws `EVENT_INVALID`. */
function readEvent(raw: Buffer): unknown {
  let event: unknown;
  try {
    event = JSON.parse(decodeText(raw, 'the event', 'EVENT_INVALID'));
    // deeper than the stack: such a thing could be read, and never be written
    JSON.stringify(event);
    return event;
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const problem = error instanceof SyntaxError ? 'is not JSON' : 'is nested too deeply';
    throw new ArchiveError('EVENT_INVALID', `the event ${problem}`);
  }
}

/** The body whole; `lost` when the sender went away or was too slow. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large' | 'lost'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > MAX_DISCARDED_BYTES) return 'too-large';
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    return 'lost';
  }
  return size > MAX_BODY_BYTES ? 'too-large' : Buffer.concat(chunks);
}

export function methodNotAllowed(allow: string): Answer {
  return { status: 405, body: { error: 'method not allowed' }, headers: { allow }, close: true };
}

export function unavailable(error: string, code?: string): Answer {
  return {
    status: 503,
    body: { error, ...present({ code }), retryable: true },
    headers: { 'retry-after': String(RETRY_AFTER_S) },
  };
}
