import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { type ArchiveNetwork, placeIn } from '../archiving/network.ts';
import { bundledCode } from '../archiving/function.ts';
import { FUNCTION_TIMEOUT_S, MEMORY_MB, NODE_OPTIONS } from '../archiving/sizing.ts';
import { present } from '../../src/present.ts';

/** Files of `dist/lambda/`, without `.mjs`; `SCHEDULED` of scripts/build.mjs. */
export type ScheduledBundle = 'verify' | 'jobs' | 'catalogue' | 'facts' | 'seal' | 'drill' | 'retention';

export interface ScheduledFunctionProps {
  readonly bundle: ScheduledBundle;
  readonly description: string;
  /** Nothing is added to it. */
  readonly role: iam.IRole;
  readonly logGroup: logs.ILogGroup;
  /** `rate(…)` or `cron(…)`, UTC. */
  readonly schedule: string;
  /** Minutes within which the function is started; without it, on the minute. */
  readonly windowMinutes?: number;
  /** The event of the function. */
  readonly input: object;
  readonly environment: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number | undefined;
  /** Times that Lambda starts the function again after a failure, at most 2. */
  readonly retries: number;
  /** How long an event waits for the function to be free, 60 s to 6 h. @default an hour */
  readonly eventAgeS?: number;
  /** MB. @default that of the archiving function */
  readonly memoryMb?: number;
  readonly network: ArchiveNetwork | undefined;
  /** @default the bundle of this package */
  readonly code: lambda.Code | undefined;
}

/** What cannot be started within an hour is left to the next time. */
const EVENT_AGE_S = 3_600;
const RETRIES_OF_SCHEDULE = 10;

/** A function that a schedule starts, with a log and a role of its own. Nothing else can start it but who may invoke functions. */
export class ScheduledFunction extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: ScheduledFunctionProps) {
    super(scope, id);
    const { bundle, role, network, reservedConcurrency, eventAgeS = EVENT_AGE_S } = props;
    this.function = new lambda.Function(this, 'Task', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: `${bundle}.handler`,
      code: props.code ?? bundledCode(bundle),
      memorySize: props.memoryMb ?? MEMORY_MB,
      timeout: Duration.seconds(FUNCTION_TIMEOUT_S),
      role,
      logGroup: props.logGroup,
      environment: { NODE_OPTIONS, ...props.environment },
      retryAttempts: props.retries,
      maxEventAge: Duration.seconds(eventAgeS),
      ...present({ reservedConcurrentExecutions: reservedConcurrency }),
      ...placeIn(network),
    });
    new scheduler.CfnSchedule(this, 'Schedule', {
      description: props.description,
      scheduleExpression: props.schedule,
      flexibleTimeWindow:
        props.windowMinutes === undefined
          ? { mode: 'OFF' }
          : { mode: 'FLEXIBLE', maximumWindowInMinutes: props.windowMinutes },
      target: {
        arn: this.function.functionArn,
        roleArn: this.#createStarter().roleArn,
        input: JSON.stringify(props.input),
        retryPolicy: { maximumEventAgeInSeconds: eventAgeS, maximumRetryAttempts: RETRIES_OF_SCHEDULE },
      },
    });
  }

  /** Invocations that failed, or were ended by Lambda, in an hour. */
  get failures(): cloudwatch.Metric {
    return this.function.metricErrors({ period: Duration.hours(1), statistic: 'Sum' });
  }

  /** The role that EventBridge Scheduler starts the function with, and does nothing else. */
  #createStarter(): iam.Role {
    const { account } = Stack.of(this);
    const role = new iam.Role(this, 'Starter', {
      description: 'Genesys media archive: EventBridge Scheduler starts a function',
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    });
    new iam.Policy(role, 'Policy', {
      roles: [role],
      statements: [
        new iam.PolicyStatement({
          sid: 'StartTheFunction',
          actions: ['lambda:InvokeFunction'],
          resources: [this.function.functionArn],
        }),
      ],
    });
    return role;
  }
}
