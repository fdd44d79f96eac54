import type { Metric } from '@aws-sdk/client-cloudwatch';
import { METRICS, METRICS_NAMESPACE } from '../../config/deploy/settings.ts';
import type { AwsClients } from '../aws-clients.ts';
import { fail, type Diagnosis, ok, orOk, warn } from '../diagnosis.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** CloudFormation begins the names of what it makes with the stack's. Throws what the SDK throws. */
export async function checkAlarms(
  clients: AwsClients,
  stackName: string,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'alarms';
  const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = await clients.cloudWatch();
  const { MetricAlarms: alarms = [] } = await client.send(
    new DescribeAlarmsCommand({ AlarmNamePrefix: `${stackName}-`, AlarmTypes: ['MetricAlarm'] }),
    { abortSignal: signal },
  );
  if (alarms.length === 0) {
    return [
      fail(
        name,
        'the stack has no alarm: recordings that stay behind go unnoticed',
        'deploy the stack again: npx cdk deploy',
      ),
    ];
  }
  const problems = alarms
    .filter(({ StateValue }) => StateValue === 'ALARM')
    .map(({ AlarmName = '', AlarmDescription = '', StateUpdatedTimestamp }) => {
      const anchor = /#([a-z-]+)/.exec(AlarmDescription)?.[1];
      const since =
        StateUpdatedTimestamp === undefined ? '' : ` since ${StateUpdatedTimestamp.toISOString()}`;
      const where = anchor === undefined ? 'docs/runbook.md' : `docs/runbook.md#${anchor}`;
      return fail(name, `${anchor ?? AlarmName} rings${since}`, where);
    });
  const mute = alarms.filter(
    ({ ActionsEnabled, AlarmActions = [] }) => ActionsEnabled === false || AlarmActions.length === 0,
  );
  if (mute.length > 0) {
    problems.push(
      warn(
        name,
        `${mute.length} of ${alarms.length} are turned off`,
        `aws cloudwatch enable-alarm-actions --alarm-names ${mute.map(({ AlarmName }) => AlarmName).join(' ')}`,
      ),
    );
  }
  return orOk(name, problems, `${alarms.length} alarms, and none rings`);
}

/** Checks that something was archived within a day. Throws what the SDK throws. */
export async function checkLastArchive(
  clients: AwsClients,
  stackName: string,
  now: number,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'last-archive';
  const metric: Metric = {
    Namespace: METRICS_NAMESPACE,
    MetricName: METRICS.archived,
    Dimensions: [{ Name: 'service', Value: stackName }],
  };
  const range = { metric, statistic: 'Sum', from: now - DAY_MS, to: now, periodS: 3_600 } as const;
  const points = await readMetric(clients, range, signal);
  const number = points.reduce((sum, { value }) => sum + value, 0);
  const last = Math.max(...points.filter(({ value }) => value > 0).map(({ at }) => at));
  if (number === 0) {
    return [
      warn(
        name,
        'nothing has been archived in the last 24 h',
        'where calls were recorded, see docs/runbook.md#nothing-is-archived',
      ),
    ];
  }
  return [
    ok(name, `${number} recordings in the last 24 h, the last of them after ${new Date(last).toISOString()}`),
  ];
}

/** s; the largest of the last quarter of an hour that has any, within the last hour. Throws what the SDK throws. */
export async function readOldestAge(
  clients: AwsClients,
  queueUrl: string,
  now: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const metric: Metric = {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateAgeOfOldestMessage',
    Dimensions: [{ Name: 'QueueName', Value: queueUrl.slice(queueUrl.lastIndexOf('/') + 1) }],
  };
  const range = { metric, statistic: 'Maximum', from: now - HOUR_MS, to: now, periodS: 900 } as const;
  const points = await readMetric(clients, range, signal);
  return points.toSorted((one, other) => other.at - one.at)[0]?.value;
}

interface Point {
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
}

interface MetricRange {
  readonly metric: Metric;
  readonly statistic: 'Sum' | 'Maximum';
  /** Epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly periodS: number;
}

async function readMetric(
  clients: AwsClients,
  { metric, statistic, from, to, periodS }: MetricRange,
  signal: AbortSignal,
): Promise<readonly Point[]> {
  const { GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
  const client = await clients.cloudWatch();
  const { MetricDataResults: [series] = [] } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(from),
      EndTime: new Date(to),
      MetricDataQueries: [{ Id: 'm', MetricStat: { Metric: metric, Period: periodS, Stat: statistic } }],
    }),
    { abortSignal: signal },
  );
  return (series?.Timestamps ?? []).map((at, index) => ({
    at: at.getTime(),
    value: series?.Values?.[index] ?? 0,
  }));
}
