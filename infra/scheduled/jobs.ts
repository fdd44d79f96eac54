import type { JobsSettings } from '../../src/config/deploy/settings.ts';
import { PLATFORM_VARIABLES, type ScheduledPart } from './part.ts';
import { jobsStatements } from './statements.ts';

/** Minutes between two starts, and so the longest that a job waits for a runner. */
const EVERY_MINUTES = 5;

/** Works on jobs, such as a backfill, until the next invocation goes on. */
export function jobsPart({ concurrency = 1 }: Partial<JobsSettings>): ScheduledPart {
  return {
    id: 'JobRunner',
    bundle: 'jobs',
    description: 'works on jobs, such as a backfill',
    schedule: `rate(${EVERY_MINUTES} minutes)`,
    input: {},
    statements: jobsStatements,
    // of facts, where contexts are kept; never of a recording
    decrypts: true,
    readsSecrets: true,
    reservedConcurrency: concurrency ?? undefined,
    // the next start is near; one that finds all invocations at work is not needed
    retries: 0,
    eventAgeS: EVERY_MINUTES * 60,
    variables: [
      ...PLATFORM_VARIABLES,
      'ARCHIVE_SIGNING_KEY_SECRET_ARN',
      'ARCHIVE_SIGNING_KMS_KEY_ID',
      'ARCHIVE_RETENTION_AT_WRITE',
      'ARCHIVE_QUARANTINE',
    ],
    alarms: [
      {
        anchor: 'jobs-stopped',
        what: 'A job was stopped by an error that every item of it would meet, or the runner of jobs has failed.',
        threshold: 2,
      },
    ],
  };
}
