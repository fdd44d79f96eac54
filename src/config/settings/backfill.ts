import { choice, credentialId, credentialSecret, secretArn } from '../values/values.ts';

const ARCHIVE = ['archive'] as const;

/** What brings recordings from before, and what is known of conversations. Part of the one table in `schema.ts`. */
export const BACKFILL_SETTINGS = {
  ARCHIVE_RESTORE_WAVE: {
    schema: choice(['20', '100', '500', '2000']),
    group: 'Archive',
    meaning:
      'with `ARCHIVE_RESTORE_ARCHIVED=1`: how many recordings a runner of `backfill` has the platform bring back at once; the others wait for their turn',
    example: '500',
    default: '100',
    since: 'backfill',
    usedFor: ARCHIVE,
  },
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
} as const;
