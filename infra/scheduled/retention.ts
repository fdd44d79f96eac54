import type { RetentionSettings } from '../../src/config/deploy/settings.ts';
import { ARCHIVE_VARIABLES, type ScheduledPart } from './part.ts';
import { retentionStatements } from './statements.ts';

/** A day of the catalogue, and the state of 200 objects. */
const MEMORY_MB = 1_024;

/** Applies the rules of retention, once a day. */
export function retentionPart(rules: NonNullable<RetentionSettings['rules']>): ScheduledPart {
  const locks = rules['by'] !== 'tags';
  return {
    id: 'Retainer',
    bundle: 'retention',
    description: 'applies the rules of retention',
    // behind the nightly run of the compactor, which knows queues
    schedule: 'cron(20 4 * * ? *)',
    input: { rules },
    statements: (about) => retentionStatements(about, locks),
    decrypts: false,
    readsSecrets: true,
    tags: true,
    reservedConcurrency: 1,
    retries: 1,
    memoryMb: MEMORY_MB,
    variables: [
      ...ARCHIVE_VARIABLES,
      'ARCHIVE_KMS_KEY_ID',
      'ARCHIVE_CATALOGUE',
      'ARCHIVE_SIGNING_KEY_SECRET_ARN',
      'ARCHIVE_SIGNING_KMS_KEY_ID',
    ],
    alarms: [
      {
        anchor: 'retention-late',
        what: 'The rules of retention could not be applied: new locks and tags are missing, and holds may not have taken tags off.',
      },
    ],
  };
}
