import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MESSAGE_RETENTION_S, MAX_RECEIVES, VISIBILITY_TIMEOUT_S } from './sizing.ts';

/** Seconds that SQS uses a data key for before it asks KMS for another: an hour keeps requests to KMS few. */
const KEY_REUSE_S = 3_600;

/** Events that wait, and those that failed permanently. */
export class ArchiveQueue extends Construct {
  readonly queue: sqs.Queue;
  /** Takes what EventBridge could not deliver, what the function cannot ever archive, and what has failed too often. */
  readonly deadLetters: sqs.Queue;

  /**
   * SSE-SQS, unless there is a key: then EventBridge and the function need it, too. A message holds ids, no audio; the end of a
   * conversation may name a telephone number.
   *
   * @param deliveryDelayS see `deliveryDelay`.
   */
  constructor(scope: Construct, id: string, deliveryDelayS: number, key?: kms.IKey) {
    super(scope, id);
    const guarded: sqs.QueueProps = {
      enforceSSL: true,
      ...(key === undefined
        ? { encryption: sqs.QueueEncryption.SQS_MANAGED }
        : { encryptionMasterKey: key, dataKeyReuse: Duration.seconds(KEY_REUSE_S) }),
    };
    const retentionPeriod = Duration.seconds(MESSAGE_RETENTION_S);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { ...guarded, retentionPeriod });
    this.queue = new sqs.Queue(this, 'Events', {
      ...guarded,
      retentionPeriod,
      visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT_S),
      deliveryDelay: Duration.seconds(deliveryDelayS),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });
  }
}
