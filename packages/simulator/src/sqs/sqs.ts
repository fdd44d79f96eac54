import { type AwsCall, type AwsJsonEndpoint, credentialsFor, serveAwsJson } from '../aws/json.ts';
import type { AwsEndpointOptions } from '../aws/endpoint.ts';
import { SqsQueues } from './queues.ts';
import { type SqsErrorCode, SqsRefusal } from '../aws/refusals.ts';
import { isSqsOperation, SQS_OPERATIONS, type SqsOperation } from './operations.ts';

export type { SqsOperation } from './operations.ts';

export interface SqsOptions extends AwsEndpointOptions {
  /** Names of the queues; default `recordings` and `recordings-dead`. */
  readonly queues?: readonly string[];
}

export interface SqsEndpoint extends AwsJsonEndpoint {
  /** URL of a queue, as messages are sent to it. */
  queueUrl(name: string): string;
  /** What stands in a queue, whether it is hidden at the moment or not. For tests; costs no delivery. */
  readonly queues: SqsQueues;
  /** The names of the operations that came, in their order. */
  readonly operations: readonly SqsOperation[];
  readonly faults: {
    /** The next `times` requests for `operation` are answered with `code`. */
    add(operation: SqsOperation, code: SqsErrorCode, times?: number): void;
  };
}

/** Stands in URLs of queues where AWS has the number of the account. */
const ACCOUNT = '000000000000';
/** Bytes; a batch of ten messages in AWS is at most 1 MiB. */
const MAX_REQUEST_BYTES = 1_200_000;

/**
 * Starts a small Amazon SQS on 127.0.0.1, by its JSON protocol, requests signed: standard queues, in memory. What it does not have,
 * it refuses by name.
 *
 * Known differences from AWS: messages keep their order, are delivered at least once and never twice at a time; a receive does not
 * wait; queues have no policies of their own, redrive policies among them.
 */
export async function startSqs(options: SqsOptions = {}): Promise<SqsEndpoint> {
  const now = options.now ?? Date.now;
  const queues = new SqsQueues(options.queues ?? ['recordings', 'recordings-dead']);
  const operations: SqsOperation[] = [];
  const faults: { operation: SqsOperation; code: SqsErrorCode; left: number }[] = [];
  const endpoint = await serveAwsJson(
    {
      credentials: credentialsFor('sqs', options),
      target: 'AmazonSQS',
      version: '1.0',
      typePrefix: 'com.amazonaws.sqs#',
      largestRequest: MAX_REQUEST_BYTES,
      isOperation: isSqsOperation,
      begin: () => undefined,
      recognise: (_entry, operation) => void operations.push(operation),
      perform: ({ operation, input }: AwsCall<SqsOperation>) => {
        const fault = faults.find((one) => one.operation === operation && one.left > 0);
        if (fault !== undefined) {
          fault.left -= 1;
          throw new SqsRefusal(fault.code);
        }
        return SQS_OPERATIONS[operation]({ queues, input, now: now() });
      },
      end: () => {},
    },
    options,
  );
  return {
    ...endpoint,
    queueUrl: (name) => `${endpoint.url}/${ACCOUNT}/${name}`,
    queues,
    operations,
    faults: {
      add: (operation, code, times = 1) => void faults.push({ operation, code, left: times }),
    },
  };
}
