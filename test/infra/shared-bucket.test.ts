import { AwsSolutionsChecks } from 'cdk-nag';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../../src/config/deploy/file.ts';
import { type DeploySettings, deploySettings } from '../../src/config/deploy/settings.ts';
import { decide, type Request } from './evaluate-policy.ts';
import { ACCOUNT, arnOf, type ResolvedTemplate } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

const OTHER_ORGANIZATION = '1c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const GUEST_REWRAP = `arn:aws:iam::${ACCOUNT}:role/GuestRewrap`;
const BUCKET = 'the-bucket';

/** The stack that makes the bucket, and one that uses it. Their roles reach objects of the one bucket. */
const HOST: DeploySettings = deploySettings.parse({
  ...SMALLEST,
  prefix: 'first',
  sharedWith: [
    { prefix: 'second/customer', rewrapRole: GUEST_REWRAP, organizationId: OTHER_ORGANIZATION },
    { prefix: 'third' },
  ],
  verification: { depth: 'full' },
  auditTrail: true,
});
const GUEST: DeploySettings = deploySettings.parse({
  ...SMALLEST,
  stackName: 'Second',
  organizationId: OTHER_ORGANIZATION,
  prefix: 'second/customer',
  existingBucket: BUCKET,
  verification: { depth: 'full' },
  auditTrail: true,
});

let host: Synthesised;
let guest: Synthesised;
beforeAll(() => {
  host = synthesiseSettings(HOST);
  guest = synthesiseSettings(GUEST);
});
afterAll(() => {
  host.end();
  guest.end();
});

const ROLES = ['Writer', 'Auditor', 'Rewrap', 'Verifier'] as const;

/** The ARN that the policies of the stack have for the bucket. */
const bucketOf = (template: ResolvedTemplate) =>
  template === guest.template
    ? `arn:aws:s3:::${BUCKET}`
    : arnOf(resourceOf(template, 'AWS::S3::Bucket', 'BucketObjects')[0]);

function mayOf(template: ResolvedTemplate, role: string) {
  const { PolicyDocument } = propertiesOf(template, 'AWS::IAM::Policy', `Archive${role}Policy`);
  return (action: string, part: string, keys: Record<string, string> = {}) =>
    decide(PolicyDocument, {
      action,
      resource: `${bucketOf(template)}${part}`,
      principal: role,
      keys,
    } satisfies Request) === 'allow';
}

const PLACES = ['archive/2026/05/20/a.enc', 'receipts/2026/05/20/a.json', 'links/a.json', 'claims/a.json'];

