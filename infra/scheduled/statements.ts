/** What the role of each scheduled function may do; docs/aws-permissions.md gives the reasons. */
import { allow, type ArchiveResources, MEDIA_FOLDER, ORGANIZATION, type Statement } from '../policies.ts';

/** Writes what the function prints. */
export function logStatements(logGroupArn: string): readonly Statement[] {
  return [allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${logGroupArn}:*`])];
}

/** The verification reads recordings and receipts, and writes nothing. It opens data keys where it is to decrypt. */
export function verifierStatements(
  {
    bucketArn,
    keyArn,
    organizationId,
    mediaFolder = MEDIA_FOLDER,
  }: Pick<ArchiveResources, 'bucketArn' | 'keyArn' | 'organizationId' | 'mediaFolder'>,
  decrypts: boolean,
): readonly Statement[] {
  return [
    allow(
      'ReadRecordingsAndReceipts',
      ['s3:GetObject'],
      [`${bucketArn}/${mediaFolder}/*`, `${bucketArn}/receipts/*`],
    ),
    allow('FindRecordings', ['s3:ListBucket'], [bucketArn]),
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
