import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUi } from '../../src/cli/_ui.ts';
import { run } from '../../src/cli/commands/doctor.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { LOOK_PERMISSIONS } from '../../src/stack/check-stack.ts';
import { type Answer, type FakeAws, startFakeAws } from '../stack/fake-aws.ts';
import {
  BUCKET,
  describeSoundStack,
  FUNCTION,
  KEY_ARN,
  ORGANIZATION,
  SETTINGS,
  soundPolicy,
} from '../stack/sound-stack.ts';
import { filesIn, makeDirectory, runCli } from '../cli/run-cli.ts';
import { contextHere } from '../cli/run-here.ts';

let aws: FakeAws;
let simulator: Simulator;
let dir: string;
let remove: () => Promise<void>;
let env: Record<string, string>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  aws = await startFakeAws();
  simulator = await startSimulator({ clientId: 'client', clientSecret: 'canary-client-secret' });
  const { GENESYS_LOGIN_URL = '', GENESYS_API_URL = '' } = simulator.environment();
  env = { ...aws.env, GENESYS_LOGIN_URL, GENESYS_API_URL, ARCHIVE_ALLOW_LOOPBACK: '1' };
  describeSoundStack(aws);
  await writeFile(path.join(dir, 'genesys-archive.deploy.json'), JSON.stringify(SETTINGS));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
  await aws.close();
  await remove();
});

/** As a user runs it. */
async function runDoctor(args: readonly string[] = ['--stack']) {
  const result = await runCli(['doctor', '--json', ...args], { env, cwd: dir });
  return { ...result, ...sortRecords(result.records()) };
}

/** The same in this process, for the many things that can be wrong. */
async function doctor(stack: string | true = true) {
  const records: Record<string, unknown>[] = [];
  const ui = {
    ...createUi({
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env,
      json: true,
      quiet: true,
      debug: false,
      color: false,
    }),
    record: (type: string, fields: object) => void records.push({ type, ...fields }),
  };
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  const code = await run(contextHere(ui, env), [], {
    stack,
    settings: path.join(dir, 'genesys-archive.deploy.json'),
  });
  return { code, stdout: JSON.stringify(records), ...sortRecords(records) };
}

function sortRecords(records: readonly Record<string, unknown>[]) {
  const checks = records.filter(({ type }) => type === 'check');
  const named = (name: string) => checks.filter((check) => check['name'] === name);
  return { checks, named, statusOf: (name: string) => named(name).map(({ status }) => status) };
}

