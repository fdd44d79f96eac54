import { decide, type Request } from '../../infra/evaluate-policy.ts';
import { ACCOUNT, arnOf, type ResolvedTemplate } from '../../infra/resolve-template.ts';
import {
  MAX_INSTRUCTION_BYTES,
  ORGANIZATION,
  propertiesOf,
  resourceOf,
  resourcesOf,
  synthesiseSettings,
} from '../../infra/synthesise.ts';
import type { Attack, Kind } from '../attack.ts';

type Role = 'Writer' | 'Auditor' | 'Rewrap';

let synthesised: ReturnType<typeof synthesiseSettings> | undefined;
function template(): ResolvedTemplate {
  synthesised ??= synthesiseSettings(MAX_INSTRUCTION_BYTES);
  return synthesised.template;
}

const idOf = (type: string, name = '') => resourceOf(template(), type, name)[0];
const bucket = () => arnOf(idOf('AWS::S3::Bucket', 'BucketObjects'));
const media = () => `${bucket()}/archive/2026/05/20/a.enc`;
const receipt = () => `${bucket()}/receipts/2026/05/20/a.json`;
const key = () => arnOf(idOf('AWS::KMS::Key'));
const secret = (name: string) => idOf('AWS::SecretsManager::Secret', name);
const context = (recording = 'r'): Record<string, string> => ({
  'kms:EncryptionContext:genesys-cloud-organization-id': ORGANIZATION,
  'kms:EncryptionContext:conversation-id': 'c',
  'kms:EncryptionContext:recording-id': recording,
});

/** All identity policies of a role, as one. */
function policiesOf(role: Role): unknown {
  const id = idOf('AWS::IAM::Role', role);
  const documents = resourcesOf(template(), 'AWS::IAM::Policy').flatMap(([, { Properties }]) =>
    (Properties['Roles'] as readonly string[]).includes(id)
      ? [Properties['PolicyDocument'] as { readonly Statement: readonly unknown[] }]
      : [],
  );
  if (documents.length === 0) throw new Error(`${role} has no policy`);
  return { Statement: documents.flatMap(({ Statement }) => Statement) };
}

type Wanted = readonly (readonly [string, () => string])[];

/** @returns what of it the role may do after all. */
const allowed = (role: Role, wanted: Wanted) =>
  wanted.flatMap(([action, resource]) => {
    const request: Request = { action, resource: resource(), principal: role, keys: context() };
    return decide(policiesOf(role), request) === 'allow' ? [`${action} ${resource()}`] : [];
  });

function role(name: string, who: Role, wanted: Wanted): Attack {
  return {
    name,
    may: `runs code with the rights of the role ${who}`,
    outcome: [],
    attempt: () => Promise.resolve(allowed(who, wanted)),
  };
}

const bucketPolicy = () =>
  propertiesOf(template(), 'AWS::S3::BucketPolicy', 'BucketObjects')['PolicyDocument'];
const put = (keys: Readonly<Record<string, string>>, principal: string): Request => ({
  action: 's3:PutObject',
  resource: media(),
  principal,
  keys: {
    'aws:SecureTransport': 'true',
    's3:TlsVersion': '1.3',
    's3:ObjectCreationOperation': 'true',
    ...keys,
  },
});
const administrator = `arn:aws:iam::${ACCOUNT}:role/Administrator`;

