import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { DrillSettings } from '../../src/config/deploy/settings.ts';
import { ownMetric } from '../watch/metrics.ts';
import { ARCHIVE_VARIABLES, type ScheduledPart } from './part.ts';
import { drillerStatements } from './statements.ts';

/** Hours without a run that has found, or made, a drill that is recent enough: then two runs have failed. */
const OVERDUE_HOURS = 50;

/** Restores a sample of the archive for real, once a week. */
export function drillPart({ sample = 20, everyDays = 7 }: Partial<DrillSettings>): ScheduledPart {
  const period = Duration.hours(1);
  return {
    id: 'Driller',
    bundle: 'drill',
    description: 'restores a sample of the archive for real',
    // each day, so that a drill that failed is made up the next day
    schedule: 'rate(1 day)',
    windowMinutes: 60,
    input: { sample, everyDays },
    statements: drillerStatements,
    decrypts: true,
    retries: 1,
    variables: [
      ...ARCHIVE_VARIABLES,
      'ARCHIVE_KMS_KEY_ID',
      'ARCHIVE_PROOF_ORIGIN',
      'ARCHIVE_PROOF_KMS_KEY_ID',
      'ARCHIVE_DRILL_KMS_KEY_ID',
    ],
    alarms: [
      {
        anchor: 'drill-finding',
        what: 'A restore drill has found recordings that cannot be restored as they were archived.',
        metric: ownMetric('drillFindings', { period }),
      },
      {
        anchor: 'drill-overdue',
        what: `No restore drill is recent enough, or none was looked for in ${OVERDUE_HOURS} hours.`,
        metric: ownMetric('drillCurrent', { period }),
        threshold: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: OVERDUE_HOURS,
        treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      },
    ],
  };
}
