import { Duration, type Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { Statement } from './policies.ts';

/** A role and nothing else: no managed policy, no policy yet. */
export function createRole(
  scope: Construct,
  id: string,
  description: string,
  assumedBy: iam.IPrincipal,
): iam.Role {
  return new iam.Role(scope, id, { description, assumedBy, maxSessionDuration: Duration.hours(1) });
}

/** Gives exactly these statements to the role. A policy of its own, because role and key name one another. */
export function givePolicy(role: iam.Role, statements: readonly Statement[]): iam.Policy {
  const policy = new iam.Policy(role, 'Policy', {
    roles: [role],
    document: iam.PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements }),
  });
  acknowledge(policy, wildcards(role.stack, statements));
  return policy;
}

const WHY: readonly (readonly [RegExp, string])[] = [
  [/:\*$/, 'Streams of the one log group of the function; their names are made by Lambda.'],
  [/\/\*$/, 'Objects of the one bucket under a fixed prefix; their keys hold ids of recordings.'],
];

/** Each wildcard of a policy with its reason. A wildcard that nobody has argued for stays a finding. */
function wildcards(stack: Stack, statements: readonly Statement[]): Record<string, string> {
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
