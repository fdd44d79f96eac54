import { ARCHIVE_VARIABLES, type ScheduledPart } from './part.ts';
import { catalogueStatements } from './statements.ts';

/** A day of a million recordings takes up to 450 MB. */
const MEMORY_MB = 1_024;

/** Keeps the catalogue up to date. */
export function cataloguePart(): ScheduledPart {
  return {
    id: 'Compactor',
    bundle: 'catalogue',
    description: 'keeps the catalogue up to date',
    // the hour decides how many days are looked at
    schedule: 'cron(10 * * * ? *)',
    input: {},
    statements: catalogueStatements,
    // of people and facts, never of a recording
    decrypts: true,
    retries: 0,
    memoryMb: MEMORY_MB,
    variables: [...ARCHIVE_VARIABLES, 'ARCHIVE_KMS_KEY_ID', 'ARCHIVE_CATALOGUE'],
    alarms: [
      {
        anchor: 'catalogue-late',
        what: 'The catalogue could not be brought up to date for three hours: searches miss what is new.',
        evaluationPeriods: 3,
      },
    ],
  };
}
