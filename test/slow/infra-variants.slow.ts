import { AwsSolutionsChecks } from 'cdk-nag';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logRetention } from '../../infra/archiving/sizing.ts';
import { deploySettings, STACK_OUTPUTS } from '../../src/config/deploy/settings.ts';
import { RETENTION_RULES } from '../infra/hardened.ts';
import { REGION } from '../infra/resolve-template.ts';
import {
  EVENT_SOURCE,
  ORGANIZATION,
  propertiesOf,
  resourcesOf,
  synthesiseSettings,
} from '../infra/synthesise.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const settings = fc
  .record({
    region: fc.constantFrom(REGION, 'us-gov-west-1', 'ap-southeast-2'),
    account: optional(fc.constant('123456789012')),
    environment: fc.constantFrom('mypurecloud.com', 'usw2.pure.cloud'),
    organizationId: fc.constant(ORGANIZATION),
    eventSourceName: optional(fc.constant(EVENT_SOURCE)),
    existingEventBus: fc.boolean(),
    tutorialEvents: fc.boolean(),
    webhook: fc.boolean(),
    signingKey: fc.constantFrom('secret', 'kms'),
    objectLock: optional(
      fc.record({
        mode: fc.constantFrom('governance', 'compliance'),
        days: fc.integer({ min: 1, max: 36_500 }),
      }),
    ),
    alarmEmail: optional(fc.constant('operator@example.com')),
    logRetentionDays: fc.integer({ min: 1, max: 36_500 }),
    maxConcurrency: fc.integer({ min: 2, max: 100 }),
    auditors: fc.constantFrom([], ['arn:aws:iam::123456789012:role/Auditors']),
    erasers: fc.constantFrom([], ['arn:aws:iam::123456789012:role/Erasers']),
    requireMfa: fc.boolean(),
    protectObjects: fc.boolean(),
    breakGlassRole: optional(fc.constant('arn:aws:iam::123456789012:role/BreakGlass')),
    secretReaders: fc.constantFrom([], ['arn:aws:iam::123456789012:role/Operators']),
    webhookConcurrency: fc.constantFrom(null, 1, 50),
    apiGateway: fc.boolean(),
    vpc: fc.boolean(),
    customerKeys: fc.boolean(),
    auditTrail: fc.boolean(),
    verification: fc.constantFrom(true, false, { days: 30, depth: 'full' as const }),
    catalogue: fc.constantFrom(true, false, { athena: true }),
    facts: fc.boolean(),
    retention: optional(fc.constantFrom({}, { removeAfterDays: [120], rules: RETENTION_RULES })),
    keyRecords: fc.constantFrom(undefined, false, true, {}),
    seal: optional(fc.constant({ origin: `recordings.example.com/proof/${ORGANIZATION}` })),
    jobs: fc.constantFrom(false, true, { concurrency: null, ownClient: true }),
    replica: optional(fc.constant({ bucketArn: 'arn:aws:s3:::the-replica', account: '999999999999' })),
    environmentVariables: fc.constantFrom(
      {},
      { ARCHIVE_CONTEXT: '1', ARCHIVE_SETTLE: '5m' },
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'recordings' },
    ),
  })
  .map((chosen) => deploySettings.parse(chosen));

describe('a stack of any settings', () => {
  it('is synthesised, refers to nothing that is not there, and leaves cdk-nag nothing to find', {
    timeout: 120_000,
  }, () => {
    fc.assert(
      fc.property(settings, (chosen) => {
        const { stack, template, end } = synthesiseSettings(chosen);
        end();
        expect(new AwsSolutionsChecks().validateScope(stack).violations).toEqual([]);

        const absent = new Set<string>([
          chosen.signingKey === 'kms' ? 'SigningKeySecretArn' : 'SigningKeyArn',
          ...(chosen.webhook ? [] : ['WebhookUrl']),
          ...(chosen.verification === false ? ['VerifierFunctionName'] : []),
          ...(chosen.jobs === false ? ['JobRunnerFunctionName'] : []),
          ...(chosen.catalogue === false ? ['CompactorFunctionName'] : []),
          ...(typeof chosen.catalogue === 'object' && chosen.catalogue.athena
            ? []
            : ['AthenaWorkGroupName', 'AthenaTableName', 'AnalystPolicyArn']),
          ...(chosen.console === false ? ['ConsoleUrl', 'ConsoleSecretArn'] : []),
          ...(chosen.facts ? [] : ['FactsFunctionName']),
          ...(chosen.retention?.rules === undefined ? ['RetainerFunctionName'] : []),
          ...((chosen.keyRecords ?? false) === false ? ['KeyRecordsBucketName'] : []),
          ...(chosen.seal === undefined
            ? ['SealerFunctionName', 'LogKeyArn', 'DrillerFunctionName', 'DrillKeyArn']
            : []),
          ...(typeof chosen.jobs === 'object' ? [] : ['BackfillSecretArn']),
          'ReleaserRoleArn',
          ...(chosen.erasers.length > 0 ? [] : ['EraserRoleArn']),
          ...(chosen.vpc ? [] : ['EgressAddress']),
          ...(chosen.auditTrail ? [] : ['AuditTrailName']),
        ]);
        const wanted = STACK_OUTPUTS.filter((name) => !absent.has(name));
        expect(Object.keys(template.outputs)).toEqual(wanted);
        const events = chosen.eventSourceName !== undefined;
        expect(resourcesOf(template, 'AWS::Events::Rule')).toHaveLength(
          Number(events) + Number(chosen.tutorialEvents),
        );
        expect(resourcesOf(template, 'AWS::Events::EventBus')).toHaveLength(
          Number(events && !chosen.existingEventBus),
        );
        expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping')).toMatchObject({
          ScalingConfig: { MaximumConcurrency: chosen.maxConcurrency },
        });
        expect(propertiesOf(template, 'AWS::Lambda::Function', 'Handler')).toMatchObject({
          Environment: { Variables: { ARCHIVE_RATE_SHARE: `1/${chosen.maxConcurrency}` } },
        });
        expect(propertiesOf(template, 'AWS::Logs::LogGroup', 'ArchiveLogs')['RetentionInDays']).toBe(
          logRetention(chosen.logRetentionDays),
        );
      }),
      { numRuns: 10 },
    );
  });
});