describe('doctor --stack', () => {
  it('finds nothing wrong with a sound stack, asks for all it may and for nothing else, and changes nothing', async () => {
    const result = await runDoctor();
    // Node.js 20 is worth a warning of its own
    const wrong = result.checks.filter(({ name, status }) => name !== 'node' && status !== 'ok');
    expect(wrong).toEqual([]);
    expect(result.code).toBe(0);
    const inOrder =
      'node settings stack function environment credentials signing-key webhook-secret ' +
      'bucket public-access encryption ownership object-lock policy lifecycle key key-rotation ' +
      'queue dead-letters queue-age event-source roles secret-readers network audit-trail replica customer-keys ' +
      'alarms last-archive configuration genesys permissions clock';
    expect(result.checks.map(({ name }) => name)).toEqual(inOrder.split(' '));
    expect([...new Set(aws.calls)].toSorted()).toEqual([...LOOK_PERMISSIONS].toSorted());
    expect(result.records().at(-2)).toMatchObject({ type: 'stack', outputs: { BucketName: BUCKET } });
    expect(await filesIn(dir)).toEqual(['genesys-archive.deploy.json']);
  });

  it('prints nothing secret, and how to read the archive', async () => {
    const { stdout, stderr } = await runCli(['doctor', '--stack'], { env, cwd: dir });
    expect(`${stdout}${stderr}`).not.toContain('canary');
    expect(stdout).toMatch(/^✓ queue {10}3 waiting, 1 being worked on or put off, 2 delayed$/m);
    expect(stdout).toMatch(/^✓ last-archive {3}12 recordings in the last 24 h/m);
    expect(stderr).toBe(
      `all is well\nto read it: export S3_ARCHIVE_BUCKET=${BUCKET} ARCHIVE_CATALOGUE=s3://catalogue ARCHIVE_KMS_KEY_ID=${KEY_ARN} GENESYS_ORGANIZATION_ID=${ORGANIZATION}\n`,
    );
  });

  it('without the file the stack is named, and there is nothing to compare it with', async () => {
    const elsewhere = await makeDirectory();
    const result = await runCli(
      ['doctor', '--json', '--stack', 'GenesysMediaArchive', '--region', 'eu-central-1'],
      {
        env: { ...env, AWS_REGION: '' },
        cwd: elsewhere.dir,
      },
    );
    expect(result.code).toBe(0);
    expect(result.records()[1]).toMatchObject({ name: 'settings', status: 'skip' });
    const nameless = await runCli(['doctor', '--stack'], { env, cwd: elsewhere.dir });
    expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('which stack') as unknown });
    await elsewhere.remove();
  });

  it('plain doctor suggests it where the file is', async () => {
    const { stderr } = await runCli(['doctor'], { env, cwd: dir });
    expect(stderr).toContain('genesys-archive.deploy.json names a stack; to check it: ');
  });

  it('says that no one may assume the auditor’s role where no one is named', async () => {
    const { auditors: _, ...nameless } = SETTINGS;
    await writeFile(path.join(dir, 'genesys-archive.deploy.json'), JSON.stringify(nameless));
    const result = await runDoctor();
    expect(result.named('roles')).toMatchObject([
      { status: 'warn', detail: 'no one may assume the role that restores and verifies' },
    ]);
  });

  it('a broken settings file is one finding; the rest is checked all the same', async () => {
    await writeFile(path.join(dir, 'genesys-archive.deploy.json'), '{"region": "canary"}');
    const result = await doctor('GenesysMediaArchive');
    expect(result.code).toBe(2);
    expect(result.statusOf('settings')).toEqual(['fail']);
    expect(result.statusOf('bucket')).toEqual(['ok']);
    expect(result.stdout).not.toContain('canary');
    await expect(doctor()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

/** An answer of the sound stack, changed. */
function changed(action: string, change: object): Answer {
  const sound = aws.answers.get(action);
  return { ...(typeof sound === 'function' ? {} : sound), ...change };
}

describe('doctor --stack, each thing that can be wrong', () => {
  const variables = (more: Record<string, string>) => () => ({
    ...changed('lambda:GetFunctionConfiguration', {}),
    Environment: { Variables: { GENESYS_ENVIRONMENT: 'mypurecloud.de', ...more } },
  });
  const stack = (change: object) => () => {
    const [one] = (changed('cloudformation:DescribeStacks', {}) as { Stacks: object[] }).Stacks;
    return { Stacks: [{ ...one, ...change }] };
  };
  const mapping = (change: object) => () => {
    const [one] = (changed('lambda:ListEventSourceMappings', {}) as { EventSourceMappings: object[] })
      .EventSourceMappings;
    return { EventSourceMappings: [{ ...one, ...change }] };
  };
  const alarms = (change: object) => () => {
    const [first, ...rest] = (changed('cloudwatch:DescribeAlarms', {}) as { MetricAlarms: object[] })
      .MetricAlarms;
    return { MetricAlarms: [{ ...first, ...change }, ...rest] };
  };
  const of = (action: string, change: object) => () => changed(action, change);
  const fn = 'lambda:GetFunctionConfiguration';

  it.each<[string, string, () => Answer, string, string, RegExp]>([
    [
      'an update that was undone',
      'cloudformation:DescribeStacks',
      stack({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' }),
      'stack',
      'warn',
      /undone/,
    ],
    [
      'an update that goes on',
      'cloudformation:DescribeStacks',
      stack({ StackStatus: 'UPDATE_IN_PROGRESS' }),
      'stack',
      'warn',
      /IN_PROGRESS/,
    ],
    [
      'a creation that failed',
      'cloudformation:DescribeStacks',
      stack({ StackStatus: 'ROLLBACK_COMPLETE' }),
      'stack',
      'fail',
      /ROLLBACK/,
    ],
    [
      'a function that failed',
      fn,
      of(fn, { State: 'Failed', StateReasonCode: 'ImageDeleted' }),
      'function',
      'fail',
      /ImageDeleted/,
    ],
    [
      'an update of it that failed',
      fn,
      of(fn, { LastUpdateStatus: 'Failed' }),
      'function',
      'fail',
      /update failed/,
    ],
    ['a runtime of the past', fn, of(fn, { Runtime: 'nodejs18.x' }), 'function', 'fail', /nodejs18/],
    ['an older runtime', fn, of(fn, { Runtime: 'nodejs22.x' }), 'function', 'warn', /nodejs22/],
    ['the dearer architecture', fn, of(fn, { Architectures: ['x86_64'] }), 'function', 'warn', /x86_64/],
    ['little memory', fn, of(fn, { MemorySize: 128 }), 'function', 'warn', /128 MB/],
    ['little time', fn, of(fn, { Timeout: 60 }), 'function', 'warn', /60 s/],
    [
      'a secret in clear',
      fn,
      variables({ ENCRYPTION_KEY_HEX: 'canary' }),
      'environment',
      'fail',
      /ENCRYPTION_KEY_HEX is there in clear/,
    ],
    [
      'a client secret in clear',
      fn,
      variables({ GENESYS_CLIENT_SECRET: 'canary' }),
      'environment',
      'fail',
      /GENESYS_CLIENT_SECRET/,
    ],
    [
      'the permission for loopback',
      fn,
      variables({ ARCHIVE_ALLOW_LOOPBACK: '1' }),
      'environment',
      'fail',
      /LOOPBACK/,
    ],
    [
      'webhooks open to all',
      fn,
      variables({ ARCHIVE_WEBHOOK_OPEN: '1' }),
      'environment',
      'warn',
      /unsigned requests/,
    ],
    [
      'another S3 than AWS',
      fn,
      variables({ AWS_ENDPOINT_URL_S3: 'https://canary' }),
      'environment',
      'fail',
      /AWS_ENDPOINT_URL_S3/,
    ],
    [
      'settings that make no sense',
      fn,
      variables({ GENESYS_FORMAT: 'FLAC' }),
      'configuration',
      'fail',
      /GENESYS_FORMAT/,
    ],
    [
      'a secret without a value',
      'secretsmanager:GetSecretValue',
      () => ({ refuse: 'ResourceNotFoundException' }),
      'credentials',
      'fail',
      /no value yet/,
    ],
    [
      'a secret of another form',
      'secretsmanager:GetSecretValue',
      () => ({ SecretString: '{"id": "canary"}' }),
      'credentials',
      'fail',
      /clientId/,
    ],
    [
      'no signing key',
      'secretsmanager:DescribeSecret',
      () => ({ VersionIdsToStages: {} }),
      'signing-key',
      'fail',
      /no value yet/,
    ],
    [
      'a secret being deleted',
      'secretsmanager:DescribeSecret',
      () => ({ DeletedDate: 1_700_000_000 }),
      'webhook-secret',
      'fail',
      /deleted/,
    ],
    [
      'no versions',
      's3:GetBucketVersioning',
      () => ({ VersioningConfiguration: {} }),
      'bucket',
      'fail',
      /no versions/,
    ],
    [
      'no bucket',
      's3:GetBucketVersioning',
      () => ({ refuse: 'NoSuchBucket' }),
      'bucket',
      'fail',
      /does not exist/,
    ],
    [
      'public access',
      's3:GetBucketPublicAccessBlock',
      () => ({ refuse: 'NoSuchPublicAccessBlockConfiguration' }),
      'public-access',
      'fail',
      /BlockPublicAcls/,
    ],
    [
      'no encryption',
      's3:GetEncryptionConfiguration',
      () => ({ refuse: 'ServerSideEncryptionConfigurationNotFoundError' }),
      'encryption',
      'fail',
      /not configured/,
    ],
    [
      'ACLs',
      's3:GetBucketOwnershipControls',
      () => ({ refuse: 'OwnershipControlsNotFoundError' }),
      'ownership',
      'fail',
      /ACLs/,
    ],
    [
      'no lock',
      's3:GetBucketObjectLockConfiguration',
      () => ({ refuse: 'ObjectLockConfigurationNotFoundError' }),
      'object-lock',
      'fail',
      /no default retention, not governance/,
    ],
    ['no policy', 's3:GetBucketPolicy', () => ({ refuse: 'NoSuchBucketPolicy' }), 'policy', 'fail', /TLS/],
    [
      'a policy that lets overwrite',
      's3:GetBucketPolicy',
      () => ({ Policy: JSON.stringify({ Statement: soundPolicy().Statement[0] }) }),
      'policy',
      'warn',
      /If-None-Match/,
    ],
    [
      'a policy that lets remove',
      's3:GetBucketPolicy',
      () => ({ Policy: JSON.stringify({ Statement: soundPolicy().Statement.slice(0, 2) }) }),
      'policy',
      'warn',
      /removing objects is not denied/,
    ],
    [
      'secrets that every administrator reads',
      'secretsmanager:GetResourcePolicy',
      () => ({}),
      'secret-readers',
      'warn',
      /does not deny reading/,
    ],
    [
      'no replica',
      's3:GetReplicationConfiguration',
      () => ({ refuse: 'ReplicationConfigurationNotFoundError' }),
      'replica',
      'fail',
      /nothing is copied/,
    ],
    [
      'a function outside the VPC',
      'lambda:GetFunctionConfiguration',
      () => changed('lambda:GetFunctionConfiguration', { VpcConfig: {} }),
      'network',
      'fail',
      /runs in no VPC/,
    ],
    [
      'secrets under the key of AWS',
      'secretsmanager:DescribeSecret',
      () => ({ VersionIdsToStages: { one: ['AWSCURRENT'] } }),
      'customer-keys',
      'fail',
      /AWS’s own key/,
    ],
    [
      'leftovers that stay',
      's3:GetLifecycleConfiguration',
      () => ({ refuse: 'NoSuchLifecycleConfiguration' }),
      'lifecycle',
      'warn',
      /given up/,
    ],
    [
      'objects that expire',
      's3:GetLifecycleConfiguration',
      () => ({
        LifecycleConfiguration: {
          Rule: [
            { ID: 'old', Status: 'Enabled', Expiration: { Days: 30 } },
            { Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
          ],
        },
      }),
      'lifecycle',
      'warn',
      /rule old/,
    ],
    [
      'a key that will be deleted',
      'kms:DescribeKey',
      () => ({
        KeyMetadata: {
          KeyState: 'PendingDeletion',
          KeySpec: 'SYMMETRIC_DEFAULT',
          DeletionDate: 1_800_000_000,
        },
      }),
      'key',
      'fail',
      /2027-01-15/,
    ],
    [
      'a key that is disabled',
      'kms:DescribeKey',
      () => ({ KeyMetadata: { KeyState: 'Disabled' } }),
      'key',
      'fail',
      /Disabled/,
    ],
    [
      'a key of another kind',
      'kms:DescribeKey',
      () => ({ KeyMetadata: { KeyState: 'Enabled', KeySpec: 'RSA_3072' } }),
      'key',
      'fail',
      /RSA_3072/,
    ],
    [
      'a key that stays',
      'kms:GetKeyRotationStatus',
      () => ({ KeyRotationEnabled: false }),
      'key-rotation',
      'warn',
      /never/,
    ],
    [
      'a queue too impatient',
      'sqs:GetQueueAttributes',
      () => ({ Attributes: { VisibilityTimeout: '900' } }),
      'queue',
      'fail',
      /less than six times/,
    ],
    [
      'a queue that drops',
      'sqs:GetQueueAttributes',
      () => ({ Attributes: { VisibilityTimeout: '5400' } }),
      'queue',
      'fail',
      /no dead-letter queue/,
    ],
    [
      'dead letters',
      'sqs:GetQueueAttributes',
      () => ({ Attributes: { QueueArn: 'x', ApproximateNumberOfMessages: '4' } }),
      'dead-letters',
      'fail',
      /4 events/,
    ],
    [
      'old messages, nothing archived',
      'cloudwatch:GetMetricData',
      () => ({ MetricDataResults: [{ Timestamps: [1_800_000_000], Values: [9_000] }] }),
      'queue-age',
      'warn',
      /150 min/,
    ],
    [
      'nothing archived',
      'cloudwatch:GetMetricData',
      () => ({ MetricDataResults: [{ Timestamps: [], Values: [] }] }),
      'last-archive',
      'warn',
      /nothing has been archived/,
    ],
    [
      'a mapping that is off',
      'lambda:ListEventSourceMappings',
      mapping({ State: 'Disabled' }),
      'event-source',
      'fail',
      /Disabled/,
    ],
    [
      'batches that fail as a whole',
      'lambda:ListEventSourceMappings',
      mapping({ FunctionResponseTypes: [] }),
      'event-source',
      'fail',
      /one by one/,
    ],
    [
      'no limit',
      'lambda:ListEventSourceMappings',
      mapping({ ScalingConfig: undefined }),
      'event-source',
      'warn',
      /limits/,
    ],
    [
      'another limit',
      'lambda:ListEventSourceMappings',
      mapping({ ScalingConfig: { MaximumConcurrency: 9 } }),
      'event-source',
      'warn',
      /9 invocations/,
    ],
    [
      'no mapping',
      'lambda:ListEventSourceMappings',
      () => ({ EventSourceMappings: [] }),
      'event-source',
      'fail',
      /nothing feeds/,
    ],
    [
      'an alarm',
      'cloudwatch:DescribeAlarms',
      alarms({ StateValue: 'ALARM' }),
      'alarms',
      'fail',
      /^queue-is-old rings/,
    ],
    [
      'an alarm that is turned off',
      'cloudwatch:DescribeAlarms',
      alarms({ AlarmActions: [] }),
      'alarms',
      'warn',
      /1 of 5 are turned off/,
    ],
    [
      'no alarms',
      'cloudwatch:DescribeAlarms',
      () => ({ MetricAlarms: [] }),
      'alarms',
      'fail',
      /has no alarm/,
    ],
  ])('%s', async (_what, action, answer, name, status, detail) => {
    aws.answers.set(action, answer());
    const result = await doctor();
    expect(result.named(name)).toContainEqual(
      expect.objectContaining({
        status,
        detail: expect.stringMatching(detail) as unknown,
        fix: expect.any(String) as unknown,
      }),
    );
    expect(result.code).toBe(result.checks.some((check) => check['status'] === 'fail') ? 2 : 0);
    expect(result.stdout).not.toContain('canary');
    // nothing that is wrong keeps the rest from being looked at
    expect(result.checks.at(-1)?.['name']).toMatch(/^(?:clock|configuration)$/);
  });

  it('settings that say nothing of a lock', async () => {
    const { objectLock: _, ...rest } = SETTINGS;
    await writeFile(path.join(dir, 'genesys-archive.deploy.json'), JSON.stringify(rest));
    expect((await doctor()).statusOf('object-lock')).toEqual(['warn']);
  });

  it('credentials that Genesys Cloud refuses: exit 4', async () => {
    aws.answers.set('secretsmanager:GetSecretValue', {
      SecretString: JSON.stringify({ clientId: 'client', clientSecret: 'canary-wrong' }),
    });
    const result = await doctor();
    expect(result.code).toBe(4);
    expect(result.named('genesys')).toMatchObject([{ status: 'fail', code: 'GENESYS_AUTH_REJECTED' }]);
    expect(result.stdout).not.toContain('canary');
  });
});

describe('doctor --stack, when AWS does not answer', () => {
  it.each(LOOK_PERMISSIONS.filter((action) => action !== 'cloudformation:DescribeStacks'))(
    'without %s that look is skipped and names the permission',
    async (action) => {
      aws.answers.set(action, {
        refuse: 'AccessDeniedException',
        status: action.startsWith('s3:') ? 403 : 400,
      });
      const result = await doctor();
      const skipped = result.checks.filter(({ status, fix }) => status === 'skip' && fix !== undefined);
      expect(skipped.length).toBeGreaterThan(0);
      for (const { fix } of skipped) expect(fix).toBe(`allow ${action} to who runs doctor`);
      expect(result.code).toBe(0);
      expect(result.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    },
  );

  it('without cloudformation:DescribeStacks, or with unknown credentials: exit 4', async () => {
    for (const refuse of ['AccessDenied', 'InvalidClientTokenId', 'ExpiredToken']) {
      aws.answers.set('cloudformation:DescribeStacks', { refuse, status: 403 });
      const result = await doctor();
      expect(result.code).toBe(4);
      expect(result.statusOf('stack')).toEqual(['fail']);
      expect(result.checks.at(-1)).toMatchObject({ name: 'parts', status: 'skip' });
      expect(result.stdout).not.toContain('canary');
    }
  });

  it('a stack that does not exist, or is another product’s: exit 2', async () => {
    aws.answers.set('cloudformation:DescribeStacks', { refuse: 'ValidationError' });
    expect(await doctor()).toMatchObject({ code: 2 });
    aws.answers.set('cloudformation:DescribeStacks', {
      Stacks: [
        { StackStatus: 'CREATE_COMPLETE', Outputs: [{ OutputKey: 'FunctionName', OutputValue: FUNCTION }] },
      ],
    });
    const result = await doctor();
    expect(result.code).toBe(2);
    expect(result.named('stack').at(-1)).toMatchObject({ status: 'fail', code: 'STACK_MISSING' });
    expect(result.statusOf('function')).toEqual(['ok']);
  });

  it('an AWS that cannot be reached: a finding, not a crash', async () => {
    await aws.close();
    const result = await runDoctor();
    expect(result.code).toBe(2);
    expect(result.named('stack')).toMatchObject([{ status: 'fail', code: 'AWS_UNAVAILABLE' }]);
    aws = await startFakeAws();
  });
});
