import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { VerificationSettings } from '../../src/config/deploy-settings.ts';
import { type AlarmPlace, createAlarm } from '../alarm.ts';
import { METRICS_OF_STACK } from '../archive-metrics.ts';
import { createLogGroup } from '../archive-function.ts';
import type { ArchiveNetwork } from '../archive-network.ts';
import { createFunctionRole } from '../archive-roles.ts';
import { type Grant, requirePolicy } from '../grants.ts';
import { logGroupArn } from '../log-group-arn.ts';
import { type ArchiveResources, networkStatements, type Statement } from '../policies.ts';
import { type ScheduledBundle, ScheduledFunction } from './scheduled-function.ts';
import { logStatements } from './statements.ts';
import { verificationPart } from './verification.ts';

/** One function that a schedule starts: what it is, what it may do, and the alarms about it. */
export interface ScheduledPart {
  /** Of the constructs, and of the role. */
  readonly id: string;
  readonly bundle: ScheduledBundle;
  readonly description: string;
  /** `rate(…)` or `cron(…)`, UTC. */
  readonly schedule: string;
  /** Minutes within which the function is started; without it, on the minute. */
  readonly windowMinutes?: number;
  /** The event of the function. */
  readonly input: object;
  /** Besides the log and the network. */
  readonly statements: (about: ArchiveResources) => readonly Statement[];
  /** It opens data keys of recordings. */
  readonly decrypts: boolean;
  readonly reservedConcurrency?: number;
  /** Names of those variables of the archiving function that it is given as well. */
  readonly variables: readonly string[];
  readonly alarms: readonly ScheduledAlarm[];
}

export interface ScheduledAlarm {
  /** Of docs/runbook.md. */
  readonly anchor: string;
  readonly what: string;
  /** Failures of invocations, unless there is another metric. */
  readonly metric?: cloudwatch.IMetric;
  readonly threshold?: number;
  readonly evaluationPeriods?: number;
  readonly comparisonOperator?: cloudwatch.ComparisonOperator;
  readonly treatMissingData?: cloudwatch.TreatMissingData;
}

export interface ScheduledProps {
  readonly verification?: boolean | Partial<VerificationSettings>;
  readonly logRetentionDays?: number;
  readonly scheduledCode?: (bundle: ScheduledBundle) => lambda.Code;
}

/** What the functions need of the stack. */
export interface ScheduledPlace {
  /** Of the archiving function. */
  readonly environment: Readonly<Record<string, string>>;
  /** Further settings, which every function gets. */
  readonly environmentVariables: Readonly<Record<string, string>>;
  readonly network: ArchiveNetwork | undefined;
  readonly policies: ReadonlyMap<iam.Role, iam.Policy>;
}

interface Prepared {
  readonly part: ScheduledPart;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;
}

/**
 * The functions that schedules start. Their roles are made first, because the policy of the key names them, then the functions, and
 * the alarms last.
 */
export class Scheduled {
  readonly grants: readonly Grant[];
  readonly functions = new Map<string, ScheduledFunction>();
  readonly #prepared: readonly Prepared[];
  readonly #code: ScheduledProps['scheduledCode'];
  readonly #scope: Construct;

  constructor(scope: Construct, props: ScheduledProps, logKey: kms.IKey | undefined) {
    this.#scope = scope;
    this.#code = props.scheduledCode;
    const { logRetentionDays = 365 } = props;
    this.#prepared = partsOf(props).map((part) => ({
      part,
      role: createFunctionRole(scope, part.id, part.description),
      logGroup: createLogGroup(scope, `Scheduled${part.id}Logs`, logRetentionDays, logKey),
    }));
    this.grants = this.#prepared.map(({ part, role, logGroup }) => ({
      role,
      statements: (about) => [
        ...part.statements(about),
        ...logStatements(logGroupArn(logGroup)),
        ...networkStatements(about),
      ],
    }));
  }

  get roles(): readonly iam.Role[] {
    return this.#prepared.map(({ role }) => role);
  }

  /** Those that open data keys of recordings. */
  get readers(): readonly iam.Role[] {
    return this.#prepared.filter(({ part }) => part.decrypts).map(({ role }) => role);
  }

  create({ environment, environmentVariables, network, policies }: ScheduledPlace): void {
    for (const { part, role, logGroup } of this.#prepared) {
      const own = part.variables.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [[name, value] as const];
      });
      const made = new ScheduledFunction(this.#scope, `Scheduled${part.id}`, {
        ...part,
        role,
        logGroup,
        network,
        environment: {
          POWERTOOLS_SERVICE_NAME: METRICS_OF_STACK,
          ...environmentVariables,
          ...Object.fromEntries(own),
        },
        code: this.#code?.(part.bundle),
      });
      made.function.node.addDependency(requirePolicy(policies, role));
      this.functions.set(part.id, made);
    }
  }

  /** By their anchors. */
  createAlarms(place: AlarmPlace): Readonly<Record<string, cloudwatch.Alarm>> {
    const made: Record<string, cloudwatch.Alarm> = {};
    for (const { part } of this.#prepared) {
      const target = this.functions.get(part.id);
      if (target === undefined) continue;
      for (const { metric, ...alarm } of part.alarms) {
        made[alarm.anchor] = createAlarm(target, place, {
          threshold: 0,
          ...alarm,
          metric: metric ?? target.failures,
        });
      }
    }
    return made;
  }
}

function partsOf({ verification = true }: ScheduledProps): readonly ScheduledPart[] {
  return verification === false ? [] : [verificationPart(verification === true ? {} : verification)];
}
