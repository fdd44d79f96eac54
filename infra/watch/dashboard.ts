import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ownMetric, PERIOD } from './metrics.ts';
import { MEMORY_MB } from '../archiving/sizing.ts';

export interface DashboardProps {
  readonly queue: sqs.IQueue;
  readonly deadLetters: sqs.IQueue;
  readonly function: lambda.IFunction;
  readonly bucketName: string;
  readonly alarms: readonly cloudwatch.Alarm[];
  readonly runbook: string;
}

const WIDTH = 24;
const HEIGHT = 5;

/** Five questions, a row for each, and above them the alarms. */
export function createDashboard(scope: Construct, id: string, props: DashboardProps): cloudwatch.Dashboard {
  const dashboard = new cloudwatch.Dashboard(scope, id, { defaultInterval: Duration.days(1) });
  dashboard.addWidgets(
    new cloudwatch.AlarmStatusWidget({
      title: `Alarms (${props.runbook})`,
      alarms: [...props.alarms],
      width: WIDTH,
      height: 2,
    }),
  );
  for (const [question, answer, graphs] of rows(props)) {
    const width = WIDTH / graphs.length;
    dashboard.addWidgets(
      new cloudwatch.TextWidget({ markdown: `## ${question}\n${answer}`, width: WIDTH, height: 2 }),
    );
    dashboard.addWidgets(
      ...graphs.map(
        ({ title, left, right = [] }) =>
          new cloudwatch.GraphWidget({ title, left: [...left], right: [...right], width, height: HEIGHT }),
      ),
    );
  }
  return dashboard;
}

interface Graph {
  readonly title: string;
  readonly left: readonly cloudwatch.IMetric[];
  readonly right?: readonly cloudwatch.IMetric[];
}

type Row = readonly [question: string, answer: string, graphs: readonly Graph[]];

function rows(props: DashboardProps): readonly Row[] {
  return [keepsUp(props), isStuck(props), isCorrect(props), isThrottled(props), costs(props)];
}

function keepsUp({ queue }: DashboardProps): Row {
  return [
    'Is it keeping up?',
    'The oldest event is some 20 minutes old when all is well: recordings appear minutes after a call. Arriving and archived go together.',
    [
      {
        title: 'age of the oldest event, s',
        left: [queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: 'Maximum' })],
      },
      {
        title: 'events that arrive, recordings that are archived',
        left: [
          queue.metricNumberOfMessagesSent({ period: PERIOD, label: 'events' }),
          ownMetric('archived', { label: 'archived' }),
          ownMetric('found', { label: 'found archived' }),
        ],
      },
    ],
  ];
}

function isStuck({ queue, deadLetters }: DashboardProps): Row {
  return [
    'Is anything stuck?',
    'Dead letters stay until they are sent again (redrive). Put off is what the platform has not finished yet.',
    [
      {
        title: 'dead letters',
        left: [
          deadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: 'Maximum' }),
        ],
      },
      {
        title: 'waiting, delayed, being worked on',
        left: [
          queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, label: 'waiting' }),
          queue.metricApproximateNumberOfMessagesDelayed({ period: PERIOD, label: 'delayed' }),
          queue.metricApproximateNumberOfMessagesNotVisible({
            period: PERIOD,
            label: 'worked on or put off',
          }),
        ],
      },
      {
        title: 'put off, gone, failed',
        left: [
          ownMetric('notReady', { label: 'put off' }),
          ownMetric('gone', { label: 'gone' }),
          ownMetric('failed', { label: 'failed' }),
        ],
      },
    ],
  ];
}