describe('two archives in one bucket', () => {
  it('are told their place, and keep to it: no role reads or writes an object of the other', () => {
    for (const [{ template }, own, others] of [
      [host, 'first/', ['', 'second/customer/', 'third/', 'first-too/', 'x/first/']],
      [guest, 'second/customer/', ['', 'first/', 'third/', 'second/', 'second/customers/']],
    ] as const) {
      for (const role of ROLES) {
        const may = mayOf(template, role);
        expect(may('s3:GetObject', `/${own}archive/2026/05/20/a.enc`)).toBe(true);
        for (const other of others) {
          for (const place of PLACES) {
            for (const action of ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload']) {
              const keys = { 's3:x-amz-copy-source': `${BUCKET}/${other}${place}` };
              expect([role, action, other, may(action, `/${other}${place}`, keys)]).toEqual([
                role,
                action,
                other,
                false,
              ]);
            }
          }
        }
      }
    }
  });

  it('do not learn the names of the other: what is listed, or found missing, is below the own prefix', () => {
    for (const [{ template }, own, other] of [
      [host, 'first/', 'second/customer/'],
      [guest, 'second/customer/', 'first/'],
    ] as const) {
      for (const role of ROLES) {
        const may = mayOf(template, role);
        expect(may('s3:ListBucket', '', { 's3:prefix': own })).toBe(true);
        expect(may('s3:ListBucket', '', { 's3:prefix': `${own}archive/2026/` })).toBe(true);
        for (const prefix of ['', other, `${other}archive/`, own.slice(0, -1)]) {
          expect([role, prefix, may('s3:ListBucket', '', { 's3:prefix': prefix })]).toEqual([
            role,
            prefix,
            false,
          ]);
        }
        expect(may('s3:ListBucket', '')).toBe(false);
      }
    }
  });

  it('copy nothing from the one to the other by the role that rewraps', () => {
    const may = mayOf(host.template, 'Rewrap');
    const [bucket] = resourceOf(host.template, 'AWS::S3::Bucket', 'BucketObjects');
    const copy = (source: string) =>
      may('s3:PutObject', '/first/archive/a', { 's3:x-amz-copy-source': `${bucket}/${source}` });
    expect(copy('first/archive/a')).toBe(true);
    expect(copy('second/customer/archive/a')).toBe(false);
    expect(copy('archive/a')).toBe(false);
  });

  it('have a key of their own, which opens nothing of another organization', () => {
    for (const [{ template }, organization] of [
      [host, SMALLEST.organizationId],
      [guest, OTHER_ORGANIZATION],
    ] as const) {
      const { KeyPolicy } = propertiesOf(template, 'AWS::KMS::Key') as { KeyPolicy: { Statement: object[] } };
      const uses = KeyPolicy.Statement.filter((statement) => JSON.stringify(statement).includes('Decrypt'));
      expect(uses.length).toBe(2);
      for (const statement of uses) {
        expect(statement).toMatchObject({
          Condition: {
            StringEquals: { 'kms:EncryptionContext:genesys-cloud-organization-id': organization },
          },
        });
      }
    }
  });

  it('are one bucket: the guest makes none for recordings, and is told whose it is', () => {
    const names = (template: ResolvedTemplate) => resourcesOf(template, 'AWS::S3::Bucket').map(([id]) => id);
    expect(names(guest.template).filter((id) => id.includes('BucketObjects'))).toEqual([]);
    expect(resourcesOf(guest.template, 'AWS::S3::BucketPolicy', 'BucketObjects')).toEqual([]);
    const { Environment } = propertiesOf(guest.template, 'AWS::Lambda::Function', 'Handler') as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toMatchObject({
      ARCHIVE_STORE: `s3://${BUCKET}/second/customer`,
      S3_EXPECTED_BUCKET_OWNER: ACCOUNT,
    });
    expect(Environment.Variables).not.toHaveProperty('S3_ARCHIVE_BUCKET');
    const verifier = propertiesOf(guest.template, 'AWS::Lambda::Function', 'Verifier');
    expect(verifier['Environment']).toMatchObject({
      Variables: { ARCHIVE_STORE: `s3://${BUCKET}/second/customer` },
    });
    expect(guest.template.outputs['BucketName']).toBe(BUCKET);
  });

  it('are tiered, and lose what nothing reads any more of days that took several runs, and are rewrapped by their own roles only, as the stack says that has made the bucket', () => {
    const { LifecycleConfiguration } = propertiesOf(host.template, 'AWS::S3::Bucket', 'BucketObjects') as {
      LifecycleConfiguration: { Rules: { Prefix?: string }[] };
    };
    expect(LifecycleConfiguration.Rules.flatMap(({ Prefix }) => Prefix ?? [])).toEqual([
      'first/archive/',
      'second/customer/archive/',
      'third/archive/',
      `first/proof/${SMALLEST.organizationId}/counting/`,
      `second/customer/proof/${OTHER_ORGANIZATION}/counting/`,
    ]);
    const policy = propertiesOf(host.template, 'AWS::S3::BucketPolicy', 'BucketObjects')['PolicyDocument'];
    const exchange = (principal: string) =>
      decide(policy, {
        action: 's3:PutObject',
        resource: `${bucketOf(host.template)}/second/customer/archive/a.instruction`,
        principal,
        keys: {
          'aws:SecureTransport': 'true',
          's3:TlsVersion': '1.3',
          's3:ObjectCreationOperation': 'true',
          's3:if-match': '"e"',
        },
      });
    expect(exchange(GUEST_REWRAP)).toBe('no statement');
    expect(exchange(`arn:aws:iam::${ACCOUNT}:role/AnotherRewrap`)).toBe('deny');
  });

  it('count apart: the metrics of each stack have its name', () => {
    for (const { template } of [host, guest]) {
      for (const [, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function')) {
        if (!JSON.stringify(Properties['Handler']).includes('.handler')) continue;
        expect(Properties['Environment']).toMatchObject({ Variables: { POWERTOOLS_SERVICE_NAME: 'Stack' } });
      }
    }
    expect(JSON.stringify(host.raw)).toContain('"POWERTOOLS_SERVICE_NAME":{"Ref":"AWS::StackName"}');
  });

  it('leave cdk-nag nothing to find', () => {
    for (const { stack } of [host, guest]) {
      expect(new AwsSolutionsChecks().validateScope(stack).violations).toEqual([]);
    }
  });
});

describe('the settings of a shared bucket', () => {
  it.each([
    ['existingBucket', { existingBucket: BUCKET }, 'set prefix, too'],
    ['sharedWith', { sharedWith: [{ prefix: 'a' }] }, 'set prefix, too'],
    [
      'objectLock',
      { prefix: 'a', existingBucket: BUCKET, objectLock: { mode: 'governance', days: 1 } },
      'belongs to the stack that has made the bucket',
    ],
    [
      'sharedWith',
      { prefix: 'a', existingBucket: BUCKET, sharedWith: [{ prefix: 'b' }] },
      'belongs to the stack that has made the bucket',
    ],
    ['sharedWith', { prefix: 'a', sharedWith: [{ prefix: 'a' }] }, 'lies in, another one: a'],
    ['sharedWith', { prefix: 'a', sharedWith: [{ prefix: 'a/b' }] }, 'lies in, another one: a/b'],
    ['sharedWith', { prefix: 'a/b', sharedWith: [{ prefix: 'a' }] }, 'lies in, another one: a/b'],
  ])('refuse %s in %j', (name, more, text) => {
    const checked = checkDeploySettings({ ...SMALLEST, ...more });
    expect('problems' in checked && checked.problems).toEqual([
      { name, text: expect.stringContaining(text) as unknown },
    ]);
  });

  it('take prefixes that differ', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 6 }), ([prefix, ...others]) => {
        const sharedWith = others.map((other) => ({ prefix: other }));
        expect(checkDeploySettings({ ...SMALLEST, prefix, sharedWith })).toHaveProperty('settings');
      }),
      { numRuns: 30 },
    );
  });

  it.each(['/a', 'a/', 'a//b', '../a', 'a b', '', '.a'])('refuse the prefix %j', (prefix) => {
    expect(deploySettings.safeParse({ ...SMALLEST, prefix }).success).toBe(false);
  });
});

