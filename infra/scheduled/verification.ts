import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { VerificationSettings } from '../../src/config/deploy/settings.ts';
import { ownMetric } from '../watch/metrics.ts';
import { ARCHIVE_VARIABLES, type ScheduledPart } from './part.ts';
import { comparingStatements, verifierStatements } from './statements.ts';

/** Hours without a run that has looked at everything: then two runs have failed. */
const OVERDUE_HOURS = 50;

/**
 * Verifies a sample of the archive, another one each day.
 *
 * @param hasCatalogue whether the stack keeps one: then it is held to the same recordings.
 */
export function verificationPart(
  { days = 100, depth = 'head', allow = [] }: Partial<VerificationSettings>,
  hasCatalogue: boolean,
): ScheduledPart {
  const decrypts = depth === 'full';
  return {
    id: 'Verifier',
    bundle: 'verify',
    description: 'verifies a sample of the archive, another one each day',
    schedule: 'rate(1 day)',
    windowMinutes: 60,
    input: { days, depth, allow },
    statements: (about) => [
      ...verifierStatements(about, decrypts),
      ...(hasCatalogue ? comparingStatements(about) : []),
    ],
    decrypts,
    retries: 1,
    variables: [
      ...ARCHIVE_VARIABLES,
      ...(decrypts ? ['ARCHIVE_KMS_KEY_ID'] : []),
      ...(hasCatalogue ? ['ARCHIVE_CATALOGUE'] : []),
    ],
    alarms: [
      {
        anchor: 'sample-finding',
        what: 'The scheduled verification has found recordings that are not what was archived.',
        metric: ownMetric('sampleFindings', { period: Duration.hours(1) }),
      },
      {
        anchor: 'sample-overdue',
        what: `The scheduled verification has not come to its end for ${OVERDUE_HOURS} hours.`,
        metric: ownMetric('sampleComplete', { period: Duration.hours(1) }),
        threshold: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: OVERDUE_HOURS,
        treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      },
    ],
  };
}
