import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../../src/config/deploy/file.ts';
import { deploySettings } from '../../src/config/deploy/settings.ts';
import { decide, type Request } from './evaluate-policy.ts';
import { AUDITOR_PERSON, BREAK_GLASS, HARDENED, OPERATOR, REPLICA, REWRAP_PERSON } from './hardened.ts';
import { ACCOUNT, arnOf, REGION, type ResolvedTemplate } from './resolve-template.ts';
import {
  MAX_INSTRUCTION_BYTES,
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let hardened: Synthesised;
let largest: Synthesised;
let template: ResolvedTemplate;
beforeAll(() => {
  hardened = synthesiseSettings(HARDENED);
  largest = synthesiseSettings(MAX_INSTRUCTION_BYTES);
  ({ template } = hardened);
});
afterAll(() => {
  hardened.end();
  largest.end();
});

const administrator = `arn:aws:iam::${ACCOUNT}:role/Administrator`;
const roleArn = (name: string, of = template) => arnOf(resourceOf(of, 'AWS::IAM::Role', `Archive${name}`)[0]);

it('with everything switched on leaves cdk-nag nothing to find', () => {
  expect(new AwsSolutionsChecks().validateScope(hardened.stack).violations).toEqual([]);
});

describe('the roles that people assume', () => {
  const trust = (of: ResolvedTemplate, name: string) =>
    propertiesOf(of, 'AWS::IAM::Role', `Archive${name}`)['AssumeRolePolicyDocument'];
  const assume = (principal: string, keys: Record<string, string> = {}): Request => ({
    action: 'sts:AssumeRole',
    resource: '*',
    principal,
    keys,
  });
  /** A trust policy states no resource. */
  const judge = (document: unknown, request: Request) => {
    const { Statement } = document as { Statement: object[] };
    return decide({ Statement: Statement.map((statement) => ({ Resource: '*', ...statement })) }, request);
  };

  it('let no user in, administrators neither, while none is named', () => {
    for (const name of ['Auditor', 'Rewrap']) {
      const document = trust(largest.template, name);
      for (const principal of [administrator, `arn:aws:iam::${ACCOUNT}:root`]) {
        expect(judge(document, assume(principal, { 'aws:MultiFactorAuthPresent': 'true' }))).toBe('deny');
      }
    }
  });

  it('let in who is named for that role, and where it is asked for only with MFA', () => {
    const mfa = { 'aws:MultiFactorAuthPresent': 'true' };
    for (const [name, person, other] of [
      ['Auditor', AUDITOR_PERSON, REWRAP_PERSON],
      ['Rewrap', REWRAP_PERSON, AUDITOR_PERSON],
    ] as const) {
      const document = trust(template, name);
      expect(judge(document, assume(person, mfa))).toBe('allow');
      expect(judge(document, assume(person))).not.toBe('allow');
      expect(judge(document, assume(person, { 'aws:MultiFactorAuthPresent': 'false' }))).not.toBe('allow');
      expect(judge(document, assume(other, mfa))).not.toBe('allow');
      expect(judge(document, assume(administrator, mfa))).not.toBe('allow');
    }
  });

  it('are those of services only where they are not for people', () => {
    const services = resourcesOf(template, 'AWS::IAM::Role').flatMap(([, { Properties }]) => {
      const text = JSON.stringify(Properties['AssumeRolePolicyDocument']);
      return [...text.matchAll(/"Service":"([a-z0-9.]+)"/g)].map(([, service]) => service);
    });
    expect(new Set(services)).toEqual(
      new Set([
        'cloudtrail.amazonaws.com',
        'lambda.amazonaws.com',
        's3.amazonaws.com',
        'scheduler.amazonaws.com',
      ]),
    );
  });
});

describe('the bucket', () => {
  const policy = (of = template) =>
    propertiesOf(of, 'AWS::S3::BucketPolicy', 'BucketObjects')['PolicyDocument'];
  const bucketArn = (of = template) => arnOf(resourceOf(of, 'AWS::S3::Bucket', 'BucketObjects')[0]);
  const ask = (
    action: string,
    principal: string,
    keys: Record<string, string> = {},
    of = template,
  ): Request => ({
    action,
    resource:
      /Object|Bypass/.test(action) && !/Bucket/.test(action) ? `${bucketArn(of)}/archive/a` : bucketArn(of),
    principal,
    keys: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', ...keys },
  });
  const REMOVALS = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'];
  const LOOSENINGS = [
    's3:PutLifecycleConfiguration',
    's3:PutBucketVersioning',
    's3:PutBucketObjectLockConfiguration',
    's3:DeleteBucket',
  ];

  it('lets only the break-glass role remove an object or bypass its lock', () => {
    for (const action of REMOVALS) {
      for (const principal of [administrator, roleArn('Writer'), roleArn('Auditor'), roleArn('Rewrap')]) {
        expect([action, decide(policy(), ask(action, principal))]).toEqual([action, 'deny']);
      }
      expect(decide(policy(), ask(action, BREAK_GLASS))).toBe('no statement');
    }
  });

  it('lets no role do so where no such role is named', () => {
    const of = largest.template;
    for (const action of REMOVALS) {
      for (const principal of [administrator, BREAK_GLASS]) {
        expect(decide(policy(of), ask(action, principal, {}, of))).toBe('deny');
      }
    }
  });

  it('has its rules changed by deployments and the break-glass role only', () => {
    const deployment = `arn:aws:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-${REGION}`;
    for (const action of LOOSENINGS) {
      expect(decide(policy(), ask(action, administrator))).toBe('deny');
      expect(decide(policy(), ask(action, roleArn('Writer')))).toBe('deny');
      expect(decide(policy(), ask(action, BREAK_GLASS))).toBe('no statement');
      expect(decide(policy(), ask(action, deployment))).toBe('no statement');
      const viaCloudFormation = { 'aws:CalledVia': 'cloudformation.amazonaws.com' };
      expect(decide(policy(), ask(action, administrator, viaCloudFormation))).toBe('no statement');
      // a role of another account with that name is not ours
      expect(decide(policy(), ask(action, deployment.replace(ACCOUNT, '999999999999')))).toBe('deny');
    }
  });

  it('still takes what is absent, self-copies and replaced instruction files, and lets holds and longer locks be set', () => {
    const created = { 's3:ObjectCreationOperation': 'true' };
    const put = (principal: string, keys: Record<string, string>) =>
      decide(policy(), ask('s3:PutObject', principal, { ...created, ...keys }));
    expect(put(roleArn('Writer'), { 's3:if-none-match': '*' })).toBe('no statement');
    expect(put(roleArn('Rewrap'), { 's3:x-amz-copy-source': 'b/archive/a' })).toBe('no statement');
    expect(put(roleArn('Rewrap'), { 's3:if-match': '"e"' })).toBe('no statement');
    expect(put(administrator, {})).toBe('deny');
    expect(put(BREAK_GLASS, {})).toBe('no statement');
    for (const action of ['s3:PutObjectRetention', 's3:PutObjectLegalHold', 's3:AbortMultipartUpload']) {
      expect(decide(policy(), ask(action, administrator))).toBe('no statement');
    }
  });

  it('leaves removals to IAM policies where the settings say so', () => {
    const open = synthesiseSettings({ ...SMALLEST, protectObjects: false });
    open.end();
    for (const action of [...REMOVALS, ...LOOSENINGS]) {
      const document = policy(open.template);
      expect(decide(document, ask(action, administrator, {}, open.template))).toBe('no statement');
    }
  });

  it('copies everything to the replica, whose account then owns it, and passes no deletion on', () => {
    const { ReplicationConfiguration } = propertiesOf(template, 'AWS::S3::Bucket', 'BucketObjects');
    expect(ReplicationConfiguration).toEqual({
      Role: roleArn('Replicator'),
      Rules: [
        {
          Id: 'copy-everything',
          Status: 'Enabled',
          Priority: 1,
          Filter: { Prefix: '' },
          DeleteMarkerReplication: { Status: 'Disabled' },
          Destination: {
            Bucket: REPLICA.bucketArn,
            Account: REPLICA.account,
            AccessControlTranslation: { Owner: 'Destination' },
          },
        },
      ],
    });
    expect(JSON.stringify(propertiesOf(template, 'AWS::IAM::Policy', 'Replicator'))).not.toContain('Delete');
    expect(propertiesOf(largest.template, 'AWS::S3::Bucket', 'BucketObjects')).not.toHaveProperty(
      'ReplicationConfiguration',
    );
  });
});

describe('the secrets', () => {
  it('are read by the function and by who is named, and by no administrator', () => {
    const policies = resourcesOf(template, 'AWS::SecretsManager::ResourcePolicy');
    expect(policies.map(([, { Properties }]) => Properties['SecretId'])).toEqual(
      resourcesOf(template, 'AWS::SecretsManager::Secret').map(([id]) => id),
    );
    for (const [, { Properties }] of policies) {
      expect(Properties['BlockPublicPolicy']).toBe(true);
      for (const action of ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue']) {
        const read = (principal: string) =>
          decide(Properties['ResourcePolicy'], { action, resource: 'secret', principal });
        expect(read(administrator)).toBe('deny');
        expect(read(roleArn('Auditor'))).toBe('deny');
        expect(read(BREAK_GLASS)).toBe('deny');
        expect(read(roleArn('Writer'))).toBe('no statement');
        expect(read(OPERATOR)).toBe('no statement');
      }
    }
  });
});

describe('the entry for webhooks', () => {
  it('is a function of its own with reserved invocations, so that a flood takes none from the queue', () => {
    expect(propertiesOf(largest.template, 'AWS::Lambda::Function', 'Webhook')).toMatchObject({
      ReservedConcurrentExecutions: 5,
    });
    const handler = propertiesOf(largest.template, 'AWS::Lambda::Function', 'Handler');
    expect(handler).not.toHaveProperty('ReservedConcurrentExecutions');
    const { TargetFunctionArn } = propertiesOf(largest.template, 'AWS::Lambda::Url');
    expect(TargetFunctionArn).toBe(
      arnOf(resourceOf(largest.template, 'AWS::Lambda::Function', 'Webhook')[0]),
    );
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Webhook')['ReservedConcurrentExecutions']).toBe(
      7,
    );
  });

  it('reserves nothing where the account has nothing to spare', () => {
    const { template: plain, end } = synthesiseSettings({
      ...MAX_INSTRUCTION_BYTES,
      webhookConcurrency: null,
    });
    end();
    expect(propertiesOf(plain, 'AWS::Lambda::Function', 'Webhook')).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    );
  });

  it('is an API Gateway with a web ACL instead of a Function URL where the settings say so', () => {
    expect(resourcesOf(template, 'AWS::Lambda::Url')).toEqual([]);
    expect(resourcesOf(template, 'AWS::ApiGateway::Method')).toHaveLength(1);
    expect(propertiesOf(template, 'AWS::ApiGateway::Method')['HttpMethod']).toBe('POST');
    expect(propertiesOf(template, 'AWS::ApiGateway::Stage')['MethodSettings']).toMatchObject([
      { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 },
    ]);
    const { ResourceArn, WebACLArn } = propertiesOf(template, 'AWS::WAFv2::WebACLAssociation');
    expect(WebACLArn).toBe(HARDENED.webAclArn);
    expect(ResourceArn).toMatch(/^arn:aws:apigateway:eu-central-1::\/restapis\/\w+\/stages\/\w+$/);
    expect(String(template.outputs['WebhookUrl'])).toContain('execute-api');
  });
});

