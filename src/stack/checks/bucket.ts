import type { S3Client } from '@aws-sdk/client-s3';
import type { DeploySettings } from '../../config/deploy/settings.ts';
import type { AwsClients } from '../aws-clients.ts';
import { lookAt, sortAwsFailure } from '../aws-failure.ts';
import { fail, type Diagnosis, ok, orOk, skip, warn } from '../diagnosis.ts';

const REDEPLOY = 'deploy the stack again: npx cdk deploy -c settings=genesys-archive.deploy.json';

interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  /** Part of every request; the stack's own account must own its bucket. */
  readonly place: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  readonly signal: AbortSignal;
}

/** Every property of the bucket that the archive relies on. Each is one call, and stands by itself. */
export async function* checkBucket(
  clients: AwsClients,
  { name, owner }: { readonly name: string; readonly owner: string | undefined },
  settings: DeploySettings | undefined,
  signal: AbortSignal,
): AsyncGenerator<Diagnosis, void, undefined> {
  const place = owner === undefined ? { Bucket: name } : { Bucket: name, ExpectedBucketOwner: owner };
  const bucket: Bucket = { client: await clients.s3(), name, place, signal };
  const versioning = await lookAt('bucket', 's3:GetBucketVersioning', () => checkVersioning(bucket));
  yield* versioning;
  // what is not there has no properties to look at
  if (
    versioning.some(({ status }) => status === 'fail') &&
    versioning[0]?.detail.startsWith('it does not exist')
  )
    return;
  yield* await lookAt('public-access', 's3:GetBucketPublicAccessBlock', () => checkPublicAccess(bucket));
  yield* await lookAt('encryption', 's3:GetEncryptionConfiguration', () => checkEncryption(bucket));
  yield* await lookAt('ownership', 's3:GetBucketOwnershipControls', () => checkOwnership(bucket));
  yield* await lookAt('object-lock', 's3:GetBucketObjectLockConfiguration', () =>
    checkLock(bucket, settings),
  );
  yield* await lookAt('policy', 's3:GetBucketPolicy', () => checkPolicy(bucket, settings));
  yield* await lookAt('lifecycle', 's3:GetLifecycleConfiguration', () => checkLifecycle(bucket));
}

async function checkVersioning({ client, name, place, signal }: Bucket): Promise<readonly Diagnosis[]> {
  const { GetBucketVersioningCommand } = await import('@aws-sdk/client-s3');
  const { Status } = await client.send(new GetBucketVersioningCommand(place), {
    abortSignal: signal,
  });
  if (Status === 'Enabled') return [ok('bucket', `${name} keeps versions`)];
  return [
    fail(
      'bucket',
      `${name} keeps no versions: what is deleted or overwritten is gone`,
      `aws s3api put-bucket-versioning --bucket ${name} --versioning-configuration Status=Enabled`,
    ),
  ];
}

