/**
 * What each role of the stack may do, as plain data: the stack turns it into IAM policies, and a test compares it with the requests
 * that an end-to-end run makes. `docs/aws-permissions.md` says for which request each action is there.
 */
import { allow, listing, rootOf, type Statement } from './statement.ts';

/** A part of the stack that a template with parameters may lack. */
export type OptionalPart = 'signingSecret' | 'signingKms';

/** By their names: the statements that are of no use without that part. */
export const STATEMENTS_OF_PARTS: Readonly<Record<string, OptionalPart>> = {
  SignReceipts: 'signingKms',
  ShowSigningKey: 'signingKms',
  ReadSigningKey: 'signingSecret',
};

/** What the statements are about. All ARNs may be tokens of CDK, which are resolved at deployment. */
export interface ArchiveResources {
  readonly bucketArn: string;
  /** Of AWS. @default aws */
  readonly partition?: string;
  readonly bucketName: string;
  /** What all keys begin with, with its slash; nothing where the bucket is the archive's alone. */
  readonly keyPrefix?: string;
  /** Of the bucket of facts, catalogue and jobs. */
  readonly catalogueBucketArn?: string | undefined;
  /** Of the bucket of key records, where there is one. */
  readonly keyRecordsBucketArn?: string | undefined;
  /** Of the KMS key that wraps the data key of each recording. */
  readonly keyArn: string;
  /** Of Genesys Cloud; every data key is bound to it. */
  readonly organizationId: string;
  readonly queueArn: string;
  readonly deadLetterQueueArn: string;
  /** Without the `:*` that stands for its streams. */
  readonly logGroupArn: string;
  /** Credentials, signing key where it is in a secret and, with a webhook, its secret. */
  readonly secretArns: readonly string[];
  /** Of the OAuth client, and of that of backfills where there is one. */
  readonly clientSecretArns?: readonly string[];
  /** Of the secret that holds the key that signs receipts, where there is one; among `secretArns`, too. */
  readonly signingSecretArn?: string | undefined;
  /** Of the KMS key that signs receipts, where there is one. */
  readonly signingKeyArn?: string | undefined;
  /** Of the KMS key that signs the log, where there is one. */
  readonly logKeyArn?: string | undefined;
  /** Of the KMS key that signs the reports of restore drills, where there is one. */
  readonly drillKeyArn?: string | undefined;
  /** What the keys of media begin with, up to the first slash; `archive` but in the layout `genesys-export`. */
  readonly mediaFolder?: string;
  /** The function keeps the context of conversations too (`ARCHIVE_CONTEXT=1`). */
  readonly context?: boolean;
  /** The function keeps transcripts too (`ARCHIVE_TRANSCRIPTS=1`). */
  readonly transcripts?: boolean;
  /** Rules put recordings into quarantine (`ARCHIVE_QUARANTINE`). */
  readonly quarantine?: boolean;
  /** What the function locks new objects with, and for how many days at most. */
  readonly lock?: { readonly mode: 'COMPLIANCE' | 'GOVERNANCE'; readonly days: number } | undefined;
  /** Lifecycle rules of the bucket read tags, which go with a copy. */
  readonly tags?: boolean;
  /** KMS keys, besides `keyArn`, that data keys are moved from or to. */
  readonly otherKeyArns?: readonly string[];
  /** The KMS key of the queues, the logs and the secrets, where it is not AWS's own. */
  readonly serviceKeyArn?: string | undefined;
  /** The function runs in a VPC. */
  readonly vpc?: boolean;
}

/** Prefixes that the function writes under, see docs/format.md. */
const PREFIXES = ['receipts', 'links', 'claims'] as const;

export const MEDIA_FOLDER = 'archive';
export const QUARANTINE_FOLDER = 'quarantine';

/** What the keys of recordings begin with, up to the first slash. */
export function mediaFoldersOf({
  mediaFolder = MEDIA_FOLDER,
  quarantine = false,
}: Pick<ArchiveResources, 'mediaFolder' | 'quarantine'>): readonly string[] {
  return [mediaFolder, ...(quarantine ? [QUARANTINE_FOLDER] : [])];
}

