import { PLATFORM_VARIABLES, type ScheduledPart } from './part.ts';
import { factsStatements } from './statements.ts';

/** Fetches what the platform knows of each day's conversations. */
export function factsPart(): ScheduledPart {
  return {
    id: 'Facts',
    bundle: 'facts',
    description: 'fetches what the platform knows of the conversations of each day',
    // before the nightly run of the compactor, and again for what the platform did not have by then
    schedule: 'cron(40 1,13 * * ? *)',
    input: {},
    statements: factsStatements,
    decrypts: false,
    readsSecrets: true,
    retries: 0,
    variables: PLATFORM_VARIABLES,
    alarms: [
      {
        anchor: 'facts-late',
        what: 'Facts of a day could not be fetched: searches by agent, queue and number miss it.',
      },
    ],
  };
}
