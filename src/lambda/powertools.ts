/** Powertools for AWS Lambda behind our own ports: nothing else in this program logs or counts through it. */
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics as PowertoolsMetrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, METRICS_SERVICE } from '../config/metric-names.ts';
import { allowedFields, type Logger, type LogLevel } from '../log.ts';
import type { Metric, Metrics } from './metrics.ts';

/** What the platform tells a handler of its invocation; the names are AWS's. */
export interface LambdaContext {
  readonly awsRequestId?: string;
  readonly functionName?: string;
  readonly functionVersion?: string;
  readonly invokedFunctionArn?: string;
  readonly memoryLimitInMB?: string;
}

export interface LambdaLogger extends Logger {
  setLevel(level: LogLevel): void;
  /** Request id, function and cold start stand in every line from now on. */
  setContext(context: LambdaContext): void;
}

const LEVELS = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** JSON lines on standard output, with the context of the invocation. Fields go through the one allow-list. */
export function createLambdaLogger(): LambdaLogger {
  const logger = new PowertoolsLogger({ serviceName: METRICS_SERVICE, logLevel: 'INFO' });
  return {
    log: (level, message, fields = {}) => logger[level]({ message, ...allowedFields(fields) }),
    setLevel: (level) => logger.setLogLevel(LEVELS[level]),
    setContext: ({ awsRequestId, functionName, functionVersion, invokedFunctionArn, memoryLimitInMB }) =>
      logger.addContext({
        awsRequestId,
        functionName,
        functionVersion,
        invokedFunctionArn,
        memoryLimitInMB,
      }),
  };
}

const UNITS: Readonly<Partial<Record<Metric, (typeof MetricUnit)[keyof typeof MetricUnit]>>> = {
  bytes: MetricUnit.Bytes,
  duration: MetricUnit.Milliseconds,
};

export interface LambdaMetrics extends Metrics {
  /** Writes what was counted since the last time as one line of CloudWatch's embedded metric format. */
  flush(): void;
}

/**
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @param serviceName the value of the one dimension: the stack sets its name, so that stacks of one account keep apart.
 */
export function createLambdaMetrics(
  serviceName = process.env['POWERTOOLS_SERVICE_NAME'] ?? METRICS_SERVICE,
): LambdaMetrics {
  const metrics = new PowertoolsMetrics({ namespace: METRICS_NAMESPACE, serviceName });
  return {
    add: (metric, value) => metrics.addMetric(METRICS[metric], UNITS[metric] ?? MetricUnit.Count, value),
    flush: () => {
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
