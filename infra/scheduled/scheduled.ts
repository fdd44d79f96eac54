import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type {
  JobsSettings,
  RetentionSettings,
  SealSettings,
  VerificationSettings,
} from '../../src/config/deploy/settings.ts';
import { type AlarmPlace, createAlarm } from '../watch/alarm.ts';
import { METRICS_OF_STACK } from '../watch/metrics.ts';
import { createLogGroup } from '../archiving/function.ts';
import type { ArchiveNetwork } from '../archiving/network.ts';
import { createFunctionRole } from '../access/roles.ts';
import { type Grant, requirePolicy } from '../access/grants.ts';
import { logGroupArn } from '../watch/log-group-arn.ts';
import { networkStatements } from '../access/policies.ts';
import { cataloguePart } from './catalogue.ts';
import { drillPart } from './drill.ts';
import { factsPart } from './facts.ts';
import { jobsPart } from './jobs.ts';
import type { ScheduledPart } from './part.ts';
import { type ScheduledBundle, ScheduledFunction } from './scheduled-function.ts';
import { retentionPart } from './retention.ts';
import { sealPart } from './seal.ts';
import { logStatements, secretStatements } from './statements.ts';
import { verificationPart } from './verification.ts';

/** Which functions there are. */
export interface ScheduledProps {
  readonly verification?: boolean | Partial<VerificationSettings>;
  readonly jobs?: boolean | Partial<JobsSettings>;
  readonly catalogue?: boolean | object;
  readonly facts?: boolean;
  readonly retention?: Partial<RetentionSettings>;
  readonly seal?: SealSettings;
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
  /** Made before the role has its policy, which names it. */
  logGroup?: logs.LogGroup;
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

  constructor(scope: Construct, props: ScheduledProps) {
    this.#scope = scope;
    this.#code = props.scheduledCode;
    this.#prepared = partsOf(props).map((part) => ({
      part,
      role: createFunctionRole(scope, part.id, part.description),
    }));
    this.grants = this.#prepared.map((prepared) => ({
      role: prepared.role,
      statements: (about) => [
        ...prepared.part.statements(about),
        ...logStatements(logGroupArn(logGroupOf(prepared))),
        ...secretStatements(prepared.part, about),
        ...networkStatements(about),
      ],
    }));
  }

  createLogs(days: number, key: kms.IKey | undefined): void {
    for (const prepared of this.#prepared) {
      prepared.logGroup = createLogGroup(this.#scope, `Scheduled${prepared.part.id}Logs`, days, key);
    }
  }

  /** Those that the secrets let in. */
  get secretReaders(): readonly iam.Role[] {
    return this.#prepared.filter(({ part }) => part.readsSecrets === true).map(({ role }) => role);
  }

  get roles(): readonly iam.Role[] {
    return this.#prepared.map(({ role }) => role);
  }

  /** Those that open data keys of recordings. */
  get readers(): readonly iam.Role[] {
    return this.#prepared.filter(({ part }) => part.decrypts).map(({ role }) => role);
  }

  /** Those that exchange objects of the archive. */
  get replacers(): readonly iam.Role[] {
    return this.#prepared.filter(({ part }) => part.replaces === true).map(({ role }) => role);
  }

  /** Those that tag objects of the archive. */
  get taggers(): readonly iam.Role[] {
    return this.#prepared.filter(({ part }) => part.tags === true).map(({ role }) => role);
  }

  create({ environment, environmentVariables, network, policies }: ScheduledPlace): void {
    for (const prepared of this.#prepared) {
      const { part, role } = prepared;
      const own = part.variables.flatMap((name) => {
        const value = environment[name];
        return value === undefined ? [] : [[name, value] as const];
      });
      const made = new ScheduledFunction(this.#scope, `Scheduled${part.id}`, {
        ...part,
        role,
        logGroup: logGroupOf(prepared),
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

function partsOf({
  verification = true,
  jobs = false,
  catalogue = false,
  facts = false,
  retention,
  seal,
}: ScheduledProps): readonly ScheduledPart[] {
  return [
    ...(verification === false
      ? []
      : [verificationPart(verification === true ? {} : verification, catalogue !== false)]),
    ...(jobs === false ? [] : [jobsPart(jobs === true ? {} : jobs)]),
    ...(catalogue === false ? [] : [cataloguePart()]),
    ...(facts ? [factsPart()] : []),
    ...(retention?.rules === undefined ? [] : [retentionPart(retention.rules)]),
    ...(seal === undefined ? [] : [sealPart(seal)]),
    ...(seal === undefined || seal.drill === false ? [] : [drillPart(seal.drill ?? {})]),
  ];
}

function logGroupOf({ part, logGroup }: Prepared): logs.LogGroup {
  if (logGroup === undefined) throw new Error(`the log group of ${part.id} was not made`);
  return logGroup;
}
