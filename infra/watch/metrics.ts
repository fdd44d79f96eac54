import { Aws, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS, METRICS_NAMESPACE } from '../../src/config/deploy/settings.ts';

export const PERIOD = Duration.minutes(5);

/** The value of the one dimension of the metrics: the stack that is deployed, so that stacks of one account keep apart. */
export const METRICS_OF_STACK = Aws.STACK_NAME;

/** A metric of the functions' own, summed. */
export function ownMetric(
  name: keyof typeof METRICS,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName: METRICS[name],
    dimensionsMap: { service: METRICS_OF_STACK },
    statistic: cloudwatch.Stats.SUM,
    period: PERIOD,
    ...options,
  });
}