/** See docs/layouts.md: all layouts but that of Genesys's own export keep media below `archive/`. */
export function mediaFolderOf(organizationId: string, variables: Readonly<Record<string, string>>): string {
  return variables['ARCHIVE_LAYOUT'] === 'genesys-export' ? organizationId : MEDIA_FOLDER;
}

export const ORGANIZATION = 'kms:EncryptionContext:genesys-cloud-organization-id';

/** The function: writes what is absent, makes data keys that it cannot open again, and works on its queue. */
export function writerStatements(resources: ArchiveResources): readonly Statement[] {
  const { queueArn, deadLetterQueueArn, logGroupArn } = resources;
  return [
    ...archivingStatements(resources),
    allow('ReadSecrets', ['secretsmanager:GetSecretValue'], resources.secretArns),
    // the event source mapping receives and deletes with the function's role
    allow('TakeMessages', ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [queueArn]),
    allow('PutOffWhatIsNotReady', ['sqs:ChangeMessageVisibility'], [queueArn]),
    allow('SetPoisonAside', ['sqs:SendMessage'], [deadLetterQueueArn]),
    allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${logGroupArn}:*`]),
    ...serviceStatements(resources),
  ];
}

/** What archiving a recording takes, by whichever function. */
export function archivingStatements(resources: ArchiveResources): readonly Statement[] {
  const {
    keyArn,
    organizationId,
    mediaFolder = MEDIA_FOLDER,
    context = false,
    transcripts = false,
    quarantine = false,
    lock,
  } = resources;
  const root = rootOf(resources);
  const prefixes = [
    mediaFolder,
    ...PREFIXES,
    ...(context ? ['context'] : []),
    ...(transcripts ? ['transcripts'] : []),
  ];
  const objects = prefixes.map((prefix) => `${root}${prefix}/*`);
  return [
    allow('WriteOnlyWhatIsAbsent', ['s3:PutObject'], objects),
    ...(lock === undefined
      ? []
      : [
          // no longer than the rules say: who takes the function over locks nothing for ever
          {
            ...allow('LockAsRulesSay', ['s3:PutObjectRetention'], [`${root}${mediaFolder}/*`]),
            Condition: {
              StringEquals: { 's3:object-lock-mode': lock.mode },
              NumericLessThanEquals: { 's3:object-lock-remaining-retention-days': String(lock.days) },
            },
          } satisfies Statement,
        ]),
    // nothing else is large enough to be uploaded in parts
    allow('LeaveNoPartsBehind', ['s3:AbortMultipartUpload'], [`${root}${mediaFolder}/*`]),
    ...(quarantine ? quarantineStatements(resources) : []),
    // what was erased stays erased: a tombstone is looked for before a recording is fetched
    allow('SeeWhatIsThere', ['s3:GetObject'], [...objects, `${root}erasures/*`]),
    // it never reads one, nor asks whether it is there
    ...keyRecordStatements(resources, { sid: 'KeepDataKeys', actions: ['s3:PutObject'] }),
    listing('TellAbsentFromForbidden', resources),
    {
      ...allow('MakeDataKeys', ['kms:GenerateDataKey'], [keyArn]),
      Condition: {
        StringEquals: { [ORGANIZATION]: organizationId },
        Null: {
          'kms:EncryptionContext:conversation-id': 'false',
          'kms:EncryptionContext:recording-id': 'false',
        },
      },
    },
    ...signingStatements(resources),
  ];
}

/** Nothing locks what is written there; a bucket that locks by itself is refused. */
function quarantineStatements(resources: ArchiveResources): readonly Statement[] {
  return [
    allow(
      'KeepInQuarantine',
      ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      [`${rootOf(resources)}${QUARANTINE_FOLDER}/*`],
    ),
    allow('SeeWhatIsLocked', ['s3:GetBucketObjectLockConfiguration'], [resources.bucketArn]),
  ];
}

/** What optional parts of the deployment need. */
function serviceStatements({
  serviceKeyArn,
  vpc = false,
}: Pick<ArchiveResources, 'serviceKeyArn' | 'vpc'>): readonly Statement[] {
  return [
    ...(serviceKeyArn === undefined
      ? []
      : [
          // `kms:ViaService` names the region too: the key policy limits it to SQS and Secrets Manager
          {
            ...allow('OpenMessagesAndSecrets', ['kms:Decrypt', 'kms:GenerateDataKey'], [serviceKeyArn]),
            Condition: { Null: { 'kms:ViaService': 'false' } },
          } satisfies Statement,
        ]),
    ...networkStatements({ vpc }),
  ];
}

/** Of a function that runs in a VPC. */
export function networkStatements({ vpc = false }: Pick<ArchiveResources, 'vpc'>): readonly Statement[] {
  return vpc
    ? [
        // these know no resource; the key is present in requests of the function's code, which must not make them
        {
          ...allow('AttachToVpc', NETWORK_INTERFACE_ACTIONS, ['*']),
          Condition: { Null: { 'lambda:SourceFunctionArn': 'true' } },
        } satisfies Statement,
      ]
    : [];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
] as const;

/** Pure Ed25519 of the message itself; the public half is no secret, and is asked for once by every process. */
export function signingStatements({
  signingKeyArn,
}: Pick<ArchiveResources, 'signingKeyArn'>): readonly Statement[] {
  return signatures(signingKeyArn, { sign: 'SignReceipts', show: 'ShowSigningKey' });
}

/** With a key of KMS, where there is one. */
export function signatures(
  keyArn: string | undefined,
  sids: { readonly sign: string; readonly show: string },
): readonly Statement[] {
  if (keyArn === undefined) return [];
  return [
    {
      ...allow(sids.sign, ['kms:Sign'], [keyArn]),
      Condition: {
        StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' },
      },
    },
    allow(sids.show, ['kms:GetPublicKey'], [keyArn]),
  ];
}

/** Who restores and verifies: reads everything, changes nothing. */
export function auditorStatements(
  resources: Pick<
    ArchiveResources,
    'bucketArn' | 'keyPrefix' | 'catalogueBucketArn' | 'keyRecordsBucketArn' | 'keyArn' | 'organizationId'
  >,
): readonly Statement[] {
  const { catalogueBucketArn: catalogue, keyArn, organizationId } = resources;
  return [
    allow('ReadObjects', ['s3:GetObject'], [`${rootOf(resources)}*`]),
    listing('FindObjects', resources),
    ...readKeyRecords(resources),
    ...(catalogue === undefined
      ? []
      : [
          allow('ReadCatalogue', ['s3:GetObject'], [`${catalogue}/*`]),
          allow('FindInCatalogue', ['s3:ListBucket'], [catalogue]),
        ]),
    {
      ...allow('OpenDataKeys', ['kms:Decrypt'], [keyArn]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
    },
  ];
}

/** `kms:ViaService` names the region too: the key policy limits it to Secrets Manager. */
export function openSecretsWith(serviceKeyArn: string): Statement {
  return {
    ...allow('OpenSecrets', ['kms:Decrypt'], [serviceKeyArn]),
    Condition: { Null: { 'kms:ViaService': 'false' } },
  };
}

/** On key records, where there are any. */
export function keyRecordStatements(
  { keyRecordsBucketArn: records }: Pick<ArchiveResources, 'keyRecordsBucketArn'>,
  { sid, actions }: { readonly sid: string; readonly actions: readonly string[] },
): readonly Statement[] {
  return records === undefined ? [] : [allow(sid, actions, [`${records}/keys/*`])];
}

/** Reads key records, and tells one that is missing from one that is forbidden. */
export function readKeyRecords(
  resources: Pick<ArchiveResources, 'keyRecordsBucketArn'>,
): readonly Statement[] {
  const reading = { sid: 'ReadKeyRecords', actions: ['s3:GetObject'] };
  return [...keyRecordStatements(resources, reading), ...findKeyRecords(resources)];
}

export function findKeyRecords({
  keyRecordsBucketArn: records,
}: Pick<ArchiveResources, 'keyRecordsBucketArn'>): readonly Statement[] {
  return records === undefined ? [] : [allow('FindKeyRecords', ['s3:ListBucket'], [records])];
}
