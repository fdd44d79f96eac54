import { choice, credentialId, credentialSecret, flag, secretArn, share } from '../values.ts';

const ARCHIVE = ['archive'] as const;

/** What brings recordings from before, and what is known of conversations. Part of the one table in `schema.ts`. */
export const BACKFILL_SETTINGS = {
  GENESYS_BACKFILL_SECRET_ARN: {
    schema: secretArn,
    group: 'Genesys Cloud',
    meaning:
      'ARN of the secret in AWS Secrets Manager with a second OAuth client, as JSON like that of `GENESYS_SECRET_ARN`: `backfill` uses it, and never takes any of the requests a minute of live archiving',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:genesys-backfill-AbCdEf',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  GENESYS_BACKFILL_CLIENT_ID: {
    schema: credentialId,
    group: 'Genesys Cloud',
    meaning: 'id of that second OAuth client, instead of `GENESYS_BACKFILL_SECRET_ARN`',
    example: '7d1c0a52-3f0e-4f3b-8b6e-0d9b1c2a4e55',
    default: 'the client of live archiving, which `backfill` then gives way to',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  GENESYS_BACKFILL_CLIENT_SECRET: {
    schema: credentialSecret,
    group: 'Genesys Cloud',
    meaning: 'secret of that second OAuth client',
    example: 'as the platform shows it once',
    since: 'backfill',
    usedFor: ARCHIVE,
    secret: true,
  },
  ARCHIVE_FACTS: {
    schema: choice(['analytics', 'context', 'none']),
    group: 'Archive',
    meaning:
      'where what is known of conversations comes from, for search and context: `analytics` keeps, sealed, what one job a day tells of all of them, with numbers, names, attributes and notes; `context` has only what `ARCHIVE_CONTEXT` keeps; `none` nothing',
    example: 'none',
    default: 'analytics',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  ARCHIVE_TRANSCRIPTS: {
    schema: flag,
    group: 'Archive',
    meaning:
      'keeps the stored transcripts of speech and text analytics beside the recordings, encrypted like them, newest first; two calls for each conversation, and more where it has several sessions',
    example: '1',
    default: '0',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
  ARCHIVE_TRANSCRIPT_SHARE: {
    schema: share,
    group: 'Operation',
    meaning: 'share of the requests of a job that transcripts may take',
    example: '1/10',
    default: '1/4',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
} as const;
