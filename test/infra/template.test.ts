import { AwsSolutionsChecks } from 'cdk-nag';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTemplateStack } from '../../infra/index.ts';
import { arnOf, resolveTemplate, type Resource } from './resolve-template.ts';
import {
  EVENT_SOURCE,
  MAX_INSTRUCTION_BYTES,
  ORGANIZATION,
  propertiesOf,
  resourcesOf,
  type Synthesised,
  synthesise,
  synthesiseSettings,
} from './synthesise.ts';

const REQUIRED = {
  Environment: 'mypurecloud.de',
  OrganizationId: ORGANIZATION,
  CodeBucket: 'code-bucket',
  CodeKey: 'archive.zip',
};

let withParameters: Synthesised;
let fromSettings: Synthesised;
beforeAll(() => {
  withParameters = synthesise((app) => createTemplateStack(app, 'Template'), REQUIRED);
  fromSettings = synthesiseSettings(MAX_INSTRUCTION_BYTES);
});
afterAll(() => {
  withParameters.end();
  fromSettings.end();
});

describe('the template with parameters', () => {
  it('wants nothing of CDK: no bootstrap, no assets', () => {
    const text = JSON.stringify(withParameters.raw);
    expect(text).not.toMatch(/cdk-bootstrap|cdk-[a-z0-9]+-assets|CDKMetadata/);
  });

  it('refers to nothing that is not there, whichever parts are wanted', () => {
    const flag = fc.constantFrom('true', 'false');
    const choices = fc.record({
      EventSourceName: fc.constantFrom(undefined, EVENT_SOURCE),
      CreateEventBus: flag,
      TutorialEvents: flag,
      Webhook: flag,
      ObjectLock: flag,
      AlarmEmail: fc.constantFrom(undefined, 'operator@example.com'),
    });
    fc.assert(
      fc.property(choices, (chosen) => {
        const { resources, outputs } = resolveTemplate(withParameters.raw, { ...REQUIRED, ...chosen });
        const has = (type: string) => Object.values(resources).filter(({ Type }) => Type === type).length;
        const events = chosen.EventSourceName !== undefined;
        expect({
          buses: has('AWS::Events::EventBus'),
          rules: has('AWS::Events::Rule'),
          urls: has('AWS::Lambda::Url'),
          permissions: has('AWS::Lambda::Permission'),
          subscriptions: has('AWS::SNS::Subscription'),
          url: 'WebhookUrl' in outputs,
        }).toEqual({
          buses: Number(events && chosen.CreateEventBus === 'true'),
          rules: Number(events) + Number(chosen.TutorialEvents === 'true'),
          urls: Number(chosen.Webhook === 'true'),
          permissions: 2 * Number(chosen.Webhook === 'true'),
          subscriptions: Number(chosen.AlarmEmail !== undefined),
          url: chosen.Webhook === 'true',
        });
      }),
      { numRuns: 64 },
    );
  });

  it('makes what the settings of a CDK app make', () => {
    const { resources, outputs } = resolveTemplate(withParameters.raw, {
      ...REQUIRED,
      EventSourceName: EVENT_SOURCE,
      TutorialEvents: 'true',
      Webhook: 'true',
      ObjectLock: 'true',
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockDays: 30,
      AlarmEmail: 'operator@example.com',
      LogRetentionDays: 365,
      MaxConcurrency: 5,
    });
    expect(Object.keys(outputs)).toEqual(Object.keys(fromSettings.template.outputs));
    expect(normal(resources)).toEqual(normal(fromSettings.template.resources));
  });

  it('makes the signing key in KMS where a parameter says so, for who signs, and no secret for it', () => {
    const inKms = { ...REQUIRED, SigningKey: 'kms', ReceiptPublicKeys: 'ed25519:key' };
    const { resources, outputs } = resolveTemplate(withParameters.raw, inKms);
    const of = (type: string, name: string) =>
      Object.entries(resources).filter(([id, { Type }]) => Type === type && id.includes(name));
    expect(of('AWS::SecretsManager::Secret', 'SigningKey')).toEqual([]);
    expect(of('AWS::SecretsManager::ResourcePolicy', 'SigningKey')).toEqual([]);
    const [[keyId, key] = ['', undefined]] = of('AWS::KMS::Key', 'SigningKey');
    expect(key?.Properties['KeySpec']).toBe('ECC_NIST_EDWARDS25519');
    expect(outputs).toMatchObject({ SigningKeyArn: arnOf(keyId) });
    expect(outputs).not.toHaveProperty('SigningKeySecretArn');
    const [[, handler] = ['', undefined]] = of('AWS::Lambda::Function', 'Handler');
    expect(handler?.Properties['Environment']).toMatchObject({
      Variables: { ARCHIVE_SIGNING_KMS_KEY_ID: arnOf(keyId), ARCHIVE_RECEIPT_PUBLIC_KEYS: 'ed25519:key' },
    });
    expect(handler?.Properties['Environment']).not.toHaveProperty('Variables.ARCHIVE_SIGNING_KEY_SECRET_ARN');
    const signers = of('AWS::IAM::Policy', '').flatMap(([id, { Properties }]) =>
      JSON.stringify(Properties).includes('kms:Sign') ? [id.slice(0, 13)] : [],
    );
    expect(signers).toEqual(['ArchiveWriter', 'ArchiveRewrap']);
    expect(JSON.stringify(withParameters.template.resources)).not.toContain('kms:Sign');
  });

  it('takes defaults that lock nothing and expect no events', () => {
    const { template } = withParameters;
    expect(propertiesOf(template, 'AWS::S3::Bucket', 'BucketObjects')).not.toHaveProperty(
      'ObjectLockConfiguration.Rule',
    );
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'QueueEvents')['DelaySeconds']).toBe(0);
    expect(resourcesOf(template, 'AWS::Lambda::Url')).toEqual([]);
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'Handler')['Environment']).not.toHaveProperty(
      'Variables.ARCHIVE_WEBHOOK_SECRET_ARN',
    );
  });
});

/** What differs by design: where the code is, variables that are empty, and a region that is known or not. */
function normal(resources: Readonly<Record<string, Resource>>): unknown {
  const text = JSON.stringify(resources, (key, value: unknown) => {
    if (key === 'Code' || value === '') return undefined;
    return value;
  });
  return JSON.parse(text.replaceAll('"30"', '30'));
}

describe('the templates', () => {
  const each = () =>
    [
      ['of settings', fromSettings],
      ['with parameters', withParameters],
    ] as const;

  // the validators of CloudFormation, which take seconds, have their say in `npm run synth`
  it('leave cdk-nag nothing to find, and everything that is acknowledged has a reason', {
    timeout: 120_000,
  }, () => {
    for (const [name, { stack }] of each()) {
      expect([name, new AwsSolutionsChecks().validateScope(stack).violations]).toEqual([name, []]);
      const acknowledged = stack.node
        .findAll()
        .flatMap(({ node }) => node.metadata)
        .filter(({ type }) => type === 'aws:cdk:acknowledged-rules')
        .flatMap(({ data }) => Object.entries(data as Record<string, string>));
      expect(acknowledged.length).toBeGreaterThan(5);
      for (const [rule, reason] of acknowledged) {
        expect(rule).toMatch(/AwsSolutions-(?:S1|SMG4|IAM5\[Resource::.*\*.*\])$/);
        expect(reason.length).toBeGreaterThan(40);
      }
    }
  });
});
