import type { DeploySettings } from '../../config/deploy/settings.ts';
import { present } from '../../present.ts';
import type { AwsClients } from '../aws-clients.ts';
import { lookAt, sortAwsFailure } from '../aws-failure.ts';
import { fail, type Diagnosis, ok, orOk, skip, warn } from '../diagnosis.ts';
import type { StackOutputs } from '../read-stack.ts';

const FILE = 'genesys-archive.deploy.json';
const REDEPLOY = `deploy the stack again: npx cdk deploy -c settings=${FILE}`;

interface Hardened {
  readonly clients: AwsClients;
  readonly outputs: StackOutputs;
  readonly settings: DeploySettings | undefined;
  readonly signal: AbortSignal;
}

/** Who may do what, and the parts that settings add. What only the settings tell is skipped without them. */
export async function* checkHardening(hardened: Hardened): AsyncGenerator<Diagnosis, void, undefined> {
  const { outputs, settings } = hardened;
  yield* checkRoles(settings);
  const secrets = [outputs.CredentialsSecretArn, outputs.SigningKeySecretArn, outputs.WebhookSecretArn];
  yield* await lookAt('secret-readers', 'secretsmanager:GetResourcePolicy', () =>
    checkSecretPolicies(
      hardened,
      secrets.filter((arn) => arn !== undefined),
    ),
  );
  if (settings === undefined) return;
  if (settings.vpc) {
    yield* await lookAt('network', 'lambda:GetFunctionConfiguration', () => checkNetwork(hardened));
  }
  if (settings.auditTrail) {
    yield outputs.AuditTrailName === undefined
      ? fail('audit-trail', 'the settings ask for one, and the stack has none', REDEPLOY)
      : ok('audit-trail', `the stack has ${outputs.AuditTrailName}; its alarms are among those below`);
  }
  if (settings.replica !== undefined) {
    const { bucketArn } = settings.replica;
    yield* await lookAt('replica', 's3:GetReplicationConfiguration', () => checkReplica(hardened, bucketArn));
  }
  if (settings.customerKeys) {
    yield* await lookAt('customer-keys', 'secretsmanager:DescribeSecret', () => checkSecretKey(hardened));
  }
}

function checkRoles(settings: DeploySettings | undefined): readonly Diagnosis[] {
  const name = 'roles';
  if (settings === undefined) {
    return [skip(name, `who may assume the roles is not known without ${FILE}`)];
  }
  const { auditors, rewrappers, releasers, erasers, requireMfa } = settings;
  if (auditors.length === 0) {
    return [
      warn(
        name,
        'no one may assume the role that restores and verifies',
        `name its users in "auditors" of ${FILE}, and deploy the stack again`,
      ),
    ];
  }
  const mfa = requireMfa ? ', with MFA only' : '';
  const further = [
    ...(releasers.length === 0 ? [] : [`${releasers.length} that for releases from quarantine`]),
    ...(erasers.length === 0 ? [] : [`${erasers.length} that for erasures`]),
  ].map((one) => `, ${one}`);
  return [
    ok(
      name,
      `${auditors.length} may assume the auditor’s role, ${rewrappers.length} that for rewrap${further.join('')}${mfa}`,
    ),
  ];
}

async function checkSecretPolicies(
  { clients, signal }: Hardened,
  secretArns: readonly string[],
): Promise<readonly Diagnosis[]> {
  const name = 'secret-readers';
  const { GetResourcePolicyCommand } = await import('@aws-sdk/client-secrets-manager');
  const manager = await clients.secretsManager();
  const open: string[] = [];
  for (const SecretId of secretArns) {
    const { ResourcePolicy = '' } = await manager.send(new GetResourcePolicyCommand({ SecretId }), {
      abortSignal: signal,
    });
    if (!deniesReading(ResourcePolicy)) open.push(SecretId.split(':').slice(6).join(':'));
  }
  const problems = open.map((secret) =>
    warn(name, `the policy of ${secret} does not deny reading: IAM policies alone decide`, REDEPLOY),
  );
  return orOk(name, problems, 'only the function, and whom the settings name, may read the secrets');
}

function deniesReading(policy: string): boolean {
  try {
    const { Statement = [] } = JSON.parse(policy) as { Statement?: unknown };
    const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return statements.some((statement) => {
      const { Effect, Action, Condition } = statement as Readonly<Record<string, unknown>>;
      const actions = JSON.stringify(Action ?? '');
      const conditions = JSON.stringify(Condition ?? '');
      return (
        Effect === 'Deny' &&
        /secretsmanager:(?:GetSecretValue|\*)/i.test(actions) &&
        conditions.includes('aws:PrincipalArn')
      );
    });
  } catch {
    return false;
  }
}

async function checkNetwork({ clients, outputs, signal }: Hardened): Promise<readonly Diagnosis[]> {
  const name = 'network';
  const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = await clients.lambda();
  const { VpcConfig } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: outputs.FunctionName }),
    { abortSignal: signal },
  );
  if ((VpcConfig?.SubnetIds ?? []).length === 0) {
    return [fail(name, 'the function runs in no VPC, which the settings want', REDEPLOY)];
  }
  return [
    ok(name, `the function runs in ${VpcConfig?.VpcId}; Genesys Cloud sees ${outputs.EgressAddress ?? '?'}`),
  ];
}

async function checkReplica(
  { clients, outputs, signal }: Hardened,
  bucketArn: string,
): Promise<readonly Diagnosis[]> {
  const name = 'replica';
  const { GetBucketReplicationCommand } = await import('@aws-sdk/client-s3');
  const client = await clients.s3();
  const owner = outputs.KeyArn?.split(':')[4];
  const answer = await client
    .send(
      new GetBucketReplicationCommand({
        Bucket: outputs.BucketName,
        ...present({ ExpectedBucketOwner: owner }),
      }),
      { abortSignal: signal },
    )
    .catch((error: unknown) => {
      if (sortAwsFailure(error).kind === 'missing') return undefined;
      throw error;
    });
  const rules = answer?.ReplicationConfiguration?.Rules ?? [];
  const rule = rules.find(({ Destination }) => Destination?.Bucket === bucketArn);
  if (rule?.Status === 'Enabled') return [ok(name, `every object is copied to ${bucketArn}`)];
  return [fail(name, `nothing is copied to ${bucketArn}, which the settings want`, REDEPLOY)];
}

async function checkSecretKey({ clients, outputs, signal }: Hardened): Promise<readonly Diagnosis[]> {
  const name = 'customer-keys';
  const { DescribeSecretCommand } = await import('@aws-sdk/client-secrets-manager');
  const manager = await clients.secretsManager();
  const { KmsKeyId } = await manager.send(
    new DescribeSecretCommand({ SecretId: outputs.CredentialsSecretArn }),
    { abortSignal: signal },
  );
  return KmsKeyId === undefined
    ? [fail(name, 'the secrets are under AWS’s own key, not one of the account as in the settings', REDEPLOY)]
    : [ok(name, `the secrets are under ${KmsKeyId}`)];
}
