/** What the role of each scheduled function may do; docs/aws-permissions.md gives the reasons. */
import { DAYS_PREFIX } from '../../src/catalogue/places.ts';
import type { SealSettings } from '../../src/config/deploy/settings.ts';
import {
  type ArchiveResources,
  archivingStatements,
  MEDIA_FOLDER,
  mediaFoldersOf,
  openSecretsWith,
  ORGANIZATION,
  readKeyRecords,
  signatures,
} from '../access/policies.ts';
import { allow, listing, rootOf, type Statement } from '../access/statement.ts';

/** Writes what the function prints. */
export function logStatements(logGroupArn: string): readonly Statement[] {
  return [allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${logGroupArn}:*`])];
}

/** The verification reads recordings and receipts, and writes nothing. It opens data keys where it is to decrypt. */
export function verifierStatements(
  resources: Pick<
    ArchiveResources,
    | 'bucketArn'
    | 'keyPrefix'
    | 'keyRecordsBucketArn'
    | 'keyArn'
    | 'organizationId'
    | 'mediaFolder'
    | 'quarantine'
  >,
  decrypts: boolean,
): readonly Statement[] {
  const { keyArn, organizationId } = resources;
  const root = rootOf(resources);
  return [
    allow(
      'ReadRecordingsAndReceipts',
      ['s3:GetObject'],
      [...mediaFoldersOf(resources), 'receipts', 'erasures', 'holds', 'removals'].map(
        (prefix) => `${root}${prefix}/*`,
      ),
    ),
    listing('FindRecordings', resources),
    // without the right to open data keys, a record tells no more than that it is there
    ...readKeyRecords(resources),
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

/** Where there is a catalogue, the verification holds its rows to receipts, objects, holds and erasures. It opens nothing that is sealed. */
export function comparingStatements(
  resources: Pick<ArchiveResources, 'bucketArn' | 'keyPrefix' | 'catalogueBucketArn'>,
): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '' } = resources;
  return [
    allow('ReadHolds', ['s3:GetObject'], [`${rootOf(resources)}holds/*`]),
    allow('ReadRows', ['s3:GetObject'], [`${catalogue}/${DAYS_PREFIX}*`]),
    {
      ...allow('FindRows', ['s3:ListBucket'], [catalogue]),
      Condition: { StringLike: { 's3:prefix': `${DAYS_PREFIX}*` } },
    },
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
 * The runner of jobs archives as the function does, without its queue, and keeps its jobs in the second bucket. It opens no data key of a
 * recording: what has to is left to runners of other roles. Where contexts or transcripts are kept, it reads facts instead of asking the platform.
 */
export function jobsStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', clientSecretArns = [], signingSecretArn } = resources;
  const { context = false, transcripts = false, keyArn, organizationId } = resources;
  const readsFacts = context || transcripts;
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
      Condition: { StringLike: { 's3:prefix': readsFacts ? ['jobs/*', 'facts/*'] : 'jobs/*' } },
    },
    ...(readsFacts
      ? [
          allow('ReadFacts', ['s3:GetObject'], [`${catalogue}/facts/*`]),
          {
            ...allow('OpenFacts', ['kms:Decrypt'], [keyArn]),
            Condition: {
              StringEquals: { [ORGANIZATION]: organizationId },
              StringLike: { 'kms:EncryptionContext:recording-id': 'facts/*' },
            },
          },
        ]
      : []),
  ];
}

/** What the sealer reads besides the log. */
const SEALED = ['receipts', 'erasures', 'holds', 'removals', 'source-deletions', 'drills', 'access'] as const;

/**
 * The sealer lists the archive and reads receipts and access entries, never a recording. It adds to the log, and replaces nothing of it but the pointer to the
 * newest checkpoint. It alone signs with the key of the log.
 *
 * @param settings `secondStore`: `s3://BUCKET[/PREFIX]` that gets a copy of each checkpoint; `lock`: it locks what it writes once.
 */
