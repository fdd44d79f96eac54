import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNBOOK_ANCHORS } from '../../infra/index.ts';
import { METRICS, METRICS_NAMESPACE, STACK_OUTPUTS } from '../../src/config/deploy/settings.ts';
import { decide, type Request } from './evaluate-policy.ts';
import { ACCOUNT, arnOf, type ResolvedTemplate } from './resolve-template.ts';
import {
  EVENT_SOURCE,
  MAX_INSTRUCTION_BYTES,
  ORGANIZATION,
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let largest: Synthesised;
let smallest: Synthesised;
let template: ResolvedTemplate;
beforeAll(() => {
  largest = synthesiseSettings(MAX_INSTRUCTION_BYTES);
  smallest = synthesiseSettings(SMALLEST);
  ({ template } = largest);
});
afterAll(() => {
  largest.end();
  smallest.end();
});

const roleArn = (name: string) => arnOf(resourceOf(template, 'AWS::IAM::Role', name)[0]);
const bucketArn = () => arnOf(resourceOf(template, 'AWS::S3::Bucket', 'BucketObjects')[0]);
const somebody = `arn:aws:iam::${ACCOUNT}:role/Administrator`;

describe('the bucket of the archive', () => {
  it('blocks public access, is owner-enforced, versioned, encrypted, and stays when the stack is deleted', () => {
    for (const { template } of [largest, smallest]) {
      const buckets = resourcesOf(template, 'AWS::S3::Bucket');
      expect(buckets).toHaveLength(3);
      for (const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] of buckets) {
        expect(Properties['PublicAccessBlockConfiguration']).toEqual({
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        });
        expect(Properties['OwnershipControls']).toEqual({
          Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }],
        });
        expect(Properties['BucketEncryption']).toEqual({
          ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        });
        expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
        expect(Properties).not.toHaveProperty('AccessControl');
        expect(Properties).not.toHaveProperty('BucketName');
      }
      const objects = propertiesOf(template, 'AWS::S3::Bucket', 'BucketObjects');
      expect(objects['VersioningConfiguration']).toEqual({ Status: 'Enabled' });
      expect(objects['LoggingConfiguration']).toMatchObject({
        DestinationBucketName: resourceOf(template, 'AWS::S3::Bucket', 'AccessLogs')[0],
      });
    }
  });

  it('aborts what was not completed after a day, moves recordings only, and not versions or receipts, and removes counts of days that nothing reads any more', () => {
    const { LifecycleConfiguration } = propertiesOf(template, 'AWS::S3::Bucket', 'BucketObjects');
    expect(LifecycleConfiguration).toEqual({
      Rules: [
        { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' },
        {
          Prefix: 'archive/',
          Status: 'Enabled',
          Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 0 }],
        },
        {
          ExpirationInDays: 8,
          NoncurrentVersionExpiration: { NoncurrentDays: 1 },
          Prefix: `proof/${MAX_INSTRUCTION_BYTES.organizationId}/counting/`,
          Status: 'Enabled',
        },
      ],
    });
  });

  it('is made for Object Lock always, so that it is never replaced to switch it on, and locks what the settings say', () => {
    const locked = propertiesOf(template, 'AWS::S3::Bucket', 'BucketObjects');
    expect(locked['ObjectLockEnabled']).toBe(true);
    expect(locked['ObjectLockConfiguration']).toEqual({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } },
    });
    const unlocked = propertiesOf(smallest.template, 'AWS::S3::Bucket', 'BucketObjects');
    expect(unlocked['ObjectLockEnabled']).toBe(true);
    expect(unlocked).not.toHaveProperty('ObjectLockConfiguration.Rule');
  });

  describe('its policy', () => {
    const policy = () => propertiesOf(template, 'AWS::S3::BucketPolicy', 'BucketObjects')['PolicyDocument'];
    const put = (keys: Record<string, string>, principal = somebody): Request => ({
      action: 's3:PutObject',
      resource: `${bucketArn()}/archive/2026/05/20/a.enc`,
      principal,
      keys: {
        'aws:SecureTransport': 'true',
        's3:TlsVersion': '1.3',
        's3:ObjectCreationOperation': 'true',
        ...keys,
      },
    });

    it('refuses everything without TLS 1.2', () => {
      const request = put({ 's3:if-none-match': '*' });
      expect(decide(policy(), request)).toBe('no statement');
      for (const action of ['s3:PutObject', 's3:GetObject', 's3:ListBucket']) {
        for (const resource of [bucketArn(), `${bucketArn()}/archive/a`]) {
          for (const keys of [{ 'aws:SecureTransport': 'false' }, { 's3:TlsVersion': '1.1' }]) {
            expect(
              decide(policy(), { ...request, action, resource, keys: { ...request.keys, ...keys } }),
            ).toBe('deny');
          }
        }
      }
    });

    it('lets all writers write only what is absent', () => {
      for (const principal of [somebody, roleArn('Writer'), roleArn('Auditor')]) {
        expect(decide(policy(), put({ 's3:if-none-match': '*' }, principal))).toBe('no statement');
        expect(decide(policy(), put({}, principal))).toBe('deny');
        expect(decide(policy(), put({ 's3:if-match': '"etag"' }, principal))).toBe('deny');
        expect(decide(policy(), put({ 's3:x-amz-copy-source': 'b/archive/x' }, principal))).toBe('deny');
      }
    });

    it('lets parts of an upload in, which take no condition: its completion makes the object', () => {
      expect(decide(policy(), put({ 's3:ObjectCreationOperation': 'false' }))).toBe('no statement');
    });

    it('lets the role that rewraps exchange what it has read, but not overwrite blindly', () => {
      const rewrap = roleArn('Rewrap');
      expect(decide(policy(), put({ 's3:if-match': '"etag"' }, rewrap))).toBe('no statement');
      expect(decide(policy(), put({ 's3:x-amz-copy-source': 'b/archive/x' }, rewrap))).toBe('no statement');
      expect(decide(policy(), put({}, rewrap))).toBe('deny');
    });

    it('is available without the refusal of writes', () => {
      const open = synthesiseSettings(SMALLEST, { requireConditionalWrites: false });
      const document = propertiesOf(open.template, 'AWS::S3::BucketPolicy', 'BucketObjects')[
        'PolicyDocument'
      ];
      open.end();
      expect(decide(document, put({}))).toBe('no statement');
      expect(decide(document, put({ 'aws:SecureTransport': 'false' }))).toBe('deny');
    });

    it('of the access logs takes nothing but the logs of this bucket', () => {
      const [logs] = resourceOf(template, 'AWS::S3::Bucket', 'AccessLogs');
      const document = propertiesOf(template, 'AWS::S3::BucketPolicy', 'AccessLogs')['PolicyDocument'];
      const delivery = {
        action: 's3:PutObject',
        resource: `${arnOf(logs)}/archive/2026`,
        principal: 'logging.s3.amazonaws.com',
      };
      const from = (arn: string, account: string) => ({
        'aws:SecureTransport': 'true',
        'aws:SourceArn': arn,
        'aws:SourceAccount': account,
      });
      expect(decide(document, { ...delivery, keys: from(bucketArn(), ACCOUNT) })).toBe('allow');
      expect(decide(document, { ...delivery, keys: from('arn:aws:s3:::other', ACCOUNT) })).not.toBe('allow');
      expect(decide(document, { ...delivery, keys: from(bucketArn(), '999999999999') })).not.toBe('allow');
    });
  });
});

