import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MESSAGE_RETENTION_S, MOST_RECEIVES, VISIBILITY_TIMEOUT_S } from './sizing.ts';

/**
 * SSE-SQS, and not a KMS key: EventBridge and the function would both need `kms:Decrypt` for it. A message holds ids, no audio;
 * the end of a conversation may name a telephone number.
 */
const GUARDED = { encryption: sqs.QueueEncryption.SQS_MANAGED, enforceSSL: true } as const;

/** Events that wait, and those that nobody could deal with. */
export class ArchiveQueue extends Construct {
  readonly queue: sqs.Queue;
  /** Takes what EventBridge could not deliver, what the function cannot ever archive, and what has failed too often. */
  readonly deadLetters: sqs.Queue;

  /** @param deliveryDelayS see `deliveryDelay`. */
  constructor(scope: Construct, id: string, deliveryDelayS: number) {
    super(scope, id);
    const retentionPeriod = Duration.seconds(MESSAGE_RETENTION_S);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { ...GUARDED, retentionPeriod });
    this.queue = new sqs.Queue(this, 'Events', {
      ...GUARDED,
      retentionPeriod,
      visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT_S),
      deliveryDelay: Duration.seconds(deliveryDelayS),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MOST_RECEIVES },
    });
  }
}
