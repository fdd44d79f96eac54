import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

export interface AlarmPlace {
  readonly topic: sns.ITopic;
  /** Where the runbook is; the anchor is appended. */
  readonly runbook: string;
}

export interface AlarmSettings extends Omit<cloudwatch.AlarmProps, 'evaluationPeriods'> {
  /** Of docs/runbook.md, and the name of the construct. */
  readonly anchor: string;
  /** What has happened, in sentences. */
  readonly what: string;
  /** @default 1 */
  readonly evaluationPeriods?: number;
}

/** An alarm on everything above its threshold, unless the settings say otherwise. It tells the topic when it is over, too. */
export function createAlarm(
  scope: Construct,
  { topic, runbook }: AlarmPlace,
  { anchor, what, ...settings }: AlarmSettings,
): cloudwatch.Alarm {
  const alarm = new cloudwatch.Alarm(scope, anchor, {
    evaluationPeriods: 1,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    alarmDescription: `${what} What to do: ${runbook}#${anchor}`,
    ...settings,
  });
  const action = new SnsAction(topic);
  alarm.addAlarmAction(action);
  alarm.addOkAction(action);
  return alarm;
}
