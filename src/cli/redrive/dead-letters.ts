import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import type { MessageQueue, QueuedMessage } from '../../queue/message-queue.ts';
import { readEvents } from '../archive/read-events.ts';

/** A message that nothing could be done with, and how to be done with it now. */
export interface DeadLetter {
  readonly name: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Why it is there, as far as that is known. */
  readonly reason: string;
  /** Takes it out of its queue: only after it is safe somewhere else. */
  readonly remove: () => Promise<void>;
}

export interface DeadLetterSource {
  letters(limit: number): AsyncIterable<DeadLetter>;
  /** Makes what was not removed visible again at once. */
  release(): Promise<void>;
}

/** Seconds for which a message is hidden from others while it is worked on. */
const HIDE_S = 900;
/** Seconds; a queue of many partitions may have messages and show none to a short look. */
const WAIT_S = 2;

/** The attributes that the Lambda function adds to a dead letter; they are not sent on. */
const OWN_ATTRIBUTES: ReadonlySet<string> = new Set(['reason', 'code', 'source-message-id']);

export function readDeadLetterQueue(queue: MessageQueue, url: string, budget: Budget): DeadLetterSource {
  const held = new Map<string, QueuedMessage>();
  const seen = new Set<string>();
  return {
    async *letters(limit) {
      for (let left = limit; left > 0; ) {
        const messages = await queue.receive(
          url,
          { limit: Math.min(10, left), hideS: HIDE_S, waitS: WAIT_S },
          budget,
        );
        const fresh = messages.filter(({ messageId }) => !seen.has(messageId));
        for (const message of messages) held.set(message.messageId, message);
        // nothing, or only what was kept before and has become visible again
        if (fresh.length === 0) return;
        for (const message of fresh) {
          seen.add(message.messageId);
          left -= 1;
          yield {
            name: message.messageId,
            body: message.body,
            attributes: withoutOwn(message.attributes),
            reason: reasonOf(message),
            remove: async () => {
              await queue.remove(url, message.receiptHandle, budget);
              held.delete(message.messageId);
            },
          };
        }
      }
    },
    async release() {
      const puttingBack = [...held.values()].map(({ receiptHandle }) =>
        queue.putOff(url, receiptHandle, 0, budget),
      );
      // those that cannot be put back are visible again when their time is up
      await Promise.allSettled(puttingBack);
    },
  };
}

/**
 * Messages of a file: each line a message as `{body, attributes}`, as the AWS tools print it (`{Body, MessageAttributes}`), as
 * `serve` keeps what failed (`{event, reason}`), the record of a failed invocation (`{requestPayload}`), or the bare event. The file is not changed.
 *
 * @throws `USAGE`, `EVENT_INVALID` when it cannot be read.
 */
export async function readDeadLetterFile(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<DeadLetterSource> {
  const events = (await readEvents(file, stdin)).flatMap((event) => unwrap(event));
  return {
    // oxlint-disable-next-line typescript/require-await -- as if they came from a queue
    async *letters(limit) {
      for (const [index, event] of events.slice(0, limit).entries()) {
        const { body, attributes } = readLetter(event);
        const reason = attributes['reason'] ?? 'not stated';
        const name = `message ${index + 1}`;
        yield { name, body, attributes: withoutOwn(attributes), reason, remove: () => Promise.resolve() };
      }
    },
    release: () => Promise.resolve(),
  };
}

function reasonOf({ attributes, receiveCount, body }: QueuedMessage): string {
  const reason = attributes['reason'] ?? readFailedInvocation(body)['reason'];
  return reason ?? `not stated; delivered ${receiveCount} times`;
}

function withoutOwn(attributes: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !OWN_ATTRIBUTES.has(name)));
}

/** Batches of messages that one document holds, in one another at most. */
const MAX_NESTED_BATCHES = 4;

/**
 * What `aws sqs receive-message` prints holds several messages, as do the events of Lambda and of EventBridge Pipes, and lists that a
 * script has made of them. Each stands for itself.
 */
function unwrap(event: unknown, depth = 0): readonly unknown[] {
  const { Messages, Records } = asObject(event);
  const batch: unknown = Array.isArray(event) ? event : (Messages ?? Records);
  if (!Array.isArray(batch) || depth >= MAX_NESTED_BATCHES) return [event];
  return batch.flatMap((item) => unwrap(item, depth + 1));
}

function readLetter(event: unknown): { body: string; attributes: Record<string, string> } {
  const letter = asObject(event);
  const { body, Body = body, attributes, MessageAttributes } = letter;
  if (typeof Body !== 'string') {
    return (
      readFailedEvent(letter) ?? {
        body: typeof event === 'string' ? event : JSON.stringify(event),
        attributes: readFailedInvocation(event),
      }
    );
  }
  // in a record of Lambda, `attributes` are those of the queue
  const isRecord = letter['eventSource'] === 'aws:sqs' || letter['receiptHandle'] !== undefined;
  const stated = MessageAttributes ?? (isRecord ? letter['messageAttributes'] : attributes);
  const texts = Object.entries(asObject(stated)).flatMap(([name, value]) => {
    const { StringValue, stringValue = StringValue } = asObject(value);
    const text: unknown = typeof value === 'string' ? value : stringValue;
    return typeof text === 'string' ? [[name, text] as const] : [];
  });
  return { body: Body, attributes: { ...readFailedInvocation(Body), ...Object.fromEntries(texts) } };
}

/** Why an invocation failed, as the record of it says: words of Lambda and the name of an error, never its message. */
function readFailedInvocation(event: unknown): Record<string, string> {
  const outer = asObject(typeof event === 'string' ? parseForeignJson(event) : event);
  const record = outer['requestPayload'] === undefined ? asObject(outer['detail']) : outer;
  if (record['requestPayload'] === undefined) return {};
  const words = [
    asObject(record['requestContext'])['condition'],
    asObject(record['responsePayload'])['errorType'],
  ]
    .filter((word) => typeof word === 'string')
    .filter((word) => /^[A-Za-z_]{1,64}$/.test(word));
  return words.length === 0 ? {} : { reason: words.join(': ') };
}

/** A line of the folder `failed/` of `serve`. */
function readFailedEvent(
  letter: Readonly<Record<string, unknown>>,
): ReturnType<typeof readLetter> | undefined {
  const { event, reason, failedAt } = letter;
  if (event === undefined || typeof reason !== 'string' || typeof failedAt !== 'number') return undefined;
  return { body: typeof event === 'string' ? event : JSON.stringify(event), attributes: { reason } };
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/**
 * Reports whether it is the address of a queue, rather than the name of a file.
 * @throws `USAGE` when it is one that credentials must not be sent to.
 */
export function isQueueUrl(text: string, allowLoopback: boolean): boolean {
  if (!/^https?:\/\//.test(text)) return false;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = url !== undefined && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url?.protocol === 'https:' || (isLoopback && allowLoopback)) return true;
  throw new ArchiveError('USAGE', 'the address of the queue must start with https://', {
    hint: 'ARCHIVE_ALLOW_LOOPBACK=1 permits one on this machine',
  });
}