async function checkPublicAccess({ client, name, place, signal }: Bucket): Promise<readonly Diagnosis[]> {
  const { GetPublicAccessBlockCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(
    client.send(new GetPublicAccessBlockCommand(place), { abortSignal: signal }),
  );
  const block = answer?.PublicAccessBlockConfiguration ?? {};
  const open = (
    ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const
  ).filter((part) => block[part] !== true);
  if (open.length === 0) return [ok('public-access', 'all of it is blocked')];
  return [
    fail(
      'public-access',
      `it is not blocked: ${open.join(', ')}`,
      `aws s3api put-public-access-block --bucket ${name} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`,
    ),
  ];
}

async function checkEncryption({ client, place, signal }: Bucket): Promise<readonly Diagnosis[]> {
  const { GetBucketEncryptionCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(
    client.send(new GetBucketEncryptionCommand(place), { abortSignal: signal }),
  );
  const algorithm =
    answer?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
  if (algorithm === undefined) {
    return [fail('encryption', 'the second layer, encryption by S3, is not configured', REDEPLOY)];
  }
  return [ok('encryption', `${algorithm} below the archive’s own`)];
}

async function checkOwnership({ client, place, signal }: Bucket): Promise<readonly Diagnosis[]> {
  const { GetBucketOwnershipControlsCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(
    client.send(new GetBucketOwnershipControlsCommand(place), { abortSignal: signal }),
  );
  const ownership = answer?.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
  if (ownership === 'BucketOwnerEnforced')
    return [ok('ownership', 'the bucket owns every object; there are no ACLs')];
  return [
    fail('ownership', `it is ${ownership ?? 'not configured'}: objects can have ACLs of their own`, REDEPLOY),
  ];
}

async function checkLock(
  { client, place, signal }: Bucket,
  settings: DeploySettings | undefined,
): Promise<readonly Diagnosis[]> {
  const { GetObjectLockConfigurationCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(
    client.send(new GetObjectLockConfigurationCommand(place), { abortSignal: signal }),
  );
  const retention = answer?.ObjectLockConfiguration?.Rule?.DefaultRetention;
  const mode = retention?.Mode?.toLowerCase();
  const days = retention?.Days ?? (retention?.Years ?? 0) * 365;
  const found = mode === undefined ? 'no default retention' : `${mode}, ${days} days`;
  if (settings === undefined) return [ok('object-lock', found)];
  const { objectLock } = settings;
  if (objectLock === undefined) {
    return mode === undefined
      ? [ok('object-lock', `${found}, as in the settings`)]
      : [
          warn(
            'object-lock',
            `${found}, of which the settings say nothing`,
            'write it into genesys-archive.deploy.json',
          ),
        ];
  }
  if (mode === objectLock.mode && days === objectLock.days)
    return [ok('object-lock', `${found}, as in the settings`)];
  return [
    fail(
      'object-lock',
      `${found}, not ${objectLock.mode}, ${objectLock.days} days as in the settings`,
      REDEPLOY,
    ),
  ];
}

/** TLS only, nothing is overwritten, and nothing removed. */
async function checkPolicy(
  { client, place, signal }: Bucket,
  settings: DeploySettings | undefined,
): Promise<readonly Diagnosis[]> {
  const { GetBucketPolicyCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(client.send(new GetBucketPolicyCommand(place), { abortSignal: signal }));
  const denials = listDenials(answer?.Policy);
  if (denials === undefined) return [skip('policy', 'the policy of the bucket is not JSON')];
  const problems: Diagnosis[] = [];
  if (!denials.some((conditions) => conditions.includes('"aws:securetransport":"false"'))) {
    problems.push(fail('policy', 'requests without TLS are not denied', REDEPLOY));
  }
  if (!denials.some((conditions) => conditions.includes('"s3:if-none-match":"true"'))) {
    problems.push(
      warn(
        'policy',
        'writes without If-None-Match are not denied: another writer could overwrite recordings',
        REDEPLOY,
      ),
    );
  }
  if (settings?.protectObjects !== false && !deniesRemoving(answer?.Policy)) {
    problems.push(
      warn(
        'policy',
        'removing objects is not denied: IAM policies alone decide who deletes',
        `${REDEPLOY}; or write "protectObjects": false into the settings`,
      ),
    );
  }
  const removals = settings?.protectObjects === false ? '' : ', and removals,';
  return orOk(
    'policy',
    problems,
    `requests without TLS, and writes that could overwrite${removals} are denied`,
  );
}

function deniesRemoving(policy: string | undefined): boolean {
  const { Statement = [] } = JSON.parse(policy ?? '{}') as { Statement?: unknown };
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  return statements.some((statement) => {
    const { Effect, Action } = statement as { Effect?: unknown; Action?: unknown };
    const actions = JSON.stringify(Action ?? '');
    return (
      Effect === 'Deny' && actions.includes('s3:DeleteObject"') && actions.includes('s3:DeleteObjectVersion"')
    );
  });
}

/** The conditions of everything that is denied, in lower case and without the type of their values. */
function listDenials(policy: string | undefined): readonly string[] | undefined {
  try {
    const { Statement = [] } = JSON.parse(policy ?? '{}') as { Statement?: unknown };
    const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return statements.flatMap((statement) => {
      const { Effect, Condition } = statement as { Effect?: unknown; Condition?: unknown };
      if (Effect !== 'Deny' || Condition === undefined) return [];
      return [
        JSON.stringify(Condition)
          .toLowerCase()
          .replace(/:\[("[^"]*")\]/g, ':$1')
          .replace(/:(true|false)\b/g, ':"$1"'),
      ];
    });
  } catch {
    return undefined;
  }
}

async function checkLifecycle({ client, place, signal }: Bucket): Promise<readonly Diagnosis[]> {
  const { GetBucketLifecycleConfigurationCommand } = await import('@aws-sdk/client-s3');
  const answer = await unlessMissing(
    client.send(new GetBucketLifecycleConfigurationCommand(place), { abortSignal: signal }),
  );
  const rules = (answer?.Rules ?? []).filter(({ Status }) => Status === 'Enabled');
  const problems: Diagnosis[] = [];
  if (!rules.some(({ AbortIncompleteMultipartUpload: abort }) => abort !== undefined)) {
    problems.push(
      warn(
        'lifecycle',
        'uploads that were given up are kept, unseen and paid for',
        `${REDEPLOY}; genesys-archive gc removes them`,
      ),
    );
  }
  for (const { ID } of rules.filter(
    ({ Expiration }) => Expiration?.Days !== undefined || Expiration?.Date !== undefined,
  )) {
    problems.push(
      warn(
        'lifecycle',
        `rule ${ID ?? 'without a name'} lets objects expire`,
        'make sure that it is meant, and long enough',
      ),
    );
  }
  return orOk('lifecycle', problems, 'uploads that were given up are removed; nothing expires');
}

/** S3 says "not found" where a bucket has no such configuration; a bucket that does not exist stays an error. */
async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const failure = sortAwsFailure(error);
    if (failure.kind === 'missing' && failure.reason !== 'NoSuchBucket') return undefined;
    throw error;
  }
}
