import { type CfnCondition, Duration, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { type ArchiveConditions, choose } from '../conditions.ts';
import type { HardeningProps } from '../props/hardening.ts';
import { STATEMENTS_OF_PARTS } from './policies.ts';
import type { Statement } from './statement.ts';

/** A role and nothing else: no managed policy, no policy yet. */
function createRole(scope: Construct, id: string, description: string, assumedBy: iam.IPrincipal): iam.Role {
  return new iam.Role(scope, id, { description, assumedBy, maxSessionDuration: Duration.hours(1) });
}

interface RoleUsers {
  /** ARNs, or anything that CDK knows as a principal. */
  readonly who: iam.IPrincipal | readonly string[];
  /** With multi-factor authentication only. */
  readonly requireMfa: boolean;
  /** `who` counts under this condition only. */
  readonly condition?: CfnCondition | undefined;
}

export interface ArchiveRoles {
  /** Of the function. */
  readonly writerRole: iam.Role;
  readonly auditorRole: iam.Role;
  readonly rewrapRole: iam.Role;
  /** Where anyone may release from quarantine. */
  readonly releaserRole: iam.Role | undefined;
  /** Where anyone may erase. */
  readonly eraserRole: iam.Role | undefined;
}

/** A role of a function that a schedule starts. */
export function createFunctionRole(scope: Construct, id: string, what: string): iam.Role {
  const description = `Genesys media archive: ${what}`;
  return createRole(scope, id, description, new iam.ServicePrincipal('lambda.amazonaws.com'));
}

/** A role that another one of the stack becomes, for each session anew. */
export function createAssumedRole(scope: Construct, id: string, what: string, by: iam.IRole): iam.Role {
  const description = `Genesys media archive: ${what}`;
  return createRole(scope, id, description, new iam.ArnPrincipal(by.roleArn));
}

export function createRoles(
  scope: Construct,
  props: Pick<HardeningProps, 'auditors' | 'rewrappers' | 'releasers' | 'erasers' | 'requireMfa'>,
  conditions: ArchiveConditions,
): ArchiveRoles {
  const { auditors = [], rewrappers = [], releasers, erasers, requireMfa = false } = props;
  return {
    writerRole: createRole(
      scope,
      'Writer',
      'Genesys media archive: the function; cannot read what it has written',
      new iam.ServicePrincipal('lambda.amazonaws.com'),
    ),
    auditorRole: createHumanRole(scope, 'Auditor', 'Genesys media archive: restores and verifies', {
      who: auditors,
      requireMfa,
      condition: conditions.auditors,
    }),
    rewrapRole: createHumanRole(
      scope,
      'Rewrap',
      'Genesys media archive: moves data keys to another KMS key',
      { who: rewrappers, requireMfa, condition: conditions.rewrappers },
    ),
    releaserRole:
      releasers &&
      createHumanRole(scope, 'Releaser', 'Genesys media archive: releases recordings from quarantine', {
        who: releasers,
        requireMfa,
      }),
    eraserRole:
      erasers &&
      createHumanRole(scope, 'Eraser', 'Genesys media archive: erases recordings permanently', {
        who: erasers,
        requireMfa,
      }),
  };
}

/** A role that people assume. Without a named person it exists, so that keys can name it, and refuses everyone. */
function createHumanRole(
  scope: Construct,
  id: string,
  description: string,
  { who, requireMfa, condition }: RoleUsers,
): iam.Role {
  const named = isPrincipal(who) ? who : new iam.AccountRootPrincipal();
  const mfa = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
  const role = createRole(
    scope,
    id,
    description,
    requireMfa ? new iam.PrincipalWithConditions(named, mfa) : named,
  );
  if (!isPrincipal(who)) {
    const allowed = {
      Effect: 'Allow',
      Principal: { AWS: who },
      Action: 'sts:AssumeRole',
      ...(requireMfa ? { Condition: mfa } : {}),
    };
    const element = role.node.defaultChild as iam.CfnRole;
    element.assumeRolePolicyDocument = {
      Version: '2012-10-17',
      Statement: [who.length === 0 ? DENY_ALL : choose<object>(condition, allowed, DENY_ALL)],
    };
  }
  return role;
}

const DENY_ALL = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };

function isPrincipal(who: RoleUsers['who']): who is iam.IPrincipal {
  return !Array.isArray(who);
}

/** Gives exactly these statements to the role. A policy of its own, because role and key name one another. */
export function givePolicy(
  role: iam.Role,
  statements: readonly Statement[],
  conditions: ArchiveConditions = {},
): iam.Policy {
  const policy = new iam.Policy(role, 'Policy', {
    roles: [role],
    document: iam.PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements }),
  });
  for (const [index, statement] of statements.entries()) {
    const part = STATEMENTS_OF_PARTS[statement.Sid];
    const condition = part === undefined ? undefined : conditions[part];
    if (condition === undefined) continue;
    const element = policy.node.defaultChild as iam.CfnPolicy;
    element.addPropertyOverride(`PolicyDocument.Statement.${index}`, {
      'Fn::If': [condition.logicalId, plain(statement), { Ref: 'AWS::NoValue' }],
      // what stood there stays beside an override
      ...Object.fromEntries(Object.keys(statement).map((name) => [name, undefined])),
    });
  }
  acknowledge(policy, wildcards(role.stack, statements));
  return policy;
}

/** As CDK writes it: lists of one are no lists. */
function plain(statement: Statement): object {
  const entries = Object.entries(statement).map(([name, value]: [string, unknown]) =>
    Array.isArray(value) && value.length === 1 ? [name, value[0] as unknown] : [name, value],
  );
  return Object.fromEntries(entries) as object;
}

const WHY: readonly (readonly [RegExp, string])[] = [
  [
    /^\*$/,
    'Network interfaces of the function: these actions know no resource, and only Lambda itself may use them.',
  ],
  [/\/\*\.instruction$/, 'Instruction files beside recordings, under the fixed prefix of media.'],
  [
    /\/receipts\/.*\.json$/,
    'Signed amendments beside receipts; their names hold ids and the hash of a wrap.',
  ],
  [
    /\/proof\/\*\/checkpoint$/,
    'The pointer of the one log; its folder is named by the id of the organization.',
  ],
  [/\/jobs\/\*\/control\/\*$/, 'Wishes about jobs, below the folder of each; its name is the id of the job.'],
  [/:\*$/, 'Streams of the one log group of the function; their names are made by Lambda.'],
  [/\/\*$/, 'Objects of the one bucket under a fixed prefix; their keys hold ids of recordings.'],
];

/** Each wildcard of a policy with its reason. A wildcard without a reason stays a finding. */
export function wildcards(stack: Stack, statements: readonly Statement[]): Record<string, string> {
  const found = statements.flatMap(({ Resource }) => Resource);
  return Object.fromEntries(
    found.flatMap((resource) => {
      const reason = WHY.find(([pattern]) => pattern.test(resource))?.[1];
      return reason === undefined
        ? []
        : [[`AwsSolutions-IAM5[Resource::${nameOf(stack, resource)}]`, reason]];
    }),
  );
}

/** As cdk-nag writes it: `<LogicalId.Arn>/archive/*`. */
function nameOf(stack: Stack, resource: string): string {
  const resolved: unknown = stack.resolve(resource);
  if (typeof resolved === 'string') return resolved;
  const [, parts] = (resolved as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  return parts.map((part) => (typeof part === 'string' ? part : intrinsic(part as object))).join('');
}

function intrinsic(part: object): string {
  const [value] = Object.values(part) as (string | string[])[];
  return `<${Array.isArray(value) ? value.join('.') : value}>`;
}
