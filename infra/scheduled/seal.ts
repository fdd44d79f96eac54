import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { SealSettings } from '../../src/config/deploy/settings.ts';
import { ownMetric } from '../watch/metrics.ts';
import { ARCHIVE_VARIABLES, type ScheduledPart } from './part.ts';
import { sealerStatements } from './statements.ts';

/** Hours without a seal: a night was left out. */
const UNSEALED_HOURS = 26;

/** Compares each day with the platform, and seals it in the log. */
export function sealPart(settings: SealSettings): ScheduledPart {
  const period = Duration.hours(1);
  return {
    id: 'Sealer',
    bundle: 'seal',
    description: 'seals each day in the log',
    // it seals twice a day, and in the hours between goes on with a day that takes several runs
    schedule: 'cron(15 * * * ? *)',
    input: { hourly: true },
    statements: (about) => sealerStatements(about, settings),
    decrypts: false,
    readsSecrets: true,
    replaces: true,
    // two at once are harmless, and cost twice
    retries: 1,
    variables: [
      ...ARCHIVE_VARIABLES,
      'GENESYS_ENVIRONMENT',
      'GENESYS_SECRET_ARN',
      'ARCHIVE_PROOF_ORIGIN',
      'ARCHIVE_PROOF_KMS_KEY_ID',
      'ARCHIVE_PROOF_SECOND_STORE',
      'ARCHIVE_PROOF_LOCK',
    ],
    alarms: [
      {
        anchor: 'not-sealed',
        what: `The log was not sealed for ${UNSEALED_HOURS} hours.`,
        metric: ownMetric('sealed', { period }),
        threshold: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: UNSEALED_HOURS,
        treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      },
      {
        anchor: 'seal-differences',
        what: 'The archive and the platform differ: recordings are missing, or were never announced. Or the platform refuses to say what was recorded, or access entries that the log holds are gone.',
        metric: ownMetric('sealDifferences', { period }),
      },
      {
        anchor: 'log-broken',
        what: 'The log was changed, or the store was set back. Nothing is sealed until an operator has looked.',
        metric: ownMetric('logBroken', { period }),
      },
    ],
  };
}
