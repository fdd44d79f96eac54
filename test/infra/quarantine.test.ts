import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../../src/config/deploy/file.ts';
import { decide } from './evaluate-policy.ts';
import { BREAK_GLASS } from './hardened.ts';
import { arnOf } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

const RULES = '{"schema":"genesys-media-archive/quarantine/v1","rules":[]}';
const environmentVariables = { ARCHIVE_QUARANTINE: RULES };
const REVIEWER = 'arn:aws:iam::123456789012:role/Reviewer';
const WAITING = '/quarantine/archive/2026/05/20/r.enc';

let made: Synthesised;
beforeAll(() => {
  made = synthesiseSettings({
    ...SMALLEST,
    breakGlassRole: BREAK_GLASS,
    environmentVariables,
    jobs: true,
    releasers: [REVIEWER],
    retention: { atWrite: 'compliance audio=30', removeAfterDays: [], taggers: [] },
  });
});
afterAll(() => made.end());

describe('quarantine of the stack', () => {
  const may = (role: string, action: string, resource: string, keys: Record<string, string> = {}) => {
    const [id] = resourceOf(made.template, 'AWS::IAM::Role', role);
    const bucket = arnOf(resourceOf(made.template, 'AWS::S3::Bucket', 'BucketObjects')[0]);
    return resourcesOf(made.template, 'AWS::IAM::Policy')
      .map(([, { Properties }]) => Properties)
      .filter(({ Roles }) => JSON.stringify(Roles).includes(id))
      .some(
        ({ PolicyDocument }) =>
          decide(PolicyDocument, { action, resource: bucket + resource, principal: arnOf(id), keys }) ===
          'allow',
      );
  };

  it('lets the function put and find what waits, and neither lock nor remove it', () => {
    for (const action of ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'])
      expect([action, may('ArchiveWriter', action, WAITING)]).toEqual([action, true]);
    expect(may('ArchiveWriter', 's3:GetBucketObjectLockConfiguration', '')).toBe(true);
    const lock = {
      's3:object-lock-mode': 'COMPLIANCE',
      's3:object-lock-remaining-retention-days': '30',
    };
    expect(may('ArchiveWriter', 's3:PutObjectRetention', '/archive/2026/05/20/r.enc', lock)).toBe(true);
    expect(may('ArchiveWriter', 's3:PutObjectRetention', WAITING, lock)).toBe(false);
    for (const action of ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObjectTagging'])
      expect([action, may('ArchiveWriter', action, WAITING)]).toEqual([action, false]);
  });

  describe('the role that releases', () => {
    const RELEASED = '/archive/2026/05/20/r.enc';
    const removals = ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'];
    const inBucket = (principal: string, action: string, resource: string) => {
      const [id] = resourceOf(made.template, 'AWS::S3::Bucket', 'BucketObjects');
      const { PolicyDocument } = propertiesOf(made.template, 'AWS::S3::BucketPolicy', 'BucketObjects');
      const keys = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' };
      return decide(PolicyDocument, { action, resource: arnOf(id) + resource, principal, keys });
    };
    const releaser = () => arnOf(resourceOf(made.template, 'AWS::IAM::Role', 'ArchiveReleaser')[0]);

    it('archives what waits and removes it there, with what stands beside it, and removes nothing else', () => {
      for (const resource of [WAITING, '/receipts/quarantine/archive/2026/05/20/r.json']) {
        expect(may('ArchiveReleaser', 's3:DeleteObjectVersion', resource)).toBe(true);
        expect(inBucket(releaser(), 's3:DeleteObjectVersion', resource)).toBe('no statement');
      }
      for (const resource of [
        RELEASED,
        '/receipts/archive/2026/05/20/r.json',
        '/holds/h.json',
        '/access/a.json',
      ]) {
        for (const action of removals) {
          expect(may('ArchiveReleaser', action, resource)).toBe(false);
          expect(inBucket(releaser(), action, resource)).toBe('deny');
        }
      }
      for (const action of ['s3:PutObject', 's3:GetObject'])
        expect(may('ArchiveReleaser', action, RELEASED)).toBe(true);
      const lock = { 's3:object-lock-mode': 'COMPLIANCE', 's3:object-lock-remaining-retention-days': '30' };
      expect(may('ArchiveReleaser', 's3:PutObjectRetention', RELEASED, lock)).toBe(true);
      expect(may('ArchiveReleaser', 's3:PutObjectRetention', WAITING, lock)).toBe(false);
    });

    it('is the only one besides break-glass that the bucket lets remove what waits', () => {
      const [writer] = resourceOf(made.template, 'AWS::IAM::Role', 'ArchiveWriter');
      for (const action of removals) {
        for (const principal of [arnOf(writer), 'arn:aws:iam::123456789012:role/Administrator'])
          for (const resource of [WAITING, RELEASED])
            expect(inBucket(principal, action, resource)).toBe('deny');
        for (const resource of [WAITING, RELEASED])
          expect(inBucket(BREAK_GLASS, action, resource)).toBe('no statement');
      }
    });

    it('is assumed by those whom the settings name', () => {
      const { AssumeRolePolicyDocument } = propertiesOf(made.template, 'AWS::IAM::Role', 'ArchiveReleaser');
      expect(AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { AWS: [REVIEWER] } }],
      });
    });

    it('reads the OAuth client and the signing key, and opens data keys of the one organization', () => {
      for (const name of ['Credentials', 'SigningKey']) {
        const { ResourcePolicy } = propertiesOf(made.template, 'AWS::SecretsManager::ResourcePolicy', name);
        const action = 'secretsmanager:GetSecretValue';
        expect(decide(ResourcePolicy, { action, resource: 'x', principal: releaser() })).toBe('no statement');
      }
      const policies = resourcesOf(made.template, 'AWS::KMS::Key').map(
        ([, { Properties }]) => Properties['KeyPolicy'] as { Statement: readonly { Sid: string }[] },
      );
      const sids = policies.flatMap(({ Statement }) => Statement.map(({ Sid }) => Sid));
      expect(sids).toContain('OpenDataKeysAsReleaser');
    });

    it('is not there where no one may release, and is refused without a quarantine', () => {
      expect(checkDeploySettings({ ...SMALLEST, releasers: [REVIEWER] })).toMatchObject({
        problems: [{ name: 'releasers' }],
      });
      const without = synthesiseSettings({ ...SMALLEST, environmentVariables });
      try {
        const roles = resourcesOf(without.template, 'AWS::IAM::Role').map(([id]) => id);
        expect(roles.filter((id) => id.includes('Releaser'))).toEqual([]);
      } finally {
        without.end();
      }
    });
  });

  it('tells the function and the runner of jobs the rules', () => {
    const variables = resourcesOf(made.template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) =>
        (Properties['Environment'] as { Variables?: Record<string, string> } | undefined)?.Variables ?? {},
    );
    expect(variables.filter((of) => of['ARCHIVE_QUARANTINE'] === RULES).length).toBeGreaterThanOrEqual(2);
  });

  it('has no lifecycle rule that moves or removes what waits', () => {
    const { LifecycleConfiguration } = propertiesOf(made.template, 'AWS::S3::Bucket', 'BucketObjects');
    const { Rules } = LifecycleConfiguration as { Rules: readonly { Prefix?: string }[] };
    const touching = Rules.filter(({ Prefix }) => WAITING.slice(1).startsWith(Prefix ?? ''));
    expect(touching.map((rule) => Object.keys(rule).toSorted())).toEqual([
      ['AbortIncompleteMultipartUpload', 'Status'],
    ]);
  });

  it('is refused beside a default lock of the bucket', () => {
    const objectLock = { mode: 'compliance', days: 10 };
    expect(checkDeploySettings({ ...SMALLEST, environmentVariables, objectLock })).toMatchObject({
      problems: [{ name: 'objectLock' }],
    });
    expect(checkDeploySettings({ ...SMALLEST, environmentVariables })).toHaveProperty('settings');
  });
});