describe('the network', () => {
  it('reaches AWS by endpoints and everything else from one fixed address, by HTTPS only', () => {
    const services = resourcesOf(template, 'AWS::EC2::VPCEndpoint').map(
      ([, { Properties }]) => /[a-z0-9]+$/.exec(String(Properties['ServiceName']))?.[0],
    );
    expect(new Set(services)).toEqual(new Set(['kms', 's3', 'secretsmanager', 'sqs']));
    expect(resourcesOf(template, 'AWS::EC2::NatGateway')).toHaveLength(1);
    const [address] = resourceOf(template, 'AWS::EC2::EIP');
    expect(propertiesOf(template, 'AWS::EC2::NatGateway')['AllocationId']).toBe(`${address}.AllocationId`);
    expect(template.outputs['EgressAddress']).toBe(address);
    const group = propertiesOf(template, 'AWS::EC2::SecurityGroup', 'NetworkFunction');
    expect(group['SecurityGroupEgress']).toMatchObject([{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }]);
    expect(group).not.toHaveProperty('SecurityGroupIngress');
    for (const name of ['Handler', 'Webhook']) {
      const { VpcConfig } = propertiesOf(template, 'AWS::Lambda::Function', name);
      expect((VpcConfig as { SubnetIds: string[] }).SubnetIds).toHaveLength(2);
    }
  });

  it('lets Lambda attach the function, and not the function’s code', () => {
    const document = propertiesOf(template, 'AWS::IAM::Policy', 'ArchiveWriter')['PolicyDocument'];
    const attach = (keys: Record<string, string>): Request => ({
      action: 'ec2:CreateNetworkInterface',
      resource: '*',
      principal: roleArn('Writer'),
      keys,
    });
    expect(decide(document, attach({}))).toBe('allow');
    expect(decide(document, attach({ 'lambda:SourceFunctionArn': 'arn' }))).toBe('no statement');
  });
});

