/** What the role may do that releases recordings from quarantine; `docs/aws-permissions.md` says for which request each action is there. */
import {
  archivingStatements,
  type ArchiveResources,
  keyRecordStatements,
  findKeyRecords,
  openSecretsWith,
  ORGANIZATION,
  QUARANTINE_FOLDER,
} from './policies.ts';
import { allow, listing, rootOf, type Statement } from './statement.ts';

/** Folders of what stands beside an object in quarantine: below them it has the key of that object. */
const BESIDE = ['receipts', 'links', 'peaks', 'context', 'transcripts'] as const;

/** All that lies in quarantine, with what stands beside it, and nothing that was released. */
export function quarantinedObjects(root: string): readonly string[] {
  const places = [QUARANTINE_FOLDER, ...BESIDE.map((folder) => `${folder}/${QUARANTINE_FOLDER}`)];
  return places.map((place) => `${root}${place}/*`);
}

/**
 * Who releases what waits in quarantine: archives it under the key that it keeps, as the function would, and removes what lay in
 * quarantine. It removes nothing else, makes no data key and takes no event.
 */
export function releaserStatements(resources: ArchiveResources): readonly Statement[] {
  const { keyArn, organizationId, keyRecordsBucketArn: records } = resources;
  const { signingSecretArn, clientSecretArns = [], serviceKeyArn } = resources;
  const root = rootOf(resources);
  const waiting = quarantinedObjects(root);
  return [
    // it puts nothing into quarantine, and makes no data key
    ...archivingStatements({ ...resources, quarantine: false }).filter(({ Sid }) => Sid !== 'MakeDataKeys'),
    allow('SeeWhatIsLocked', ['s3:GetBucketObjectLockConfiguration'], [resources.bucketArn]),
    allow('SeeHolds', ['s3:GetObject'], [`${root}holds/*`]),
    allow('WriteDownWhoReleases', ['s3:PutObject'], [`${root}access/*`]),
    listing('FindVersions', resources, 's3:ListBucketVersions'),
    allow(
      'SeeWhatWaits',
      ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
      waiting,
    ),
    allow('RemoveFromQuarantine', ['s3:DeleteObjectVersion'], waiting),
    ...keyRecordStatements(resources, { sid: 'CopyKeyRecords', actions: ['s3:GetObject'] }),
    ...findKeyRecords(resources),
    ...(records === undefined
      ? []
      : [
          allow('FindVersionsOfRecords', ['s3:ListBucketVersions'], [records]),
          allow('RemoveRecords', ['s3:DeleteObjectVersion'], [`${records}/keys/${QUARANTINE_FOLDER}/*`]),
        ]),
    // only where a receipt states no hash: what decrypts is proved
    {
      ...allow('OpenDataKeys', ['kms:Decrypt'], [keyArn]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
    },
    // the platform gets its reference now, and the copy its receipt
    allow(
      'ReadSecrets',
      ['secretsmanager:GetSecretValue'],
      [...clientSecretArns.slice(0, 1), ...(signingSecretArn === undefined ? [] : [signingSecretArn])],
    ),
    ...(serviceKeyArn === undefined ? [] : [openSecretsWith(serviceKeyArn)]),
  ];
}
