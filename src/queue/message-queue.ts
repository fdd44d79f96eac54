import type { Budget } from '../clock.ts';

export interface QueuedMessage {
  readonly messageId: string;
  /** Names this delivery of the message, for {@link MessageQueue.remove} and {@link MessageQueue.putOff}. */
  readonly receiptHandle: string;
  readonly body: string;
  /** String attributes only. */
  readonly attributes: Readonly<Record<string, string>>;
  /** How often it has been delivered, this time included. */
  readonly receiveCount: number;
}

/** A queue of messages that are delivered at least once; `queue` is the URL of one. */
export interface MessageQueue {
  /** @throws `QUEUE_UNAVAILABLE` (retryable), `QUEUE_DENIED`, `QUEUE_MISSING`, `OUT_OF_TIME`; so do the others. */
  send(
    queue: string,
    message: Pick<QueuedMessage, 'body' | 'attributes'>,
    budget: Budget,
  ): Promise<{ readonly messageId: string }>;
  /** At most `limit` (1 to 10) messages, hidden from others for `hideS` seconds. Empty when none came within `waitS` seconds. */
  receive(
    queue: string,
    options: { readonly limit: number; readonly hideS: number; readonly waitS: number },
    budget: Budget,
  ): Promise<readonly QueuedMessage[]>;
  remove(queue: string, receiptHandle: string, budget: Budget): Promise<void>;
  /** Delivers the message again after `delayS` seconds from now (0 to 43,200), and not before. */
  putOff(queue: string, receiptHandle: string, delayS: number, budget: Budget): Promise<void>;
  /** Messages that wait to be delivered, about. */
  count(queue: string, budget: Budget): Promise<number>;
}