describe('the key of the account', () => {
  it('encrypts queues, logs, secrets and the topic', () => {
    const [id, { Properties, DeletionPolicy }] = resourceOf(template, 'AWS::KMS::Key', 'ServiceKey');
    const key = arnOf(id);
    expect([Properties['EnableKeyRotation'], DeletionPolicy]).toEqual([true, 'Retain']);
    for (const [, queue] of resourcesOf(template, 'AWS::SQS::Queue')) {
      expect(queue.Properties).toMatchObject({ KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: 3_600 });
    }
    expect(propertiesOf(template, 'AWS::SNS::Topic')['KmsMasterKeyId']).toBe(key);
    for (const [, group] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
      expect(group.Properties['KmsKeyId']).toBe(key);
    }
    for (const [, secret] of resourcesOf(template, 'AWS::SecretsManager::Secret')) {
      expect(secret.Properties['KmsKeyId']).toBe(key);
    }
    expect(resourcesOf(largest.template, 'AWS::KMS::Key')).toHaveLength(1);
  });

  it('is used by the services of this account, and by the function through SQS and Secrets Manager only', () => {
    const document = propertiesOf(template, 'AWS::KMS::Key', 'ServiceKey')['KeyPolicy'];
    const use = (principal: string, keys: Record<string, string>): Request => ({
      action: 'kms:Decrypt',
      resource: '*',
      principal,
      keys,
    });
    const ofRules = (account: string) => use('events.amazonaws.com', { 'aws:SourceAccount': account });
    expect(decide(document, ofRules(ACCOUNT))).toBe('allow');
    expect(decide(document, ofRules('999999999999'))).not.toBe('allow');
    const statements = (document as { Statement: { Sid?: string; Condition?: unknown }[] }).Statement;
    expect(statements.find(({ Sid }) => Sid === 'OpenMessagesAndSecrets')?.Condition).toEqual({
      StringEquals: {
        'kms:ViaService': [`sqs.${REGION}.amazonaws.com`, `secretsmanager.${REGION}.amazonaws.com`],
      },
    });
  });
});