function isCorrect({ function: handler }: DashboardProps): Row {
  return [
    'Is it correct?',
    'Nothing but zero will do. A sample is verified each day; whole archives are checked by `genesys-archive verify --all`.',
    [
      {
        title: 'stored otherwise than sent, or a key taken by another',
        left: [ownMetric('verifyFailures', { label: 'verify failures' })],
      },
      {
        title: 'of the daily sample: findings, complete runs',
        left: [ownMetric('sampleFindings', { label: 'findings' })],
        right: [ownMetric('sampleComplete', { label: 'complete runs' })],
      },
      {
        title: 'of the log: differences, changes of it; seals',
        left: [
          ownMetric('sealDifferences', { label: 'differences' }),
          ownMetric('logBroken', { label: 'changed or set back' }),
        ],
        right: [ownMetric('sealed', { label: 'seals' })],
      },
      {
        title: 'of restore drills: findings, runs with a recent drill',
        left: [ownMetric('drillFindings', { label: 'findings' })],
        right: [ownMetric('drillCurrent', { label: 'recent' })],
      },
      {
        title: 'new requests under the GDPR at the platform',
        left: [ownMetric('gdprRequests', { label: 'requests' })],
      },
      {
        title: 'credentials or permissions refused; invocations that failed',
        left: [
          ownMetric('authFailures', { label: 'refused' }),
          ownMetric('organizationUnknown', { label: 'organization of the client unknown' }),
          handler.metricErrors({ period: PERIOD, label: 'failed invocations' }),
        ],
      },
    ],
  ];
}

function isThrottled({ function: handler }: DashboardProps): Row {
  return [
    'Is it throttled?',
    'Genesys Cloud takes 300 requests a minute from one client: lower `maxConcurrency` where it refuses, raise it where events wait.',
    [
      {
        title: 'refusals that outlasted their retries',
        left: [ownMetric('throttled', { label: 'throttled' })],
      },
      {
        title: 'concurrent invocations, and those refused by Lambda',
        left: [handler.metric('ConcurrentExecutions', { period: PERIOD, statistic: 'Maximum' })],
        right: [handler.metricThrottles({ period: PERIOD })],
      },
      {
        title: 'time for a recording, ms',
        left: [
          ownMetric('duration', { statistic: 'p50', label: 'median' }),
          ownMetric('duration', { statistic: 'p99', label: '99 %' }),
        ],
      },
    ],
  ];
}

function costs({ function: handler, bucketName }: DashboardProps): Row {
  return [
    'What does it cost?',
    'GB-seconds and requests of the function, bytes that were added, and what the bucket holds. docs/cost.md has the prices.',
    [
      {
        title: 'GB-seconds of the function',
        left: [
          new cloudwatch.MathExpression({
            label: 'GB-s',
            expression: `duration / 1000 * ${MEMORY_MB / 1024}`,
            usingMetrics: { duration: handler.metricDuration({ period: PERIOD, statistic: 'Sum' }) },
            period: PERIOD,
          }),
        ],
        right: [handler.metricInvocations({ period: PERIOD })],
      },
      { title: 'bytes archived', left: [ownMetric('bytes', { label: 'bytes' })] },
      {
        title: 'objects and bytes in the bucket',
        left: [
          storage('BucketSizeBytes', bucketName, 'StandardStorage'),
          storage('BucketSizeBytes', bucketName, 'IntelligentTieringFAStorage'),
          storage('BucketSizeBytes', bucketName, 'IntelligentTieringIAStorage'),
          storage('BucketSizeBytes', bucketName, 'IntelligentTieringAIAStorage'),
          storage('BucketSizeBytes', bucketName, 'GlacierInstantRetrievalStorage'),
        ],
        right: [storage('NumberOfObjects', bucketName, 'AllStorageTypes')],
      },
    ],
  ];
}

/** S3 counts once a day. https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html */
function storage(metricName: string, bucketName: string, StorageType: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'AWS/S3',
    metricName,
    dimensionsMap: { BucketName: bucketName, StorageType },
    statistic: 'Average',
    period: Duration.days(1),
    label: StorageType === 'AllStorageTypes' ? 'objects' : StorageType.replace(/Storage$/, ''),
  });
}
