import { type CfnCondition, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type AlarmSettings, createAlarm } from './alarm.ts';
import { ownMetric, PERIOD } from './metrics.ts';
import { onlyWhen } from '../conditions.ts';
import { present } from '../../src/present.ts';

/** Anchors of docs/runbook.md, one for each alarm. */
export const RUNBOOK_ANCHORS = [
  'queue-is-old',
  'dead-letters',
  'verify-failure',
  'auth-failure',
  'error-rate',
] as const;

export type RunbookAnchor = (typeof RUNBOOK_ANCHORS)[number];

export interface ArchiveAlarmsProps {
  readonly queue: sqs.IQueue;
  readonly deadLetters: sqs.IQueue;
  readonly function: lambda.IFunction;
  readonly email?: string | undefined;
  readonly emailCondition?: CfnCondition | undefined;
  /** Where the runbook is; the anchor is appended. */
  readonly runbook: string;
  readonly oldestMessage: Duration;
  /** Of the topic. */
  readonly key?: kms.IKey | undefined;
}

/** Failures of a quarter of an hour, and their share in percent, from which the alarm rings. One odd recording is no alarm. */
const MIN_FAILURES = 5;
const ERROR_PERCENT = 10;

/** What an operator must know at once. Each alarm tells where the runbook has it, and tells the topic when it is over too. */
export class ArchiveAlarms extends Construct {
  readonly topic: sns.Topic;
  readonly alarms: Readonly<Record<RunbookAnchor, cloudwatch.Alarm>>;

  constructor(scope: Construct, id: string, props: ArchiveAlarmsProps) {
    super(scope, id);
    this.topic = this.#createTopic(props);
    const place = { topic: this.topic, runbook: props.runbook };
    const alarm = (anchor: RunbookAnchor, what: string, settings: Omit<AlarmSettings, 'anchor' | 'what'>) =>
      createAlarm(this, place, { anchor, what, ...settings });
    const { queue, deadLetters, oldestMessage } = props;
    this.alarms = {
      'queue-is-old': alarm(
        'queue-is-old',
        'An event waits for longer than recordings ever take: more arrives than is archived, or it fails.',
        {
          metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' }),
          threshold: oldestMessage.toSeconds(),
          evaluationPeriods: 3,
        },
      ),
      'dead-letters': alarm(
        'dead-letters',
        'Events that could not be dealt with stand in the dead letters.',
        {
          metric: deadLetters.metricApproximateNumberOfMessagesVisible({
            period: PERIOD,
            statistic: 'Maximum',
          }),
          threshold: 0,
        },
      ),
      'verify-failure': alarm(
        'verify-failure',
        'The store holds something else than what was sent, or another recording stands under a key.',
        { metric: ownMetric('verifyFailures'), threshold: 0 },
      ),
      'auth-failure': alarm(
        'auth-failure',
        'Credentials or permissions were refused by Genesys Cloud, S3, KMS or Secrets Manager: nothing is archived.',
        { metric: ownMetric('authFailures'), threshold: 0 },
      ),
      'error-rate': alarm(
        'error-rate',
        `More than ${ERROR_PERCENT} % of the attempts of a quarter of an hour have failed, and at least ${MIN_FAILURES}.`,
        { metric: errorRate(props.function), threshold: ERROR_PERCENT },
      ),
    };
  }

  #createTopic({ email, emailCondition, key }: ArchiveAlarmsProps): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', {
      displayName: 'Genesys media archive',
      enforceSSL: true,
      ...present({ masterKey: key }),
    });
    const { account } = Stack.of(this);
    // a topic with a policy of its own has lost the default one, which let the alarms of the account in
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'TakeAlarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
    if (email !== undefined) {
      const subscription = new sns.Subscription(this, 'Email', {
        topic,
        protocol: sns.SubscriptionProtocol.EMAIL,
        endpoint: email,
      });
      onlyWhen(emailCondition, subscription);
    }
    return topic;
  }
}

/** Percent. An invocation that ends with an error, or is ended, counts like an attempt that has failed. */
function errorRate(handler: lambda.IFunction): cloudwatch.MathExpression {
  const period = Duration.minutes(15);
  return new cloudwatch.MathExpression({
    label: 'failed attempts, %',
    expression: `IF(FILL(failed, 0) + FILL(ended, 0) >= ${MIN_FAILURES}, 100 * (FILL(failed, 0) + FILL(ended, 0)) / (FILL(failed, 0) + FILL(ended, 0) + FILL(archived, 0) + FILL(found, 0)), 0)`,
    usingMetrics: {
      failed: ownMetric('failed', { period }),
      ended: handler.metricErrors({ period }),
      archived: ownMetric('archived', { period }),
      found: ownMetric('found', { period }),
    },
    period,
  });
}
