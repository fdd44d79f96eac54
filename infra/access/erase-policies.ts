/** What the role may do that erases; `docs/aws-permissions.md` says for which request each action is there. */
import {
  type ArchiveResources,
  keyRecordStatements,
  mediaFoldersOf,
  openSecretsWith,
  ORGANIZATION,
  signingStatements,
} from './policies.ts';
import { SEALED_OF_CATALOGUE } from '../scheduled/statements.ts';
import { allow, listing, rootOf, type Statement } from './statement.ts';

/**
 * Who erases: reads the archive without being able to open a recording, writes tombstones and entries of the access log, makes what
 * names the erased anew, and removes versions. What a lock or a legal hold keeps it cannot remove, and holds it does not end.
 */
export function eraserStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', keyRecordsBucketArn: records, keyArn } = resources;
  const { organizationId, signingKeyArn, signingSecretArn, serviceKeyArn } = resources;
  const root = rootOf(resources);
  const sealed = (ids: readonly string[]) => ({
    StringEquals: { [ORGANIZATION]: organizationId },
    StringLike: { 'kms:EncryptionContext:recording-id': ids },
  });
  const inCatalogue = [`${catalogue}/*`];
  return [
    allow('ReadObjects', ['s3:GetObject', 's3:GetObjectVersion'], [`${root}*`]),
    allow('SeeWhatKeepsIt', ['s3:GetObjectRetention', 's3:GetObjectLegalHold'], [`${root}*`]),
    listing('FindObjects', resources),
    listing('FindVersions', resources, 's3:ListBucketVersions'),
    listing('FindUploads', resources, 's3:ListBucketMultipartUploads'),
    allow('SeeWhatIsLocked', ['s3:GetBucketObjectLockConfiguration'], [resources.bucketArn]),
    {
      ...allow('WriteDownWhatIsErased', ['s3:PutObject'], [`${root}access/*`, `${root}erasures/*`]),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    // lines of lists of the log become their hashes
    allow('RewriteLists', ['s3:PutObject'], [`${root}proof/*/lists/*`]),
    allow('RemoveVersions', ['s3:DeleteObjectVersion'], [`${root}*`]),
    allow(
      'EndUploads',
      ['s3:AbortMultipartUpload'],
      mediaFoldersOf(resources).map((folder) => `${root}${folder}/*`),
    ),
    allow('ReadCatalogue', ['s3:GetObject', 's3:GetObjectVersion'], inCatalogue),
    allow('FindInCatalogue', ['s3:ListBucket', 's3:ListBucketVersions'], [catalogue]),
    allow(
      'MakeAnew',
      ['s3:PutObject'],
      ['catalogue', 'facts', 'jobs'].map((folder) => `${catalogue}/${folder}/*`),
    ),
    allow('RemoveOldVersions', ['s3:DeleteObjectVersion'], inCatalogue),
    ...keyRecordStatements(resources, {
      sid: 'DestroyDataKeys',
      actions: ['s3:GetObjectVersion', 's3:DeleteObjectVersion'],
    }),
    ...(records === undefined ? [] : [allow('FindVersionsOfRecords', ['s3:ListBucketVersions'], [records])]),
    {
      ...allow('OpenPeopleAndFacts', ['kms:Decrypt'], [keyArn]),
      Condition: sealed([...SEALED_OF_CATALOGUE, 'facts/*']),
    },
    {
      ...allow('SealPeopleAndFacts', ['kms:GenerateDataKey'], [keyArn]),
      Condition: sealed([...SEALED_OF_CATALOGUE, 'facts/*']),
    },
    ...signingStatements({ signingKeyArn }),
    ...(signingSecretArn === undefined
      ? []
      : [
          allow('ReadSigningKey', ['secretsmanager:GetSecretValue'], [signingSecretArn]),
          ...(serviceKeyArn === undefined ? [] : [openSecretsWith(serviceKeyArn)]),
        ]),
  ];
}
