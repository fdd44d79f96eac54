import { Duration } from 'aws-cdk-lib';
import { ownMetric } from '../watch/metrics.ts';
import { PLATFORM_VARIABLES, type ScheduledPart } from './part.ts';
import { factsStatements } from './statements.ts';

/** Fetches what the platform knows of each day's conversations, its audit of recordings, and whether there are new requests under the GDPR. */
export function factsPart(): ScheduledPart {
  return {
    id: 'Facts',
    bundle: 'facts',
    description: 'fetches what the platform knows of each day, and looks for requests under the GDPR',
    // before the nightly run of the compactor, and again for what the platform did not have by then
    schedule: 'cron(40 1,13 * * ? *)',
    input: {},
    statements: factsStatements,
    decrypts: false,
    readsSecrets: true,
    retries: 0,
    variables: [...PLATFORM_VARIABLES, 'ARCHIVE_AUDITS'],
    alarms: [
      {
        anchor: 'facts-late',
        what: 'Facts of a day could not be fetched: searches by agent, queue and number miss it.',
      },
      {
        anchor: 'gdpr-request',
        what: 'The platform was given a request under the GDPR. Nothing is done by itself.',
        metric: ownMetric('gdprRequests', { period: Duration.hours(1) }),
      },
    ],
  };
}
