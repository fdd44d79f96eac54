import { regionOfQueueHost } from '../aws-regions.ts';
import { asObject, type JsonAnswer, JsonCalls, type JsonService, textOf } from '../aws/json-calls.ts';
import type { AwsCredentials } from '../aws/sigv4.ts';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { RetryPolicy } from '../http/retry-timing.ts';
import type { Transport } from '../http/transport.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import { formatAttributes, readMessage } from './json-protocol.ts';
import type { MessageQueue } from './message-queue.ts';
import { sortAnswer } from './refusals.ts';

export interface SqsQueueOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where a queue's own URL names none, as that of an emulator: `AWS_REGION`. */
  readonly region: string | undefined;
  /** Default: where the AWS SDK finds them. */
  readonly credentials?: () => Promise<AwsCredentials>;
  readonly proxies?: Proxies | undefined;
  /** Reaches queues at endpoints that are validated under FIPS 140: `AWS_USE_FIPS_ENDPOINT`, which the AWS SDK reads itself. */
  readonly fips?: boolean;
  /** Injected in tests. */
  readonly transport?: Transport;
}

/** For those who look after a queue. */
export interface QueueDescriber {
  /** All attributes, by the names SQS has for them; numbers are text. */
  describe(queue: string, budget: Budget): Promise<Readonly<Record<string, string>>>;
}

/** Short: a record that is put off a moment too late is only delivered once more. */
const SQS_RETRIES: RetryPolicy = { retries: 4, baseMs: 100, capMs: 5_000, maxRetryAfterMs: 10_000 };

/** Bytes; ten messages of 1 MiB, and their attributes. */
const MAX_ANSWER_BYTES = 12 * 1024 * 1024;

const SQS: JsonService = {
  title: 'SQS',
  name: 'sqs',
  target: 'AmazonSQS',
  version: '1.0',
  maxAnswerBytes: MAX_ANSWER_BYTES,
  retries: SQS_RETRIES,
  unavailable: 'QUEUE_UNAVAILABLE',
  denied: 'QUEUE_DENIED',
  sort: sortAnswer,
};

/** A queue that is looked after, and can be let go. */
export type SqsQueue = MessageQueue & QueueDescriber & { close(): void };

/**
 * Queues of Amazon SQS, by its JSON protocol. The calls are signed here; the AWS SDK only finds the credentials.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
 */
export function createSqsQueue(options: SqsQueueOptions): SqsQueue {
  const calls = new SqsCalls(options);
  return {
    async send(queue, { body, attributes }, budget) {
      const input = { MessageBody: body, MessageAttributes: formatAttributes(attributes) };
      const answer = await calls.make({ operation: 'SendMessage', queue, input }, budget);
      return { messageId: textOf(answer['MessageId']) };
    },
    async receive(queue, { limit, hideS, waitS }, budget) {
      const input = {
        MaxNumberOfMessages: limit,
        VisibilityTimeout: hideS,
        WaitTimeSeconds: waitS,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      };
      const answer = await calls.make({ operation: 'ReceiveMessage', queue, input }, budget);
      const messages: unknown = answer['Messages'];
      return Array.isArray(messages) ? messages.flatMap(readMessage) : [];
    },
    async remove(queue, ReceiptHandle, budget) {
      await calls.make({ operation: 'DeleteMessage', queue, input: { ReceiptHandle } }, budget);
    },
    async putOff(queue, ReceiptHandle, VisibilityTimeout, budget) {
      const input = { ReceiptHandle, VisibilityTimeout };
      await calls.make({ operation: 'ChangeMessageVisibility', queue, input }, budget);
    },
    async count(queue, budget) {
      const name = 'ApproximateNumberOfMessages';
      const value = Number((await calls.attributes(queue, name, budget))[name]);
      return Number.isFinite(value) ? value : 0;
    },
    async describe(queue, budget) {
      const attributes = await calls.attributes(queue, 'All', budget);
      return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, textOf(value)]));
    },
    close: () => calls.close(),
  };
}

interface SqsCall {
  readonly operation: string;
  /** Its URL. */
  readonly queue: string;
  readonly input: Readonly<Record<string, unknown>>;
}

class SqsCalls {
  readonly #options: SqsQueueOptions;
  readonly #calls: JsonCalls;

  constructor(options: SqsQueueOptions) {
    this.#options = options;
    this.#calls = new JsonCalls(SQS, options);
  }

  close(): void {
    this.#calls.close();
  }

  async attributes(queue: string, name: string, budget: Budget): Promise<JsonAnswer> {
    const input = { AttributeNames: [name] };
    const { Attributes } = await this.make({ operation: 'GetQueueAttributes', queue, input }, budget);
    return asObject(Attributes);
  }

  async make({ operation, queue, input }: SqsCall, budget: Budget): Promise<JsonAnswer> {
    const { fips = false } = this.#options;
    const url = fips ? fipsUrlOf(parseQueueUrl(queue)) : parseQueueUrl(queue);
    const region = regionOfQueueHost(url.hostname) ?? this.#options.region;
    if (region === undefined) {
      throw new ArchiveError('CONFIG_INVALID', 'the region of the queue is not known', {
        hint: 'set AWS_REGION',
      });
    }
    return this.#calls.make({ operation, url, region, input: { QueueUrl: queue, ...input } }, budget);
  }
}

/**
 * The queue is named by its URL all the same. In AWS GovCloud (US) the plain endpoint is the validated one, as the SDK's rules have it;
 * other hosts, such as emulators and VPC endpoints, are left alone.
 */
function fipsUrlOf(url: URL): URL {
  const [, region = '', suffix = ''] =
    /^sqs\.([a-z0-9-]+)\.(amazonaws\.com(?:\.cn)?|amazonaws\.eu)$/.exec(url.hostname) ?? [];
  if (region === '' || region.startsWith('us-gov-')) return url;
  const validated = new URL(url);
  validated.hostname = `sqs-fips.${region}.${suffix}`;
  return validated;
}

function parseQueueUrl(queue: string): URL {
  if (URL.canParse(queue)) return new URL(queue);
  throw new ArchiveError('CONFIG_INVALID', 'the address of the queue is not a URL');
}
