import { decide, type Request } from './evaluate-policy.ts';
import { BREAK_GLASS } from './hardened.ts';
import { ACCOUNT, arnOf, type ResolvedTemplate } from './resolve-template.ts';
import { ORGANIZATION, propertiesOf, resourceOf, resourcesOf } from './synthesise.ts';

type Keys = Readonly<Record<string, string>>;

interface Deed {
  readonly what: string;
  readonly action: string;
  /** Whose policy speaks besides that of the principal. */
  readonly on: 'bucket' | 'catalogue' | 'key' | 'log key' | 'secret' | 'client' | 'queue';
  /** Below the resource, e.g. `/archive/a`. */
  readonly part?: string;
  readonly keys?: Keys;
}

const CONTEXT: Keys = {
  'kms:EncryptionContext:genesys-cloud-organization-id': ORGANIZATION,
  'kms:EncryptionContext:conversation-id': 'c',
  'kms:EncryptionContext:recording-id': 'r',
};
const MEDIA = '/archive/2026/05/20/c/r.enc';
const RECEIPT = '/receipts/2026/05/20/r.json';
const ABSENT: Keys = { 's3:if-none-match': '*' };
const SAME: Keys = { 's3:if-match': '"etag"' };
const copyOf = (source: string): Keys => ({ 's3:x-amz-copy-source': source });

const s3 = (what: string, action: string, part: string, keys: Keys = {}): Deed => ({
  what,
  action: `s3:${action}`,
  on: 'bucket',
  part,
  keys: action === 'PutObject' ? { 's3:ObjectCreationOperation': 'true', ...keys } : keys,
});
const kms = (what: string, action: string, keys: Keys = CONTEXT): Deed => ({
  what,
  action: `kms:${action}`,
  on: 'key',
  keys,
});

