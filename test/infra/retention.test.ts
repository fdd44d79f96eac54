import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../../src/config/deploy/file.ts';
import { REMOVAL_TAG } from '../../src/record/keep-on-write.ts';
import { decide } from './evaluate-policy.ts';
import { BREAK_GLASS, OPERATOR } from './hardened.ts';
import { arnOf } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

const RETENTION = {
  atWrite: 'compliance audio=2562 video=90',
  removeAfterDays: [120, 3000],
  taggers: [OPERATOR],
};
const MEDIA = '/archive/2026/05/20/r.enc';
const DAYS = 's3:object-lock-remaining-retention-days';

let made: Synthesised;
beforeAll(() => {
  made = synthesiseSettings({ ...SMALLEST, breakGlassRole: BREAK_GLASS, retention: RETENTION });
});
afterAll(() => made.end());

describe('retention of the stack', () => {
  const bucketArn = () => arnOf(resourceOf(made.template, 'AWS::S3::Bucket', 'BucketObjects')[0]);

  it('has a lifecycle rule for each number of days, by tag alone, and keeps what it removes for 30 days', () => {
    const { LifecycleConfiguration } = propertiesOf(made.template, 'AWS::S3::Bucket', 'BucketObjects');
    for (const days of RETENTION.removeAfterDays)
      expect(LifecycleConfiguration).toMatchObject({
        Rules: expect.arrayContaining([
          expect.objectContaining({
            ExpirationInDays: days,
            NoncurrentVersionExpiration: { NoncurrentDays: 30 },
            TagFilters: [{ Key: REMOVAL_TAG, Value: String(days) }],
          }),
        ]) as unknown,
      });
  });

  it('tells the function what to lock with, and no default locks beside it', () => {
    const variables = resourcesOf(made.template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) =>
        (Properties['Environment'] as { Variables?: Record<string, string> })?.Variables ?? {},
    );
    expect(variables.some((of) => of['ARCHIVE_RETENTION_AT_WRITE'] === RETENTION.atWrite)).toBe(true);
    const { ObjectLockConfiguration } = propertiesOf(made.template, 'AWS::S3::Bucket', 'BucketObjects');
    expect(ObjectLockConfiguration ?? {}).not.toHaveProperty('Rule');
  });

  it('lets the function lock media in that mode for that long, and no more', () => {
    const [id] = resourceOf(made.template, 'AWS::IAM::Role', 'ArchiveWriter');
    const policies = resourcesOf(made.template, 'AWS::IAM::Policy')
      .map(([, { Properties }]) => Properties)
      .filter(({ Roles }) => JSON.stringify(Roles).includes(id));
    const locks = (resource: string, mode: string, days: string) =>
      policies.some(
        ({ PolicyDocument }) =>
          decide(PolicyDocument, {
            action: 's3:PutObjectRetention',
            resource: bucketArn() + resource,
            principal: arnOf(id),
            keys: { 's3:object-lock-mode': mode, [DAYS]: days },
          }) === 'allow',
      );
    expect(locks(MEDIA, 'COMPLIANCE', '2562')).toBe(true);
    expect(locks(MEDIA, 'COMPLIANCE', '2563')).toBe(false);
    expect(locks(MEDIA, 'GOVERNANCE', '30')).toBe(false);
    expect(locks('/receipts/a.json', 'COMPLIANCE', '30')).toBe(false);
  });

  it('lets no one tag but those who apply the rules, the administrator included', () => {
    const { PolicyDocument } = propertiesOf(made.template, 'AWS::S3::BucketPolicy', 'BucketObjects');
    const tags = (principal: string) =>
      decide(PolicyDocument, { action: 's3:PutObjectTagging', resource: bucketArn() + MEDIA, principal });
    expect([OPERATOR, BREAK_GLASS].map(tags)).toEqual(['no statement', 'no statement']);
    const [writer] = resourceOf(made.template, 'AWS::IAM::Role', 'ArchiveWriter');
    expect([arnOf(writer), 'arn:aws:iam::123456789012:role/Administrator'].map(tags)).toEqual([
      'deny',
      'deny',
    ]);
  });

  it('is refused beside a default lock, and where the file says what no rules print', () => {
    const check = (retention: object, more: object = {}) =>
      checkDeploySettings({ ...SMALLEST, ...more, retention });
    expect(check(RETENTION)).toHaveProperty('settings');
    expect(check(RETENTION, { objectLock: { mode: 'compliance', days: 10 } })).toMatchObject({
      problems: [{ name: 'retention.atWrite' }],
    });
    for (const atWrite of ['tags audio=3', 'compliance', 'compliance call=3', 'compliance audio=0'])
      expect(check({ ...RETENTION, atWrite })).toMatchObject({ problems: [{ name: 'retention.atWrite' }] });
    expect(
      checkDeploySettings({
        ...SMALLEST,
        environmentVariables: { ARCHIVE_RETENTION_AT_WRITE: 'tags audio=1' },
      }),
    ).toMatchObject({ problems: [{ text: 'is set by the stack itself' }] });
  });
});