export function sealerStatements(
  resources: ArchiveResources,
  { secondStore, lock }: Pick<SealSettings, 'secondStore' | 'lock'> = {},
): readonly Statement[] {
  const { logKeyArn, clientSecretArns = [] } = resources;
  const root = rootOf(resources);
  const log = `${root}proof/*`;
  return [
    allow('ReadReceiptsAndLog', ['s3:GetObject'], [...SEALED.map((prefix) => `${root}${prefix}/*`), log]),
    listing('ListArchive', resources),
    {
      ...allow('AddToLog', ['s3:PutObject'], [log]),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    {
      ...allow('PointToNewest', ['s3:PutObject'], [`${root}proof/*/checkpoint`]),
      Condition: { Null: { 's3:if-match': 'false' } },
    },
    // a lock can be made longer with it, and never shorter
    ...(lock === undefined ? [] : [allow('LockLog', ['s3:PutObjectRetention'], [log])]),
    ...secondStoreStatements(secondStore, resources.partition),
    ...signatures(logKeyArn, { sign: 'SignLog', show: 'ShowLogKey' }),
    allow('ReadClient', ['secretsmanager:GetSecretValue'], clientSecretArns.slice(0, 1)),
  ];
}

/**
 * Who drills reads recordings, receipts and the log, and opens data keys. It writes reports, each once, and signs them with a key that
 * signs nothing else.
 */
export function drillerStatements(resources: ArchiveResources): readonly Statement[] {
  const { keyArn, logKeyArn, drillKeyArn, organizationId, mediaFolder = MEDIA_FOLDER } = resources;
  const root = rootOf(resources);
  const read = [mediaFolder, 'receipts', 'erasures', 'holds', 'removals', 'proof', 'drills'].map(
    (prefix) => `${root}${prefix}/*`,
  );
  return [
    allow('ReadRecordingsReceiptsAndLog', ['s3:GetObject'], read),
    listing('FindRecordings', resources),
    ...readKeyRecords(resources),
    {
      ...allow('OpenDataKeys', ['kms:Decrypt'], [keyArn]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
    },
    {
      ...allow('AddReports', ['s3:PutObject'], [`${root}drills/*`]),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    ...signatures(drillKeyArn, { sign: 'SignReports', show: 'ShowReportKey' }),
    ...(logKeyArn === undefined ? [] : [allow('ShowLogKey', ['kms:GetPublicKey'], [logKeyArn])]),
  ];
}

function secondStoreStatements(secondStore: string | undefined, partition = 'aws'): readonly Statement[] {
  if (secondStore === undefined) return [];
  const [bucket = '', ...rest] = secondStore.replace('s3://', '').split('/');
  const prefix = rest.filter((part) => part !== '').join('/');
  const place = {
    bucketArn: `arn:${partition}:s3:::${bucket}`,
    keyPrefix: prefix === '' ? '' : `${prefix}/`,
  };
  return [
    allow('KeepCheckpoints', ['s3:GetObject', 's3:PutObject'], [`${rootOf(place)}*`]),
    listing('FindCheckpoints', place),
  ];
}

/**
 * Fetches facts and audits: reads the OAuth client, replaces facts and audits in the second bucket, and notes there which requests it has seen.
 * It makes data keys for facts and audits alone, and opens none: what it has written it cannot read, and nothing else either.
 */
export function factsStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', clientSecretArns = [], keyArn, organizationId } = resources;
  return [
    allow('ReadClients', ['secretsmanager:GetSecretValue'], clientSecretArns),
    // S3 knows no right to ask for the time of an object without the right to its bytes, which are sealed
    allow(
      'KeepFacts',
      ['s3:GetObject', 's3:PutObject'],
      ['facts', 'audits', 'requests'].map((prefix) => `${catalogue}/${prefix}/*`),
    ),
    // a missing object is told from a missing bucket by a request that names no prefix
    allow('FindFacts', ['s3:ListBucket'], [catalogue]),
    {
      ...allow('SealFacts', ['kms:GenerateDataKey'], [keyArn]),
      Condition: {
        StringEquals: { [ORGANIZATION]: organizationId },
        StringLike: { 'kms:EncryptionContext:recording-id': ['facts/*', 'audits/*'] },
      },
    },
  ];
}

/** Encryption contexts of what the catalogue keeps sealed; no recording can have such an id. */
export const SEALED_OF_CATALOGUE = ['people/*', 'search-key/*'] as const;

/**
 * The compactor lists the archive and reads receipts, holds and erasures, and facts; it replaces files of the catalogue. It opens people,
 * search keys and facts, and can open no recording: their ids are other ones.
 */
export function catalogueStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', keyArn, organizationId } = resources;
  const root = rootOf(resources);
  const sealed = (ids: readonly string[]) => ({
    StringEquals: { [ORGANIZATION]: organizationId },
    StringLike: { 'kms:EncryptionContext:recording-id': ids },
  });
  return [
    allow(
      'ReadReceiptsHoldsAndErasures',
      ['s3:GetObject'],
      ['receipts', 'holds', 'erasures', 'removals'].map((prefix) => `${root}${prefix}/*`),
    ),
    listing('ListArchive', resources),
    allow('ReadFacts', ['s3:GetObject'], [`${catalogue}/facts/*`]),
    allow('KeepCatalogue', ['s3:GetObject', 's3:PutObject'], [`${catalogue}/catalogue/*`]),
    allow('FindInCatalogue', ['s3:ListBucket'], [catalogue]),
    {
      ...allow('OpenPeopleAndFacts', ['kms:Decrypt'], [keyArn]),
      Condition: sealed([...SEALED_OF_CATALOGUE, 'facts/*']),
    },
    { ...allow('SealPeople', ['kms:GenerateDataKey'], [keyArn]), Condition: sealed(SEALED_OF_CATALOGUE) },
  ];
}

/**
 * Who applies rules of retention sees what keeps each object, locks and tags it, and reads receipts, holds and the clear files of the
 * catalogue. It removes nothing and opens nothing. It writes notes of what rules may remove, each once, and signs them as receipts are signed.
 *
 * @param locks the rules are by Object Lock; else they are by tags alone.
 */
export function retentionStatements(resources: ArchiveResources, locks: boolean): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', signingSecretArn, signingKeyArn } = resources;
  const { mediaFolder = MEDIA_FOLDER } = resources;
  const root = rootOf(resources);
  const receipts = `${root}receipts/*`;
  const kept = [`${root}${mediaFolder}/*`, receipts, `${root}context/*`, `${root}transcripts/*`];
  return [
    // S3 knows no right to ask for the time of an object without the right to its bytes, which are sealed
    allow('ReadWhatIsKept', ['s3:GetObject'], [...kept, `${root}holds/*`, `${root}removals/*`]),
    allow('SeeWhatKeepsIt', ['s3:GetObjectLegalHold', 's3:GetObjectRetention', 's3:GetObjectTagging'], kept),
    allow(
      'TagAsRulesSay',
      ['s3:PutObjectTagging'],
      kept.filter((place) => place !== receipts),
    ),
    ...(locks ? [allow('LockAsRulesSay', ['s3:PutObjectRetention'], kept)] : []),
    listing('ListArchive', resources),
    {
      ...allow('AddNotes', ['s3:PutObject'], [`${root}removals/*`]),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    allow('ReadCatalogue', ['s3:GetObject'], [`${catalogue}/catalogue/*`]),
    allow('FindInCatalogue', ['s3:ListBucket'], [catalogue]),
    ...(signingSecretArn === undefined
      ? []
      : [allow('ReadSigningKey', ['secretsmanager:GetSecretValue'], [signingSecretArn])]),
    ...signatures(signingKeyArn, { sign: 'SignNotes', show: 'ShowSigningKey' }),
  ];
}
