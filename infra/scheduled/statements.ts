/** What the role of each scheduled function may do; docs/aws-permissions.md gives the reasons. */
import {
  allow,
  type ArchiveResources,
  listing,
  MEDIA_FOLDER,
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