describe('the audit trail', () => {
  const patterns = () =>
    Object.fromEntries(
      resourcesOf(template, 'AWS::Logs::MetricFilter').map(([id, { Properties }]) => [
        id,
        String(Properties['FilterPattern']),
      ]),
    );

  it('records every access to objects of the archive, in files that cannot be changed unnoticed', () => {
    const trail = propertiesOf(template, 'AWS::CloudTrail::Trail');
    expect(trail).toMatchObject({ IsLogging: true, EnableLogFileValidation: true });
    expect(JSON.stringify(trail['EventSelectors'])).toContain(
      arnOf(resourceOf(template, 'AWS::S3::Bucket', 'BucketObjects')[0]),
    );
    expect(resourcesOf(largest.template, 'AWS::CloudTrail::Trail')).toEqual([]);
  });

  it('tells of decryptions by others than those who read, of changes of keys, policies and roles, and of removals', () => {
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm', 'Trail');
    expect(alarms.map(([, { Properties }]) => Properties['MetricName'])).toEqual([
      'foreign-decrypt',
      'key-policy-change',
      'object-removed',
      'policy-change',
      'role-change',
    ]);
    const text = Object.values(patterns()).join('\n');
    for (const name of ['Decrypt', 'PutKeyPolicy', 'CreateGrant', 'ScheduleKeyDeletion', 'DeleteObjects']) {
      expect(text).toContain(`"${name}"`);
    }
    for (const name of ['Auditor', 'Verifier', 'Compactor', 'JobRunner']) {
      expect(text).toContain(`!= "${resourceOf(template, 'AWS::IAM::Role', `Archive${name}`)[0]}"`);
    }
    for (const [, { Properties }] of alarms) {
      expect(Properties['AlarmActions']).toEqual([resourceOf(template, 'AWS::SNS::Topic')[0]]);
    }
  });

  it('tells of every change of the trust or the rights of every role that does something', () => {
    const roles = resourcesOf(template, 'AWS::IAM::Role')
      .map(([id]) => id)
      .filter((id) => /^Archive(?:Writer|Auditor|Rewrap|Verifier)/.test(id));
    expect(roles).toHaveLength(4);
    const texts = Object.values(patterns());
    for (const id of roles) {
      const own = texts.filter((text) => text.includes(`roleName = "${id}"`));
      expect([id, own.length]).toEqual([id, 1]);
      for (const name of ['UpdateAssumeRolePolicy', 'PutRolePolicy', 'AttachRolePolicy']) {
        expect(own[0]).toContain(`$.eventName = "${name}"`);
      }
    }
    // IAM is global: its events are in one region, which a trail of another one does not get
    expect(propertiesOf(template, 'AWS::CloudTrail::Trail')).toMatchObject({
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
    });
  });

  it('keeps its patterns to what CloudWatch Logs takes', () => {
    expect(Object.keys(patterns()).length).toBeGreaterThan(4);
    const ids = resourcesOf(template, 'AWS::IAM::Role').map(([id]) => id);
    for (const pattern of Object.values(patterns())) {
      // as they are deployed: names of roles have up to 64 characters, ARNs of keys and secrets up to 120
      const deployed = pattern
        .replaceAll(/"arn:aws:test:::\w+"/g, `"${'a'.repeat(120)}"`)
        .replaceAll(new RegExp(`"(?:${ids.join('|')})"`, 'g'), `"${'r'.repeat(64)}"`);
      expect(deployed.length).toBeLessThanOrEqual(1_024);
    }
  });
});

describe('the settings', () => {
  it.each([
    ['auditors', ['Compliance']],
    ['auditors', ['*']],
    ['rewrappers', ['arn:aws:iam::123456789012:role/*']],
    ['breakGlassRole', 'arn:aws:iam::123456789012:user/somebody'],
    ['secretReaders', ['arn:aws:iam::*:root']],
    ['webhookConcurrency', 0],
    ['replica', { bucketArn: 'the-replica' }],
  ])('refuse %s that is %j', (name, value) => {
    expect(deploySettings.safeParse({ ...SMALLEST, [name]: value }).success).toBe(false);
  });

  it.each([
    ['apiGateway', { apiGateway: true }, 'set webhook, too'],
    ['webAclArn', { webhook: true, webAclArn: HARDENED.webAclArn }, 'set apiGateway, too'],
  ])('refuse %s without the part that it belongs to', (name, more, text) => {
    const checked = checkDeploySettings({ ...SMALLEST, ...more });
    expect('problems' in checked && checked.problems).toEqual([
      { name, text: expect.stringContaining(text) as unknown },
    ]);
  });
});
