import { regionOfQueueHost } from '../aws-regions.ts';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError, describeForeign, type ErrorCode, withHint } from '../errors.ts';
import { CREDENTIALS_HINT } from '../aws/classify-error.ts';
import { clockSkewOf, skewHint } from '../aws/clock-skew.ts';
import { readText } from '../http/read-body.ts';
import type { AwsCredentials } from '../aws/sigv4.ts';
import { defaultCredentials } from '../aws/default-credentials.ts';
import { parseRetryAfter, type RetryPolicy } from '../http/retry-timing.ts';
import { createTransport, type Transport } from '../http/transport.ts';
import { withRetry } from '../http/with-retry.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import type { MessageQueue } from './message-queue.ts';
import { sortAnswer } from './refusals.ts';
import { asObject, formatAttributes, parseObject, readMessage, textOf } from './json-protocol.ts';
import { signCall } from '../aws/sign-request.ts';

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

type SqsAnswer = Readonly<Record<string, unknown>>;

/** Signs each call by the clock of its queue, as far as that is known, and repeats what may pass. */
class SqsCalls {
  readonly #options: SqsQueueOptions;
  readonly #transport: Transport;
  /** ms; the queue's clock before this machine's. */
  #clockOffsetMs = 0;
  #provider: Promise<() => Promise<AwsCredentials>> | undefined;

  constructor(options: SqsQueueOptions) {
    this.#options = options;
    this.#transport = options.transport ?? createTransport({ proxies: options.proxies });
  }

  close(): void {
    this.#transport.close();
  }

  async attributes(queue: string, name: string, budget: Budget): Promise<SqsAnswer> {
    const input = { AttributeNames: [name] };
    const { Attributes } = await this.make({ operation: 'GetQueueAttributes', queue, input }, budget);
    return asObject(Attributes);
  }

  async make({ operation, queue, input }: SqsCall, budget: Budget): Promise<SqsAnswer> {
    const { clock, logger, fips = false } = this.#options;
    const url = fips ? fipsUrlOf(parseQueueUrl(queue)) : parseQueueUrl(queue);
    const region = regionOfQueueHost(url.hostname) ?? this.#options.region;
    if (region === undefined) {
      throw new ArchiveError('CONFIG_INVALID', 'the region of the queue is not known', {
        hint: 'set AWS_REGION',
      });
    }
    const body = JSON.stringify({ QueueUrl: queue, ...input });
    const what = `SQS ${operation}`;
    let corrected = false;
    return withRetry({ clock, logger, budget, policy: SQS_RETRIES, what }, async () => {
      const credentials = await this.#findCredentials();
      const offset = this.#clockOffsetMs;
      const signedAt = clock.now() + offset;
      const headers = signCall(
        {
          host: url.host,
          headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
          body,
          region,
          service: 'sqs',
          now: signedAt,
        },
        credentials,
      );
      try {
        const answer = await exchange(this.#transport, url, { headers, body }, budget);
        const { status, text, retryAfter } = answer;
        if (status === 200) return { value: parseObject(text) };
        const { error, transient } = sortAnswer(what, status, text);
        const name = String(error.details['reason']);
        const aheadMs = transient ? undefined : clockSkewOf({ ...answer, name, signedAt });
        if (aheadMs !== undefined) {
          const again = withHint(error, skewHint(aheadMs + offset));
          if (corrected) throw again;
          corrected = true;
          this.#clockOffsetMs = signedAt + aheadMs - clock.now();
          return { again };
        }
        if (!transient) throw error;
        return { again: error, retryAfterMs: parseRetryAfter(retryAfter, clock.now()) };
      } catch (error) {
        const lost = error instanceof ArchiveError && error.code === 'QUEUE_UNAVAILABLE';
        if (!lost || budget.signal.aborted) throw error;
        return { again: error };
      }
    });
  }

  async #findCredentials(): Promise<AwsCredentials> {
    const { credentials, proxies } = this.#options;
    this.#provider ??= credentials === undefined ? defaultCredentials(proxies) : Promise.resolve(credentials);
    try {
      return await (await this.#provider)();
    } catch (error) {
      throw new ArchiveError('QUEUE_DENIED', `no AWS credentials were found: ${describeForeign(error)}`, {
        hint: CREDENTIALS_HINT,
      });
    }
  }
}

interface Exchanged {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
  readonly age: string | undefined;
}

async function exchange(
  transport: Transport,
  { origin }: URL,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  { signal }: Budget,
): Promise<Exchanged> {
  const failure: ErrorCode = 'QUEUE_UNAVAILABLE';
  const response = await transport.send({
    method: 'POST',
    url: new URL('/', origin),
    headers,
    body,
    signal,
    failure,
  });
  const text = await readText(response.body, MAX_ANSWER_BYTES, failure);
  const { 'retry-after': retryAfter, date, age } = response.headers;
  return { status: response.status, text, retryAfter, date, age };
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
