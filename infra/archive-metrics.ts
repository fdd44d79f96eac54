import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS, METRICS_NAMESPACE, METRICS_SERVICE } from '../src/config/deploy-settings.ts';

export const PERIOD = Duration.minutes(5);

/** A metric of the function's own, summed. */
export function ownMetric(
  name: keyof typeof METRICS,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName: METRICS[name],
    dimensionsMap: { service: METRICS_SERVICE },
    statistic: cloudwatch.Stats.SUM,
    period: PERIOD,
    ...options,
  });
}
