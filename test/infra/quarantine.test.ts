import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../../src/config/deploy-file.ts';
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
const WAITING = '/quarantine/archive/2026/05/20/r.enc';

let made: Synthesised;
beforeAll(() => {
  made = synthesiseSettings({
    ...SMALLEST,
    breakGlassRole: BREAK_GLASS,
    environmentVariables,
    jobs: true,
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
