/** What the role of each scheduled function may do; docs/aws-permissions.md gives the reasons. */
import {
  allow,
  type ArchiveResources,
  archivingStatements,
  listing,
  MEDIA_FOLDER,
  openSecretsWith,
  ORGANIZATION,
  rootOf,
  type Statement,
} from '../policies.ts';

/** Writes what the function prints. */
export function logStatements(logGroupArn: string): readonly Statement[] {
  return [allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${logGroupArn}:*`])];
}

/** The verification reads recordings and receipts, and writes nothing. It opens data keys where it is to decrypt. */
export function verifierStatements(
  resources: Pick<ArchiveResources, 'bucketArn' | 'keyPrefix' | 'keyArn' | 'organizationId' | 'mediaFolder'>,
  decrypts: boolean,
): readonly Statement[] {
  const { keyArn, organizationId, mediaFolder = MEDIA_FOLDER } = resources;
  const root = rootOf(resources);
  return [
    allow('ReadRecordingsAndReceipts', ['s3:GetObject'], [`${root}${mediaFolder}/*`, `${root}receipts/*`]),
    listing('FindRecordings', resources),
    ...(decrypts
      ? [
          {
            ...allow('OpenDataKeys', ['kms:Decrypt'], [keyArn]),
            Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
          },
        ]
      : []),
  ];
}

/** Secrets that are under a key of the account. */
export function secretStatements(
  { readsSecrets = false }: { readonly readsSecrets?: boolean },
  { serviceKeyArn }: Pick<ArchiveResources, 'serviceKeyArn'>,
): readonly Statement[] {
  return readsSecrets && serviceKeyArn !== undefined ? [openSecretsWith(serviceKeyArn)] : [];
}

/**
 * The runner of jobs archives as the function does, without its queue, and keeps its jobs in the second bucket. It opens no data key:
 * what has to is left to runners of other roles.
 */
export function jobsStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', clientSecretArns = [], signingSecretArn } = resources;
  return [
    ...archivingStatements(resources),
    allow(
      'ReadClients',
      ['secretsmanager:GetSecretValue'],
      [...clientSecretArns, ...(signingSecretArn === undefined ? [] : [signingSecretArn])],
    ),
    allow('KeepJobs', ['s3:GetObject', 's3:PutObject'], [`${catalogue}/jobs/*`]),
    {
      ...allow('FindJobs', ['s3:ListBucket'], [catalogue]),
      Condition: { StringLike: { 's3:prefix': 'jobs/*' } },
    },
  ];
}
