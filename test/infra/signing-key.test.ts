import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writerStatements } from '../../infra/access/policies.ts';
import { deploySettings, STACK_OUTPUTS } from '../../src/config/deploy/settings.ts';
import { decide } from './evaluate-policy.ts';
import { ACCOUNT, arnOf } from './resolve-template.ts';
import {
  MAX_INSTRUCTION_BYTES,
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

let made: Synthesised;
beforeAll(() => {
  made = synthesiseSettings({ ...MAX_INSTRUCTION_BYTES, signingKey: 'kms' });
});
afterAll(() => made.end());

const signingKey = () => resourceOf(made.template, 'AWS::KMS::Key', 'SigningKey');
const archiveKey = () =>
  resourcesOf(made.template, 'AWS::KMS::Key').find(([id]) => !id.includes('SigningKey'));
const roleIn = (role: string) => `arn:aws:iam::${ACCOUNT}:role/${role}`;
const ROLES = ['Writer', 'Auditor', 'Rewrap'] as const;
const PURE = { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' };

/** The key's policy, with the ARN of each role in the form that a test can name. */
function policy(): unknown {
  const text = JSON.stringify(signingKey()[1].Properties['KeyPolicy']);
  return JSON.parse(
    ROLES.reduce(
      (found, role) =>
        found.replaceAll(arnOf(resourceOf(made.template, 'AWS::IAM::Role', role)[0]), roleIn(role)),
      text,
    ),
  );
}

const ask = (action: string, principal: string, keys: Record<string, string> = PURE) =>
  decide(policy(), { action, resource: 'key', principal, keys });

describe('a signing key in KMS', () => {
  it('is an Ed25519 key that stays when the stack is deleted', () => {
    const [, { Properties, DeletionPolicy, UpdateReplacePolicy }] = signingKey();
    expect(Properties).toMatchObject({
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: 'SIGN_VERIFY',
      PendingWindowInDays: 30,
    });
    expect(Properties).not.toHaveProperty('EnableKeyRotation');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  it('signs for the function and for the role that amends receipts, and pure Ed25519 only', () => {
    for (const role of ['Writer', 'Rewrap']) {
      expect(ask('kms:Sign', roleIn(role))).toBe('allow');
      expect(ask('kms:GetPublicKey', roleIn(role), {})).toBe('allow');
    }
    for (const other of [
      {},
      { ...PURE, 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' },
      { ...PURE, 'kms:MessageType': 'DIGEST' },
    ]) {
      expect(ask('kms:Sign', roleIn('Writer'), other)).not.toBe('allow');
    }
    for (const principal of [roleIn('Auditor'), roleIn('Administrator')]) {
      expect(ask('kms:Sign', principal)).not.toBe('allow');
    }
    for (const action of ['kms:CreateGrant', 'kms:Verify', 'kms:GenerateDataKey', 'kms:Decrypt']) {
      for (const role of [...ROLES, 'Administrator']) expect(ask(action, roleIn(role))).not.toBe('allow');
    }
  });

  it('can be looked after by the account, which may also ask for its public half', () => {
    for (const action of ['kms:GetPublicKey', 'kms:DescribeKey', 'kms:DisableKey', 'kms:PutKeyPolicy']) {
      expect(ask(action, roleIn('Administrator'))).toBe('allow');
    }
  });

  it('is not mixed up with the key of the recordings', () => {
    const [id, key] = archiveKey() ?? [];
    expect(JSON.stringify(key?.Properties['KeyPolicy'])).not.toMatch(/kms:Sign|kms:GetPublicKey/);
    const policies = resourcesOf(made.template, 'AWS::IAM::Policy').flatMap(
      ([, { Properties }]) =>
        (Properties['PolicyDocument'] as { Statement: { Action: string | string[]; Resource: unknown }[] })
          .Statement,
    );
    const actionsOn = (id = '') =>
      policies
        .filter(({ Resource }) => [Resource].flat().includes(arnOf(id)))
        .flatMap(({ Action }) => Action)
        .toSorted();
    // of the function, and of the role that amends receipts
    expect(actionsOn(signingKey()[0])).toEqual([
      'kms:GetPublicKey',
      'kms:GetPublicKey',
      'kms:Sign',
      'kms:Sign',
    ]);
    expect(actionsOn(id)).toEqual([
      'kms:Decrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ]);
  });

  it('takes the place of the secret: of the function, of its policy, and of the outputs', () => {
    const { Environment } = propertiesOf(made.template, 'AWS::Lambda::Function', 'Handler') as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toHaveProperty('ARCHIVE_SIGNING_KMS_KEY_ID');
    expect(Environment.Variables).not.toHaveProperty('ARCHIVE_SIGNING_KEY_SECRET_ARN');
    expect(resourcesOf(made.template, 'AWS::SecretsManager::Secret')).toHaveLength(2);
    expect(Object.keys(made.template.outputs)).toEqual(
      STACK_OUTPUTS.filter(
        (name) =>
          ![
            'SigningKeySecretArn',
            'BackfillSecretArn',
            'JobRunnerFunctionName',
            'CompactorFunctionName',
            'FactsFunctionName',
            'RetainerFunctionName',
            'SealerFunctionName',
            'KeyRecordsBucketName',
            'LogKeyArn',
            'DrillerFunctionName',
            'DrillKeyArn',
            'EgressAddress',
            'AuditTrailName',
            'AthenaWorkGroupName',
            'AthenaTableName',
            'AnalystPolicyArn',
            'ConsoleUrl',
            'ConsoleSecretArn',
            'ReleaserRoleArn',
            'EraserRoleArn',
          ].includes(name),
      ),
    );
  });

  it('is not there by default', () => {
    expect(SMALLEST.signingKey).toBe('secret');
    expect(() => deploySettings.parse({ ...SMALLEST, signingKey: 'file' })).toThrow();
  });
});

it('docs/aws-permissions.md gives the writer what the stack gives it for a signing key in KMS', () => {
  const page = readFileSync('docs/aws-permissions.md', 'utf8');
  const [, json = '{}'] = /```json kms-signer\n([^`]+)```/.exec(page) ?? [];
  const { Statement } = JSON.parse(json) as { Statement: readonly object[] };
  const given = writerStatements({
    bucketArn: 'b',
    bucketName: 'BUCKET',
    keyArn: 'k',
    organizationId: 'o',
    queueArn: 'q',
    deadLetterQueueArn: 'd',
    logGroupArn: 'l',
    secretArns: ['s'],
    signingKeyArn: 'SIGNING_KEY_ARN',
  }).filter(({ Resource }) => Resource.includes('SIGNING_KEY_ARN'));
  expect(Statement).toEqual(given.map(({ Sid: _name, ...rest }) => rest));
  for (const action of ['kms:Sign', 'kms:GetPublicKey']) expect(page).toContain(`| \`${action}\` |`);
});
