import { choice, credentialId, credentialSecret, flag, secretArn } from '../values/values.ts';
import { actsPerDay } from '../values/source.ts';

const WRAP = ['wrap'] as const;

/** What may be changed at the source, and by whom. Part of the one table in `schema.ts`. */
export const SOURCE_SETTINGS = {
  ARCHIVE_SOURCE_DELETE: {
    schema: flag,
    group: 'Archive',
    meaning:
      'allows `source-delete`: recordings that are verified in the archive are deleted at the platform, by a person, in two steps (`docs/source-delete.md`)',
    example: '1',
    default: '0',
    since: 'source-delete',
    usedFor: WRAP,
    namedFileOnly: true,
  },
  ARCHIVE_SOURCE_DELETE_PER_DAY: {
    schema: actsPerDay,
    group: 'Archive',
    meaning: 'recordings that `source-delete` marks on one day, UTC, of all plans together',
    example: '5000',
    default: '1000',
    since: 'source-delete',
    usedFor: WRAP,
    namedFileOnly: true,
  },
  ARCHIVE_SOURCE_DELETE_GRACE: {
    schema: choice(['7', '14', '30', '60', '90']),
    group: 'Archive',
    meaning: 'days between the mark and the deletion, in which `source-delete cancel` takes it back',
    example: '30',
    default: '7',
    since: 'source-delete',
    usedFor: WRAP,
    namedFileOnly: true,
  },
  ARCHIVE_SOURCE_DELETE_DRILL: {
    schema: choice(['7', '14', '30', '90']),
    group: 'Archive',
    meaning: 'days for which a restore drill without a failure counts',
    example: '14',
    default: '30',
    since: 'source-delete',
    usedFor: WRAP,
    namedFileOnly: true,
  },
  GENESYS_SOURCE_CLIENT_ID: {
    schema: credentialId,
    group: 'Genesys Cloud',
    meaning:
      'id of the OAuth client that `source-delete` and `hold --mirror` use, and nothing else: never the one that archives',
    example: '5b1f7c0e-2a53-4d0c-9f0b-8f2f0c0a7d21',
    since: 'source-delete',
    usedFor: WRAP,
  },
  GENESYS_SOURCE_CLIENT_SECRET: {
    schema: credentialSecret,
    group: 'Genesys Cloud',
    meaning: 'secret of that OAuth client',
    example: 'as the platform shows it once',
    since: 'source-delete',
    usedFor: WRAP,
    secret: true,
  },
  GENESYS_SOURCE_SECRET_ARN: {
    schema: secretArn,
    group: 'Genesys Cloud',
    meaning:
      'ARN of the secret in AWS Secrets Manager with that OAuth client, as JSON like that of `GENESYS_SECRET_ARN`, instead of the two',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:genesys-source-AbCdEf',
    since: 'source-delete',
    usedFor: WRAP,
  },
} as const;