describe('the bucket of facts, catalogue and jobs', () => {
  const catalogue = () => propertiesOf(host.template, 'AWS::S3::Bucket', 'Catalogue');

  it('keeps what was replaced for a day, and has no lock that would keep it longer, also where the archive has one', () => {
    expect(catalogue()).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          {
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
            Status: 'Enabled',
          },
          { ExpiredObjectDeleteMarker: true, Status: 'Enabled' },
          { ExpirationInDays: 180, Prefix: 'jobs/', Status: 'Enabled' },
        ],
      },
    });
    const locked = synthesiseSettings({ ...SMALLEST, objectLock: { mode: 'compliance', days: 3_650 } });
    locked.end();
    for (const { template } of [host, guest, locked]) {
      const made = propertiesOf(template, 'AWS::S3::Bucket', 'Catalogue');
      expect(made).not.toHaveProperty('ObjectLockEnabled');
      expect(made).not.toHaveProperty('ObjectLockConfiguration');
    }
  });

  it('takes replacements, which the archive refuses, and nothing without TLS', () => {
    const policy = propertiesOf(host.template, 'AWS::S3::BucketPolicy', 'Catalogue')['PolicyDocument'];
    const put = (secure: string) =>
      decide(policy, {
        action: 's3:PutObject',
        resource: `${arnOf(resourceOf(host.template, 'AWS::S3::Bucket', 'Catalogue')[0])}/facts/a`,
        principal: `arn:aws:iam::${ACCOUNT}:role/Catalogue`,
        keys: { 'aws:SecureTransport': secure, 's3:TlsVersion': '1.3', 's3:if-match': '"e"' },
      });
    expect(put('true')).toBe('no statement');
    expect(put('false')).toBe('deny');
  });

  it('is named by an output, logs accesses, and is read by the auditor, who writes nothing there', () => {
    const [id] = resourceOf(host.template, 'AWS::S3::Bucket', 'Catalogue');
    expect(host.template.outputs['CatalogueBucketName']).toBe(id);
    expect(catalogue()['LoggingConfiguration']).toMatchObject({ LogFilePrefix: 'catalogue/' });
    const { PolicyDocument } = propertiesOf(host.template, 'AWS::IAM::Policy', 'ArchiveAuditorPolicy');
    const may = (action: string, resource: string) =>
      decide(PolicyDocument, { action, resource, principal: 'auditor' }) === 'allow';
    expect(may('s3:GetObject', `${arnOf(id)}/facts/a`)).toBe(true);
    expect(may('s3:ListBucket', arnOf(id))).toBe(true);
    expect(may('s3:PutObject', `${arnOf(id)}/facts/a`)).toBe(false);
  });
});