/** What matters: what the archive lives by, and what an attacker would want. */
export function deedsOf(bucketName: string): readonly Deed[] {
  return [
    s3('store a recording that is absent', 'PutObject', MEDIA, ABSENT),
    s3('store a receipt that is absent', 'PutObject', RECEIPT, ABSENT),
    s3('overwrite a recording', 'PutObject', MEDIA),
    s3('overwrite a recording just read (If-Match)', 'PutObject', MEDIA, SAME),
    s3('overwrite a receipt', 'PutObject', RECEIPT, SAME),
    s3('copy a recording onto itself', 'PutObject', MEDIA, copyOf(`${bucketName}${MEDIA}`)),
    s3('copy from another bucket over a recording', 'PutObject', MEDIA, copyOf('another-bucket/archive/x')),
    s3('exchange an instruction file just read', 'PutObject', `${MEDIA}.instruction`, SAME),
    s3('add a signed amendment', 'PutObject', '/receipts/2026/05/20/_r.wrap-0123456789abcdef.json', ABSENT),
    s3('add to the log', 'PutObject', '/proof/o/days/2026/05/20/000000000000.json', ABSENT),
    s3('move the pointer of the log', 'PutObject', '/proof/o/checkpoint', SAME),
    s3('rewrite an entry of the log', 'PutObject', '/proof/o/days/2026/05/20/000000000000.json', SAME),
    s3('add the report of a drill', 'PutObject', '/drills/2026/05/20.json', ABSENT),
    s3('rewrite the report of a drill', 'PutObject', '/drills/2026/05/20.json', SAME),
    s3('read ciphertext', 'GetObject', MEDIA),
    s3('read a receipt', 'GetObject', RECEIPT),
    s3('read who looked at what', 'GetObject', '/access/2026/05/20/t.json'),
    s3('add an entry of who looked at what', 'PutObject', '/access/2026/05/20/t.json', ABSENT),
    s3('list the archive', 'ListBucket', ''),
    s3('tag a recording, so that a rule removes it', 'PutObjectTagging', MEDIA),
    s3('lock a recording, or make a lock longer', 'PutObjectRetention', MEDIA, {
      's3:object-lock-mode': 'COMPLIANCE',
      's3:object-lock-remaining-retention-days': '30',
    }),
    s3('delete an object', 'DeleteObject', MEDIA),
    s3('delete a version', 'DeleteObjectVersion', MEDIA),
    s3('bypass a retention', 'BypassGovernanceRetention', MEDIA),
    s3('change lifecycle rules', 'PutLifecycleConfiguration', ''),
    s3('suspend versioning', 'PutBucketVersioning', ''),
    s3('change the default retention', 'PutBucketObjectLockConfiguration', ''),
    s3('change the bucket policy', 'PutBucketPolicy', ''),
    kms('make a data key for a recording', 'GenerateDataKey'),
    kms('make a data key without a recording', 'GenerateDataKey', {
      'kms:EncryptionContext:genesys-cloud-organization-id': ORGANIZATION,
    }),
    kms('open a data key', 'Decrypt'),
    kms('open facts or people of the catalogue', 'Decrypt', {
      ...CONTEXT,
      'kms:EncryptionContext:recording-id': 'people/2026-05-20',
    }),
    kms('make a data key for facts', 'GenerateDataKey', {
      ...CONTEXT,
      'kms:EncryptionContext:recording-id': 'facts/2026-05-20',
    }),
    kms('open a data key of another organization', 'Decrypt', {
      ...CONTEXT,
      'kms:EncryptionContext:genesys-cloud-organization-id': '1c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    }),
    {
      what: 'sign the log',
      action: 'kms:Sign',
      on: 'log key',
      keys: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' },
    },
    kms('move a data key away', 'ReEncryptFrom'),
    kms('move a data key here', 'ReEncryptTo'),
    kms('give the use of the key away', 'CreateGrant', {}),
    kms('change the key policy', 'PutKeyPolicy', {}),
    kms('schedule the deletion of the key', 'ScheduleKeyDeletion', {}),
    ...[
      ['read a job', 'GetObject', '/jobs/j/job.json'],
      ['write a job', 'PutObject', '/jobs/j/job.json'],
      ['read facts', 'GetObject', '/facts/2026/05/20/conversations.ndjson.gz.enc'],
      ['replace facts', 'PutObject', '/facts/2026/05/20/conversations.ndjson.gz.enc'],
      ['read the catalogue', 'GetObject', '/catalogue/recordings/v1/day=2026-05-20/recordings.parquet'],
      ['replace the catalogue', 'PutObject', '/catalogue/recordings/v1/day=2026-05-20/recordings.parquet'],
    ].map(([what = '', action = '', part = '']) => ({ ...s3(what, action, part), on: 'catalogue' as const })),
    { what: 'read the OAuth client', action: 'secretsmanager:GetSecretValue', on: 'client' },
    { what: 'read the signing key', action: 'secretsmanager:GetSecretValue', on: 'secret' },
    { what: 'replace the signing key', action: 'secretsmanager:PutSecretValue', on: 'secret' },
    { what: 'take events from the queue', action: 'sqs:ReceiveMessage', on: 'queue' },
    { what: 'put an event into the queue', action: 'sqs:SendMessage', on: 'queue' },
  ];
}

/** `administrator` stands for a role of the account whose IAM policy allows everything. */
export const COLUMNS = [
  'writer',
  'auditor',
  'rewrap',
  'verifier',
  'job runner',
  'compactor',
  'facts',
  'retainer',
  'sealer',
  'driller',
  'break-glass',
  'administrator',
] as const;

export type Column = (typeof COLUMNS)[number];

const ALL = { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/**
 * Whether the role may, as IAM decides within one account: no policy may deny, and one has to allow, that of the role or that of the
 * resource. The key is different: its own policy has to let the policy of the role count.
 */
export function may(template: ResolvedTemplate, column: Column, deed: Deed): boolean {
  const bucket = resourceOf(template, 'AWS::S3::Bucket', 'BucketObjects')[0];
  const roles = {
    writer: 'ArchiveWriter',
    auditor: 'ArchiveAuditor',
    rewrap: 'ArchiveRewrap',
    verifier: 'ArchiveVerifier',
    'job runner': 'ArchiveJobRunner',
    compactor: 'ArchiveCompactor',
    facts: 'ArchiveFacts',
    retainer: 'ArchiveRetainer',
    sealer: 'ArchiveSealer',
    driller: 'ArchiveDriller',
  } as const;
  const name = column in roles ? roles[column as keyof typeof roles] : undefined;
  const roleId = name === undefined ? undefined : roleNamed(template, name);
  const real =
    column === 'break-glass' ? BREAK_GLASS : `arn:aws:iam::${ACCOUNT}:role/${name ?? 'Administrator'}`;
  // attributes of a synthesised role have no account, which key policies look at
  const settle = (document: unknown): unknown =>
    roleId === undefined
      ? document
      : JSON.parse(JSON.stringify(document).replaceAll(`"${arnOf(roleId)}"`, `"${real}"`));
  const identity =
    name === undefined
      ? ALL
      : settle(propertiesOf(template, 'AWS::IAM::Policy', `${name}Policy`)['PolicyDocument']);
  const [secret] = resourceOf(template, 'AWS::SecretsManager::Secret', 'SigningKey');
  const [client] = resourceOf(template, 'AWS::SecretsManager::Secret', 'Credentials');
  const [catalogue] = resourceOf(template, 'AWS::S3::Bucket', 'Catalogue');
  const [key] = resourcesOf(template, 'AWS::KMS::Key').find(([id]) => !/ServiceKey|LogKey/.test(id)) ?? [''];
  const [logKey] = resourceOf(template, 'AWS::KMS::Key', 'LogKey');
  const [queue] = resourceOf(template, 'AWS::SQS::Queue', 'QueueEvents');
  const places = {
    bucket: [
      arnOf(bucket),
      propertiesOf(template, 'AWS::S3::BucketPolicy', 'BucketObjects')['PolicyDocument'],
    ],
    key: [arnOf(key), template.resources[key]?.Properties['KeyPolicy']],
    'log key': [arnOf(logKey), template.resources[logKey]?.Properties['KeyPolicy']],
    secret: [
      secret,
      propertiesOf(template, 'AWS::SecretsManager::ResourcePolicy', 'SigningKey')['ResourcePolicy'],
    ],
    catalogue: [
      arnOf(catalogue),
      propertiesOf(template, 'AWS::S3::BucketPolicy', 'Catalogue')['PolicyDocument'],
    ],
    client: [
      client,
      propertiesOf(template, 'AWS::SecretsManager::ResourcePolicy', 'Credentials')['ResourcePolicy'],
    ],
    queue: [arnOf(queue), propertiesOf(template, 'AWS::SQS::QueuePolicy', 'QueueEvents')['PolicyDocument']],
  } as const;
  const [resource, document] = places[deed.on];
  const request: Request = {
    action: deed.action,
    resource: `${resource}${deed.part ?? ''}`,
    principal: real,
    keys: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', ...deed.keys },
  };
  const byRole = decide(identity, request);
  // the resource of a key policy is the key
  const byResource = decide(settle(document), request);
  if (byRole === 'deny' || byResource === 'deny') return false;
  if (deed.on === 'key' || deed.on === 'log key') return byRole === 'allow' && byResource === 'allow';
  return byRole === 'allow' || byResource === 'allow';
}

/** CDK adds a hash to what the construct is named; roles in the construct of a function have longer names. */
function roleNamed(template: ResolvedTemplate, name: string): string {
  const pattern = new RegExp(`^${name}[0-9A-F]{8}$`);
  const found = resourcesOf(template, 'AWS::IAM::Role').find(([id]) => pattern.test(id));
  if (found === undefined) throw new Error(`there is no role ${name}`);
  return found[0];
}

/** In Markdown. */
export function iamTable(template: ResolvedTemplate): string {
  const bucket = resourceOf(template, 'AWS::S3::Bucket', 'BucketObjects')[0];
  const rows = deedsOf(bucket).map((deed) => {
    const cells = COLUMNS.map((column) => (may(template, column, deed) ? '**yes**' : 'no'));
    return `| ${deed.what} (\`${deed.action}\`) | ${cells.join(' | ')} |`;
  });
  return [`| who may | ${COLUMNS.join(' | ')} |`, `|---|${COLUMNS.map(() => '---|').join('')}`, ...rows].join(
    '\n',
  );
}
