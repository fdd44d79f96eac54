import { STACK_OUTPUTS, type StackOutput } from '../config/deploy/settings.ts';
import type { AwsClients } from './aws-clients.ts';
import { describeFailure, sortAwsFailure } from './aws-failure.ts';
import { fail, type Diagnosis, ok, warn } from './diagnosis.ts';

export type StackOutputs = Readonly<Partial<Record<StackOutput, string>>>;

/** There only with a webhook, a verification, a VPC, an audit trail, or in the place of another. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'WebhookUrl',
  'WebhookSecretArn',
  'SigningKeyArn',
  'BackfillSecretArn',
  'VerifierFunctionName',
  'JobRunnerFunctionName',
  'CompactorFunctionName',
  'FactsFunctionName',
  'DrillerFunctionName',
  'DrillKeyArn',
  'KeyRecordsBucketName',
  'ReleaserRoleArn',
  'EraserRoleArn',
  'RetainerFunctionName',
  'SealerFunctionName',
  'LogKeyArn',
  'EgressAddress',
  'AuditTrailName',
  'AthenaWorkGroupName',
  'AthenaTableName',
  'AnalystPolicyArn',
  'ConsoleUrl',
  'ConsoleSecretArn',
]);

/**
 * The stack's state and outputs.
 * @returns without `outputs` when nothing else can be looked at.
 */
export async function readStack(
  clients: AwsClients,
  stackName: string,
  signal: AbortSignal,
): Promise<{ readonly findings: readonly Diagnosis[]; readonly outputs: StackOutputs | undefined }> {
  const name = 'stack';
  try {
    const { DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
    const client = await clients.cloudFormation();
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }), {
      abortSignal: signal,
    });
    const [stack] = Stacks;
    if (stack === undefined) return { findings: [missing(stackName)], outputs: undefined };
    const found = new Map(
      (stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]),
    );
    const outputs: Partial<Record<StackOutput, string>> = {};
    for (const output of STACK_OUTPUTS) {
      const value = found.get(output);
      if (value !== undefined) outputs[output] = value;
    }
    const changed = stack.LastUpdatedTime ?? stack.CreationTime;
    const findings = [
      describeStatus(stackName, stack.StackStatus ?? 'of unknown state', changed),
      ...describeLacking(outputs),
    ];
    return { findings, outputs };
  } catch (error) {
    const failure = sortAwsFailure(error);
    if (failure.kind === 'missing') return { findings: [missing(stackName)], outputs: undefined };
    const finding = describeFailure(name, 'cloudformation:DescribeStacks', failure);
    // without its outputs there is nothing to look at, so this is no mere gap
    const refused = failure.kind === 'denied' ? ({ status: 'fail', code: 'AWS_DENIED' } as const) : {};
    return { findings: [{ ...finding, ...refused }], outputs: undefined };
  }
}

function missing(stackName: string): Diagnosis {
  return fail(
    'stack',
    `there is no stack ${stackName} in this account and region`,
    'check --stack, --region and AWS_PROFILE; docs/quickstart.md says how to deploy one',
    'STACK_MISSING',
  );
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html */
function describeStatus(stackName: string, status: string, changed: Date | undefined): Diagnosis {
  const detail = `${stackName}: ${status}${changed === undefined ? '' : `, last changed ${changed.toISOString()}`}`;
  const events = `aws cloudformation describe-stack-events --stack-name ${stackName} says why`;
  if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return ok('stack', detail);
  if (status.endsWith('_IN_PROGRESS'))
    return warn('stack', detail, 'wait until it is complete, and run this again');
  if (status === 'UPDATE_ROLLBACK_COMPLETE') {
    return warn('stack', `${detail}: the last deployment failed and was undone`, events);
  }
  return fail('stack', detail, events);
}

function describeLacking(outputs: StackOutputs): Diagnosis[] {
  const isThere = (name: StackOutput) => outputs[name] !== undefined;
  const isElsewhere = (name: StackOutput) => name === 'SigningKeySecretArn' && isThere('SigningKeyArn');
  const lacking = STACK_OUTPUTS.filter((name) => !isThere(name) && !OPTIONAL.has(name) && !isElsewhere(name));
  if (lacking.length === 0) return [];
  return [
    fail(
      'stack',
      `it lacks the outputs ${lacking.join(', ')}`,
      'name a stack of this program with --stack, or deploy its present version',
      'STACK_MISSING',
    ),
  ];
}