describe('the KMS key', () => {
  const policy = () => propertiesOf(template, 'AWS::KMS::Key')['KeyPolicy'];
  const ask = (action: string, principal: string, context: Record<string, string> = CONTEXT): Request => ({
    action,
    resource: 'key',
    principal,
    keys: Object.fromEntries(
      Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    ),
  });
  const CONTEXT = {
    'genesys-cloud-organization-id': ORGANIZATION,
    'conversation-id': 'c',
    'recording-id': 'r',
  };
  // the account is the principal of the policy, so a role's ARN has to show it
  const asked = (role: string, document: unknown): unknown =>
    JSON.parse(JSON.stringify(document).replaceAll(roleArn(role), roleIn(role)));
  const roleIn = (role: string) => `arn:aws:iam::${ACCOUNT}:role/${role}`;

  it('rotates, and stays when the stack is deleted', () => {
    const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] = resourceOf(template, 'AWS::KMS::Key');
    expect(Properties).toMatchObject({ EnableKeyRotation: true, PendingWindowInDays: 30 });
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  const USES = ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:Encrypt'];
  it.each([
    ['Writer', ['kms:GenerateDataKey']],
    ['Auditor', ['kms:Decrypt']],
    ['Rewrap', ['kms:ReEncryptFrom', 'kms:ReEncryptTo']],
  ])('can be used by %s for %j and nothing else', (role, allowed) => {
    const document = asked(role, policy());
    const may = USES.filter((action) => decide(document, ask(action, roleIn(role))) === 'allow');
    expect(may).toEqual(allowed);
    const other = { ...CONTEXT, 'genesys-cloud-organization-id': '1c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77' };
    for (const action of USES) {
      expect(decide(document, ask(action, roleIn(role), other))).not.toBe('allow');
      expect(decide(document, ask(action, roleIn(role), {}))).not.toBe('allow');
    }
  });

  it('gives no data key that is not bound to a recording', () => {
    const { 'recording-id': _, ...unbound } = CONTEXT;
    const document = asked('Writer', policy());
    expect(decide(document, ask('kms:GenerateDataKey', roleIn('Writer'), unbound))).not.toBe('allow');
  });

  it('can be administered by the account, but not used or given away', () => {
    for (const action of ['kms:PutKeyPolicy', 'kms:ScheduleKeyDeletion', 'kms:DescribeKey']) {
      expect(decide(policy(), ask(action, somebody))).toBe('allow');
    }
    for (const action of [...USES, 'kms:CreateGrant', 'kms:GenerateDataKeyWithoutPlaintext']) {
      expect(decide(policy(), ask(action, somebody))).not.toBe('allow');
    }
    expect(decide(policy(), ask('kms:PutKeyPolicy', 'arn:aws:iam::999999999999:root'))).not.toBe('allow');
  });
});

describe('the queue', () => {
  it('keeps messages for 14 days, hides one six times as long as the function may take, and sets aside what fails', () => {
    const [id, dead] = resourceOf(template, 'AWS::SQS::Queue', 'DeadLetters');
    const events = propertiesOf(template, 'AWS::SQS::Queue', 'Events');
    const { Timeout } = propertiesOf(template, 'AWS::Lambda::Function', 'Handler');
    expect(events).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    expect(dead.Properties).toMatchObject({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    expect(Number(events['VisibilityTimeout'])).toBeGreaterThanOrEqual(6 * Number(Timeout));
    const { deadLetterTargetArn, maxReceiveCount } = events['RedrivePolicy'] as Record<string, unknown>;
    expect(deadLetterTargetArn).toBe(arnOf(id));
    expect(maxReceiveCount).toBeGreaterThanOrEqual(5);
    // no message may be deleted for its age before it has been set aside
    expect(Number(maxReceiveCount) * Number(events['VisibilityTimeout'])).toBeLessThan(1_209_600);
  });

  it('holds back ends of conversations until their recordings may be there, and nothing else', () => {
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'Events')['DelaySeconds']).toBe(900);
    expect(propertiesOf(smallest.template, 'AWS::SQS::Queue', 'Events')['DelaySeconds']).toBe(0);
  });

  it('takes messages from its own rules over TLS, and from no other sender', () => {
    const rules = resourcesOf(template, 'AWS::Events::Rule').map(([rule]) => arnOf(rule));
    expect(rules).toHaveLength(2);
    for (const name of ['Events', 'DeadLetters']) {
      const [queue] = resourceOf(template, 'AWS::SQS::Queue', `Queue${name}`);
      const document = propertiesOf(template, 'AWS::SQS::QueuePolicy', `Queue${name}`)['PolicyDocument'];
      const send = (source: string, secure = 'true'): Request => ({
        action: 'sqs:SendMessage',
        resource: arnOf(queue),
        principal: 'events.amazonaws.com',
        keys: { 'aws:SourceArn': source, 'aws:SecureTransport': secure },
      });
      for (const rule of rules) {
        expect(decide(document, send(rule))).toBe('allow');
        expect(decide(document, send(rule, 'false'))).toBe('deny');
      }
      expect(decide(document, send('arn:aws:events:eu-central-1:123456789012:rule/other'))).toBe(
        'no statement',
      );
      expect(decide(document, { ...send(rules[0] ?? ''), principal: somebody })).toBe('no statement');
    }
    expect(resourcesOf(smallest.template, 'AWS::SQS::QueuePolicy')).toHaveLength(2);
  });
});

describe('the events', () => {
  it('come from the partner event bus, whose name is that of its source', () => {
    expect(propertiesOf(template, 'AWS::Events::EventBus')).toEqual({
      Name: EVENT_SOURCE,
      EventSourceName: EVENT_SOURCE,
    });
    const rule = propertiesOf(template, 'AWS::Events::Rule', 'ConversationEnds');
    expect(rule['EventBusName']).toBe(resourceOf(template, 'AWS::Events::EventBus')[0]);
    expect(rule['EventPattern']).toEqual({
      source: [EVENT_SOURCE],
      account: [ACCOUNT],
      'detail-type': [
        'v2.detail.events.conversation.{id}.customer.end',
        'v2.detail.events.conversation.{id}.user.end',
        'v2.detail.events.conversation.{id}.acw',
        'archiving:events',
      ],
    });
  });

  it('come from a bus that exists, where the settings say so', () => {
    const existing = synthesiseSettings({
      ...SMALLEST,
      eventSourceName: EVENT_SOURCE,
      existingEventBus: true,
    });
    existing.end();
    expect(resourcesOf(existing.template, 'AWS::Events::EventBus')).toEqual([]);
    const rule = propertiesOf(existing.template, 'AWS::Events::Rule');
    expect(rule['EventBusName']).toBe(EVENT_SOURCE);
    expect(rule['EventPattern']).toHaveProperty('detail-type.length', 3);
  });

  it('of the tutorial come from the default bus', () => {
    const rule = propertiesOf(template, 'AWS::Events::Rule', 'TutorialEvents');
    expect(rule).not.toHaveProperty('EventBusName');
    expect(rule['EventPattern']).toEqual({
      account: [ACCOUNT],
      'detail-type': ['archiving:events'],
      detail: { data: { eventType: ['media'], status: ['complete'] } },
    });
  });

  it('that cannot be delivered in a day are dead letters, not lost', () => {
    const [queue] = resourceOf(template, 'AWS::SQS::Queue', 'QueueEvents');
    const [dead] = resourceOf(template, 'AWS::SQS::Queue', 'DeadLetters');
    for (const [, { Properties }] of resourcesOf(template, 'AWS::Events::Rule')) {
      expect(Properties['Targets']).toEqual([
        {
          Id: 'Queue',
          Arn: arnOf(queue),
          DeadLetterConfig: { Arn: arnOf(dead) },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      ]);
    }
  });

  it('are not expected where nothing sends any', () => {
    expect(resourcesOf(smallest.template, 'AWS::Events::Rule')).toEqual([]);
    expect(resourcesOf(smallest.template, 'AWS::Events::EventBus')).toEqual([]);
  });
});

describe('the function', () => {
  it('runs the bundle on Node 24 and arm64, for as long as Lambda allows', () => {
    const handler = propertiesOf(template, 'AWS::Lambda::Function', 'Handler');
    expect(handler).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'archive.handler',
      Timeout: 900,
      MemorySize: 512,
    });
    expect(resourcesOf(smallest.template, 'AWS::Lambda::Function', 'ArchiveFunction')).toHaveLength(1);
  });

  it('takes batches of its queue, answers for each message, and keeps to the rate budget', () => {
    const [queue] = resourceOf(template, 'AWS::SQS::Queue', 'QueueEvents');
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping')).toEqual({
      EventSourceArn: arnOf(queue),
      FunctionName: resourceOf(template, 'AWS::Lambda::Function', 'Handler')[0],
      BatchSize: 4,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  it('is told where everything is, and holds no secret', () => {
    const variables = (of: ResolvedTemplate) =>
      (
        propertiesOf(of, 'AWS::Lambda::Function', 'Handler')['Environment'] as {
          Variables: Record<string, string>;
        }
      ).Variables;
    const id = (type: string, name: string) => resourceOf(template, type, name)[0];
    const secret = (name: string) => id('AWS::SecretsManager::Secret', name);
    expect(variables(template)).toEqual({
      GENESYS_ENVIRONMENT: 'mypurecloud.de',
      GENESYS_ORGANIZATION_ID: ORGANIZATION,
      GENESYS_SECRET_ARN: secret('Credentials'),
      S3_ARCHIVE_BUCKET: id('AWS::S3::Bucket', 'BucketObjects'),
      S3_EXPECTED_BUCKET_OWNER: '123456789012',
      ARCHIVE_KMS_KEY_ID: arnOf(id('AWS::KMS::Key', '')),
      ARCHIVE_SIGNING_KEY_SECRET_ARN: secret('SigningKey'),
      ARCHIVE_WEBHOOK_SECRET_ARN: secret('Webhook'),
      ARCHIVE_QUEUE_URL: id('AWS::SQS::Queue', 'QueueEvents'),
      ARCHIVE_DEAD_LETTER_QUEUE_URL: id('AWS::SQS::Queue', 'DeadLetters'),
      ARCHIVE_RATE_SHARE: '1/5',
      NODE_OPTIONS: '--max-semi-space-size=4',
      // the dimension of its metrics
      POWERTOOLS_SERVICE_NAME: 'Stack',
    });
    expect(variables(smallest.template)).not.toHaveProperty('ARCHIVE_WEBHOOK_SECRET_ARN');
  });

  it.each([
    ['S3_ARCHIVE_BUCKET', 'is set by the stack'],
    ['ARCHIVE_RATE_SHARE', 'is set by the stack'],
    ['GENESYS_CLIENT_SECRET', 'is a secret'],
    ['ENCRYPTION_KEY_HEX', 'is a secret'],
    ['ARCHIVE_WEBHOOK_SECRET', 'is a secret'],
    ['ARCHIVE_ALLOW_LOOPBACK', 'is for tests only'],
    ['ARCHIVE_WEBHOOK_OPEN', 'would archive calls for unsigned requests'],
  ])('refuses %s among further variables', (name, reason) => {
    const settings = { ...SMALLEST, environmentVariables: { [name]: 'canary-value' } };
    expect(() => synthesiseSettings(settings)).toThrow(`${name} ${reason}`);
    expect(() => synthesiseSettings(settings)).not.toThrow('canary-value');
  });

  it('takes NODE_OPTIONS of the construct’s user in place of its own', () => {
    const { template: own } = synthesiseSettings({
      ...SMALLEST,
      environmentVariables: { NODE_OPTIONS: '--use-openssl-ca' },
    });
    expect(propertiesOf(own, 'AWS::Lambda::Function', 'Handler')['Environment']).toMatchObject({
      Variables: { NODE_OPTIONS: '--use-openssl-ca' },
    });
  });

  it('reaches and tiers media where the layout of Genesys’s own export keeps them', () => {
    const { template: moved } = synthesiseSettings({
      ...SMALLEST,
      environmentVariables: { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'recordings' },
    });
    const { LifecycleConfiguration } = propertiesOf(moved, 'AWS::S3::Bucket', 'BucketObjects');
    expect(JSON.stringify(LifecycleConfiguration)).toContain(`"Prefix":"${SMALLEST.organizationId}/"`);
    expect(/BucketObjects\w+\/archive\//.test(JSON.stringify(moved))).toBe(false);
  });

  it('logs to a group of its own that ends and outlives the stack', () => {
    const [id, { Properties, DeletionPolicy }] = resourceOf(template, 'AWS::Logs::LogGroup', 'ArchiveLogs');
    expect(Properties['RetentionInDays']).toBe(365);
    expect(DeletionPolicy).toBe('Retain');
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Handler')['LoggingConfig']).toEqual({
      LogGroup: id,
    });
  });

  it('has a URL only with a webhook; the function itself checks who calls', () => {
    expect(propertiesOf(template, 'AWS::Lambda::Url')['AuthType']).toBe('NONE');
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission').map(
      ([, { Properties }]) => Properties,
    );
    // both are needed: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
    expect(permissions).toEqual([
      expect.objectContaining({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
      expect.objectContaining({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true }),
    ]);
    expect(resourcesOf(smallest.template, 'AWS::Lambda::Url')).toEqual([]);
    expect(resourcesOf(smallest.template, 'AWS::Lambda::Permission')).toEqual([]);
  });
});

describe('the secrets', () => {
  it('have no value in the template', () => {
    const secrets = resourcesOf(template, 'AWS::SecretsManager::Secret');
    expect(secrets).toHaveLength(3);
    for (const [, { Properties }] of secrets) expect(Object.keys(Properties)).toEqual(['Description']);
  });
});

describe('the alarms', () => {
  const alarms = () =>
    resourcesOf(template, 'AWS::CloudWatch::Alarm', 'ArchiveAlarms').map(([, { Properties }]) => Properties);

  it('are five, tell the topic when they begin and end, and name their place in the runbook', () => {
    const [topic] = resourceOf(template, 'AWS::SNS::Topic');
    const anchors = alarms().map(({ AlarmDescription, AlarmActions, OKActions, TreatMissingData }) => {
      expect([AlarmActions, OKActions]).toEqual([[topic], [topic]]);
      expect(TreatMissingData).toBe('notBreaching');
      return /docs\/runbook\.md#([a-z-]+)$/.exec(String(AlarmDescription))?.[1];
    });
    expect(anchors).toEqual([...RUNBOOK_ANCHORS]);
  });

  it('are about age, dead letters, verification, refusals and failures', () => {
    const [age, dead, verify, auth, rate] = alarms();
    expect(age).toMatchObject({
      MetricName: 'ApproximateAgeOfOldestMessage',
      Threshold: 7_200,
      EvaluationPeriods: 3,
    });
    expect(dead).toMatchObject({ MetricName: 'ApproximateNumberOfMessagesVisible', Threshold: 0 });
    const own = { Namespace: METRICS_NAMESPACE, Dimensions: [{ Name: 'service', Value: 'Stack' }] };
    expect(verify).toMatchObject({
      ...own,
      MetricName: METRICS.verifyFailures,
      Threshold: 0,
      Statistic: 'Sum',
    });
    expect(auth).toMatchObject({ ...own, MetricName: METRICS.authFailures, Threshold: 0, Statistic: 'Sum' });
    expect(rate).toMatchObject({ Threshold: 10, ComparisonOperator: 'GreaterThanThreshold' });
    expect(JSON.stringify(rate)).toContain(`"MetricName":"${METRICS.failed}"`);
  });

  it('reach the topic over TLS, and an address only where one is given', () => {
    const document = propertiesOf(template, 'AWS::SNS::TopicPolicy')['PolicyDocument'];
    const [topic] = resourceOf(template, 'AWS::SNS::Topic');
    const publish = (account: string, secure: string): Request => ({
      action: 'sns:Publish',
      resource: topic,
      principal: 'cloudwatch.amazonaws.com',
      keys: { 'aws:SourceAccount': account, 'aws:SecureTransport': secure },
    });
    expect(decide(document, publish(ACCOUNT, 'true'))).toBe('allow');
    expect(decide(document, publish('999999999999', 'true'))).not.toBe('allow');
    expect(decide(document, publish(ACCOUNT, 'false'))).toBe('deny');
    expect(propertiesOf(template, 'AWS::SNS::Subscription')).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operator@example.com',
    });
    expect(resourcesOf(smallest.template, 'AWS::SNS::Subscription')).toEqual([]);
  });

  it.skipIf(!existsSync('docs/runbook.md'))(
    'lead to places that the runbook has [needs: docs/runbook.md]',
    () => {
      const page = readFileSync('docs/runbook.md', 'utf8');
      const named = new Set(
        [...page.matchAll(/<a (?:id|name)="([a-z-]+)"|^#+ +(.+)$/gm)].map(
          ([, id, heading = '']) =>
            id ??
            heading
              .toLowerCase()
              .replaceAll(' ', '-')
              .replaceAll(/[^a-z0-9-]/g, ''),
        ),
      );
      expect(RUNBOOK_ANCHORS.filter((anchor) => !named.has(anchor))).toEqual([]);
    },
  );
});

describe('the dashboard', () => {
  it('answers five questions with every metric that the function has', () => {
    const body = String(propertiesOf(template, 'AWS::CloudWatch::Dashboard')['DashboardBody']);
    const { widgets } = JSON.parse(body) as { widgets: { properties: { markdown?: string } }[] };
    const questions = widgets.flatMap(
      ({ properties: { markdown } }) => /^## (.+)$/m.exec(markdown ?? '')?.[1] ?? [],
    );
    expect(questions).toEqual([
      'Is it keeping up?',
      'Is anything stuck?',
      'Is it correct?',
      'Is it throttled?',
      'What does it cost?',
    ]);
    expect(Object.values(METRICS).filter((name) => !body.includes(`"${name}"`))).toEqual([]);
  });
});

describe('the outputs', () => {
  it('are those that doctor reads', () => {
    // with a signing key in KMS there is `SigningKeyArn` in the place of its secret's
    const usual = STACK_OUTPUTS.filter(
      (name) =>
        ![
          'SigningKeyArn',
          'BackfillSecretArn',
          'JobRunnerFunctionName',
          'CompactorFunctionName',
          'FactsFunctionName',
          'RetainerFunctionName',
          'SealerFunctionName',
          'KeyRecordsBucketName',
          'LogKeyArn',
          'DrillerFunctionName',
          'DrillKeyArn',
          'EgressAddress',
          'AuditTrailName',
          'AthenaWorkGroupName',
          'AthenaTableName',
          'AnalystPolicyArn',
          'ConsoleUrl',
          'ConsoleSecretArn',
          'ReleaserRoleArn',
          'EraserRoleArn',
        ].includes(name),
    );
    expect(Object.keys(template.outputs)).toEqual(usual);
    expect(Object.keys(smallest.template.outputs)).toEqual(usual.filter((name) => name !== 'WebhookUrl'));
  });
});
