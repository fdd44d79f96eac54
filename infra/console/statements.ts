/** What the roles of the console may do; docs/aws-permissions.md gives the reasons. */
import {
  type ArchiveResources,
  mediaFoldersOf,
  ORGANIZATION,
  readKeyRecords,
  signatures,
} from '../access/policies.ts';
import { allow, listing, rootOf, type Statement } from '../access/statement.ts';

/** What stands beside a recording, in folders of its own. */
const BESIDE = ['receipts', 'context', 'transcripts'] as const;
/** What an archive holds that people look at. */
const READ = [...BESIDE, 'holds', 'erasures', 'removals', 'links', 'proof', 'access'] as const;

/**
 * The function itself reads two secrets and becomes, for each person, the role that reaches the archive. It can read no object and open no key.
 *
 * @param secretArns of the console, and of the key that signs receipts where there is one.
 */
export function consoleStatements(readerArn: string, secretArns: readonly string[]): readonly Statement[] {
  return [
    allow('ActForPeople', ['sts:AssumeRole'], [readerArn]),
    allow('ReadConsoleSecrets', ['secretsmanager:GetSecretValue'], secretArns),
  ];
}

/**
 * A person in the console, by the name of the session: reads recordings and what stands beside them, opens their data keys, and adds entries of the
 * access log, holds, and their releases. It replaces no object of the archive, and in the second bucket only wishes about jobs and waveforms.
 */
export function consoleReaderStatements(resources: ArchiveResources): readonly Statement[] {
  const { catalogueBucketArn: catalogue = '', keyArn, signingKeyArn, organizationId } = resources;
  const media = mediaFoldersOf(resources);
  const root = rootOf(resources);
  return [
    allow(
      'ReadArchive',
      ['s3:GetObject'],
      [...media, ...READ].map((prefix) => `${root}${prefix}/*`),
    ),
    listing('FindInArchive', resources),
    {
      ...allow('AddEntriesAndHolds', ['s3:PutObject'], [`${root}access/*`, `${root}holds/*`]),
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
    // what is held stands under a lock as well, where the bucket has locks, with all that stands beside it
    allow(
      'LockWhatIsHeld',
      ['s3:PutObjectLegalHold'],
      [...media, ...BESIDE].map((folder) => `${root}${folder}/*`),
    ),
    ...readKeyRecords(resources),
    allow(
      'ReadCatalogueAndJobs',
      ['s3:GetObject'],
      ['catalogue', 'jobs', 'peaks'].map((prefix) => `${catalogue}/${prefix}/*`),
    ),
    allow('FindInCatalogue', ['s3:ListBucket'], [catalogue]),
    allow('KeepWaveforms', ['s3:PutObject'], [`${catalogue}/peaks/*`]),
    allow('ControlJobs', ['s3:PutObject'], [`${catalogue}/jobs/*/control/*`]),
    {
      ...allow('OpenDataKeys', ['kms:Decrypt'], [keyArn]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
    },
    {
      ...allow('SealWaveforms', ['kms:GenerateDataKey'], [keyArn]),
      Condition: { StringEquals: { [ORGANIZATION]: organizationId } },
    },
    ...signatures(signingKeyArn, { sign: 'SignHolds', show: 'ShowSigningKey' }),
  ];
}
