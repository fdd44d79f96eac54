import { createHash, randomUUID } from 'node:crypto';

export interface SqsAttribute {
  readonly DataType: string;
  readonly StringValue: string;
}

export interface SqsMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, SqsAttribute>>;
  /** Epoch ms. */
  readonly sentAt: number;
  /** Epoch ms; hidden from receivers until then. */
  visibleAt: number;
  receiveCount: number;
  /** Of the latest delivery. */
  handle: string | undefined;
}

/** The queues' messages, in the order they were sent. */
export class SqsQueues {
  readonly #byName: Map<string, SqsMessage[]>;

  constructor(names: readonly string[]) {
    this.#byName = new Map(names.map((name) => [name, []]));
  }

  /** `undefined` when there is no such queue. */
  find(name: string): SqsMessage[] | undefined {
    return this.#byName.get(name);
  }

  /** Bodies of everything in a queue. */
  bodies(name: string): string[] {
    return (this.find(name) ?? []).map(({ body }) => body);
  }

  send(
    name: string,
    body: string,
    attributes: SqsMessage['attributes'],
    now: number,
    delayS: number,
  ): SqsMessage {
    const message: SqsMessage = {
      id: randomUUID(),
      body,
      attributes,
      sentAt: now,
      visibleAt: now + delayS * 1000,
      receiveCount: 0,
      handle: undefined,
    };
    this.find(name)?.push(message);
    return message;
  }

  receive(name: string, limit: number, hideS: number, now: number): SqsMessage[] {
    const visible = (this.find(name) ?? []).filter(({ visibleAt }) => visibleAt <= now).slice(0, limit);
    for (const message of visible) {
      message.receiveCount += 1;
      message.visibleAt = now + hideS * 1000;
      message.handle = randomUUID();
    }
    return visible;
  }

  /** The message that was delivered under `handle` the last time. */
  delivered(name: string, handle: string): SqsMessage | undefined {
    return this.find(name)?.find((message) => message.handle === handle);
  }

  remove(name: string, handle: string): void {
    const messages = this.find(name) ?? [];
    const at = messages.findIndex((message) => message.handle === handle);
    if (at >= 0) messages.splice(at, 1);
  }
}

export const md5 = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex');

/**
 * The digest that clients check attributes by.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
 */
export function md5OfAttributes(attributes: SqsMessage['attributes']): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts = names.flatMap((name) => {
    const { DataType = '', StringValue = '' } = attributes[name] ?? {};
    // 1: the value is a string
    return [prefixed(name), prefixed(DataType), Buffer.from([1]), prefixed(StringValue)];
  });
  return md5(Buffer.concat(parts));
}

function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
