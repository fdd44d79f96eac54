/** What the role may do that moves data keys; `docs/aws-permissions.md` says for which request each action is there. */
import {
  type ArchiveResources,
  findKeyRecords,
  keyRecordStatements,
  mediaFoldersOf,
  openSecretsWith,
  ORGANIZATION,
  signingStatements,
} from './policies.ts';
import { allow, listing, rootOf, type Statement } from './statement.ts';

/**
 * Who moves data keys to another KMS key: KMS does it inside, so that neither data keys nor media are ever seen. It writes instruction
 * files, amendments of receipts, which it signs, and objects that S3 copies from the folder of media itself. IAM cannot compare the
 * source of a copy with its destination: that the object is copied onto itself is the program's to do, and `verify` tells when it was not.
 */
export function rewrapStatements(resources: RewrapResources): readonly Statement[] {
  const { bucketName, keyPrefix = '', keyArn, organizationId } = resources;
  const { otherKeyArns = [], signingKeyArn, signingSecretArn, serviceKeyArn, tags = false } = resources;
  const root = rootOf(resources);
  const { context = false, transcripts = false } = resources;
  const media = mediaFoldersOf(resources);
  const folders = [...media, ...(context ? ['context'] : []), ...(transcripts ? ['transcripts'] : [])];
  return [
    allow(
      'ReadWraps',
      ['s3:GetObject'],
      [...folders, 'receipts', 'erasures'].map((prefix) => `${root}${prefix}/*`),
    ),
    listing('FindObjects', resources),
    {
      ...allow(
        'CopyOntoItself',
        ['s3:PutObject'],
        folders.map((folder) => `${root}${folder}/*`),
      ),
      Condition: {
        StringLike: {
          's3:x-amz-copy-source': one(folders.map((folder) => `${bucketName}/${keyPrefix}${folder}/*`)),
        },
      },
    },
    // S3 copies the tags of what it copies
    ...(tags
      ? [
          allow(
            'CopyTags',
            ['s3:GetObjectTagging', 's3:PutObjectTagging'],
            media.map((folder) => `${root}${folder}/*`),
          ),
        ]
      : []),
    allow(
      'ExchangeInstructionFiles',
      ['s3:PutObject'],
      media.map((folder) => `${root}${folder}/*.instruction`),
    ),
    ...keyRecordStatements(resources, {
      sid: 'ExchangeKeyRecords',
      actions: ['s3:GetObject', 's3:PutObject'],
    }),
    ...findKeyRecords(resources),
    allow('AmendReceipts', ['s3:PutObject'], [`${root}receipts/*/_*.wrap-*.json`]),
    {
      ...allow('MoveDataKeys', ['kms:ReEncryptFrom', 'kms:ReEncryptTo'], [keyArn, ...otherKeyArns]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
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

/** As IAM writes it: a list only where there are several. */
const one = (texts: readonly string[]): string | readonly string[] =>
  texts.length === 1 ? (texts[0] ?? '') : texts;

type RewrapResources = Pick<
  ArchiveResources,
  | 'bucketArn'
  | 'keyRecordsBucketArn'
  | 'tags'
  | 'context'
  | 'transcripts'
  | 'bucketName'
  | 'keyPrefix'
  | 'keyArn'
  | 'organizationId'
  | 'mediaFolder'
  | 'quarantine'
  | 'otherKeyArns'
  | 'signingKeyArn'
  | 'signingSecretArn'
  | 'serviceKeyArn'
>;
