import { credentialId, credentialSecret, secretArn } from '../values.ts';

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
} as const;