export const deployment: Kind = {
  title: 'what the roles of the deployment may not do',
  close: () => {
    synthesised?.end();
    synthesised = undefined;
    return Promise.resolve();
  },
  attacks: [
    role('decrypts recordings with the rights of the writer', 'Writer', [
      ['kms:Decrypt', key],
      ['kms:ReEncryptFrom', key],
      ['kms:CreateGrant', key],
      ['kms:PutKeyPolicy', key],
    ]),
    role('deletes recordings, their versions or their retention with the rights of the writer', 'Writer', [
      ['s3:DeleteObject', media],
      ['s3:DeleteObjectVersion', media],
      ['s3:BypassGovernanceRetention', media],
      ['s3:PutObjectRetention', media],
      ['s3:PutObjectLegalHold', media],
    ]),
    role('opens the bucket with the rights of the writer', 'Writer', [
      ['s3:PutBucketPolicy', bucket],
      ['s3:DeleteBucketPolicy', bucket],
      ['s3:PutBucketPublicAccessBlock', bucket],
      ['s3:PutLifecycleConfiguration', bucket],
      ['s3:PutBucketVersioning', bucket],
      ['s3:PutObjectAcl', media],
    ]),
    role('replaces secrets with the rights of the writer', 'Writer', [
      ['secretsmanager:PutSecretValue', () => secret('SigningKey')],
      ['secretsmanager:PutSecretValue', () => secret('Credentials')],
      ['secretsmanager:GetSecretValue', () => 'arn:aws:secretsmanager:::secret:another'],
    ]),
    role('writes recordings or receipts with the rights of the auditor', 'Auditor', [
      ['s3:PutObject', media],
      ['s3:PutObject', receipt],
      ['s3:DeleteObject', media],
      ['kms:GenerateDataKey', key],
      ['kms:Encrypt', key],
    ]),
    role('reads the signing key with the rights of the auditor', 'Auditor', [
      ['secretsmanager:GetSecretValue', () => secret('SigningKey')],
      ['secretsmanager:GetSecretValue', () => secret('Credentials')],
      ['secretsmanager:GetSecretValue', () => secret('Webhook')],
    ]),
    role('decrypts or deletes recordings with the rights of the role that rewraps', 'Rewrap', [
      ['kms:Decrypt', key],
      ['kms:GenerateDataKey', key],
      ['s3:DeleteObject', media],
      ['s3:DeleteObjectVersion', media],
    ]),
    role('writes receipts with the rights of the role that rewraps', 'Rewrap', [['s3:PutObject', receipt]]),
    {
      name: 'overwrites a recording as an administrator of the account',
      may: 'has every right in the account but to change the bucket’s policy',
      outcome: ['deny', 'deny', 'deny'],
      attempt: () =>
        Promise.resolve(
          [{}, { 's3:if-match': '"etag"' }, { 's3:x-amz-copy-source': 'b/archive/x' }].map((keys) =>
            decide(bucketPolicy(), put(keys as Record<string, string>, administrator)),
          ),
        ),
    },
    {
      name: 'reads or writes the bucket without TLS',
      may: 'listens on the network',
      outcome: ['deny', 'deny'],
      attempt: () =>
        Promise.resolve(
          [{ 'aws:SecureTransport': 'false' }, { 's3:TlsVersion': '1.1' }].map((keys) =>
            decide(bucketPolicy(), put({ 's3:if-none-match': '*', ...keys }, administrator)),
          ),
        ),
    },
    {
      name: 'uses the key of the recordings as an administrator of the account',
      may: 'has every right in the account but to change the key’s policy',
      outcome: [],
      attempt: () => {
        const policy = propertiesOf(template(), 'AWS::KMS::Key')['KeyPolicy'];
        const actions = [
          'kms:Decrypt',
          'kms:GenerateDataKey',
          'kms:Encrypt',
          'kms:ReEncryptFrom',
          'kms:CreateGrant',
        ];
        return Promise.resolve(
          actions.filter(
            (action) =>
              decide(policy, { action, resource: 'key', principal: administrator, keys: context() }) ===
              'allow',
          ),
        );
      },
    },
    {
      name: 'sends events of their own to the queue',
      may: 'has an account, and another rule in this one',
      outcome: [],
      attempt: () => {
        const queue = arnOf(idOf('AWS::SQS::Queue', 'QueueEvents'));
        const document = propertiesOf(template(), 'AWS::SQS::QueuePolicy', 'QueueEvents')['PolicyDocument'];
        const senders = [
          ['events.amazonaws.com', 'arn:aws:events:eu-central-1:123456789012:rule/other'],
          ['arn:aws:iam::999999999999:root', ''],
          [administrator, ''],
        ] as const;
        return Promise.resolve(
          senders.filter(
            ([principal, source]) =>
              decide(document, {
                action: 'sqs:SendMessage',
                resource: queue,
                principal,
                keys: { 'aws:SourceArn': source, 'aws:SecureTransport': 'true' },
              }) === 'allow',
          ),
        );
      },
    },
  ],
};
