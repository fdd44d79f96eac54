import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploySettings } from '../../infra/index.ts';
import { evaluate } from './evaluate-viewer-function.ts';
import { arnOf } from './resolve-template.ts';
import {
  propertiesOf,
  resourceOf,
  resourcesOf,
  SMALLEST,
  type Synthesised,
  synthesiseSettings,
} from './synthesise.ts';

const CERTIFICATE = 'arn:aws:acm:us-east-1:123456789012:certificate/0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const OPERATOR = 'arn:aws:iam::123456789012:role/Operator';
const SETTINGS = deploySettings.parse({
  region: 'eu-central-1',
  environment: 'mypurecloud.de',
  organizationId: SMALLEST.organizationId,
  catalogue: true,
  customerKeys: true,
  secretReaders: [OPERATOR],
  seal: { origin: 'recordings.example.com/proof/0c2f9a6e' },
  console: { domainName: 'recordings.example.com', certificateArn: CERTIFICATE, reasonRequired: true },
});

let made: Synthesised;
let smallest: Synthesised;
beforeAll(() => {
  made = synthesiseSettings(SETTINGS);
  smallest = synthesiseSettings(SMALLEST);
});
afterAll(() => {
  made.end();
  smallest.end();
});

const of = (type: string, name = 'Console') => propertiesOf(made.template, type, name);
const handler = () => resourceOf(made.template, 'AWS::Lambda::Function', 'ConsoleHandler');

describe('the console of the stack', () => {
  it('is there only where the settings have it', () => {
    expect(resourcesOf(smallest.template, 'AWS::CloudFront::Distribution')).toEqual([]);
    expect(Object.keys(smallest.template.resources).filter((id) => id.includes('Console'))).toEqual([]);
    expect(resourcesOf(made.template, 'AWS::CloudFront::Distribution')).toHaveLength(1);
  });

  it('is a function that streams, outside of any network, and that no one but the distribution may invoke', () => {
    const [id, { Properties }] = handler();
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'lambda/console.handler',
      Timeout: 300,
    });
    expect(Properties).not.toHaveProperty('VpcConfig');
    const url = of('AWS::Lambda::Url');
    expect(url).toMatchObject({ AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM' });
    const permissions = resourcesOf(made.template, 'AWS::Lambda::Permission')
      .map(([, one]) => one.Properties)
      .filter(({ Principal }) => Principal === 'cloudfront.amazonaws.com');
    const [distribution] = resourceOf(made.template, 'AWS::CloudFront::Distribution');
    expect(
      permissions.map(({ Action }) => Action).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
    ).toEqual(['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl']);
    for (const permission of permissions) {
      expect(JSON.stringify(permission['FunctionName'])).toContain(
        id.slice(0, 'ArchiveConsoleHandler'.length),
      );
      expect(JSON.stringify(permission['SourceArn'])).toContain(distribution);
    }
    expect(permissions.find(({ Action }) => Action === 'lambda:InvokeFunction')).toMatchObject({
      InvokedViaFunctionUrl: true,
    });
  });

  it('is signed for by the distribution, which keeps nothing, takes TLS alone and tells by which name it was asked', () => {
    expect(of('AWS::CloudFront::OriginAccessControl')).toMatchObject({
      OriginAccessControlConfig: {
        OriginAccessControlOriginType: 'lambda',
        SigningBehavior: 'always',
        SigningProtocol: 'sigv4',
      },
    });
    const { DistributionConfig } = of('AWS::CloudFront::Distribution');
    expect(DistributionConfig).toMatchObject({
      Aliases: ['recordings.example.com'],
      ViewerCertificate: { AcmCertificateArn: CERTIFICATE, MinimumProtocolVersion: 'TLSv1.2_2021' },
      DefaultCacheBehavior: {
        // CachingDisabled and AllViewerExceptHostHeader, as AWS names them
        CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
        ViewerProtocolPolicy: 'redirect-to-https',
        FunctionAssociations: [{ EventType: 'viewer-request' }],
      },
    });
    const { FunctionCode } = of('AWS::CloudFront::Function');
    const asked = {
      host: { value: 'recordings.example.com' },
      'x-viewer-host': { value: 'evil.example.com' },
    };
    expect(evaluate(FunctionCode as string, { headers: asked })).toMatchObject({
      headers: {
        'x-viewer-host': { value: 'recordings.example.com' },
        host: { value: 'recordings.example.com' },
      },
    });
  });

  it('reads through a role that the function alone assumes, and has no right to the archive of its own', () => {
    const [reader, role] = resourceOf(made.template, 'AWS::IAM::Role', 'ConsoleReader');
    const [own] = resourceOf(made.template, 'AWS::IAM::Role', 'ConsoleFunction');
    expect(role.Properties).toMatchObject({ MaxSessionDuration: 3_600 });
    expect(role.Properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: arnOf(own) } }],
    });
    const { PolicyDocument } = propertiesOf(made.template, 'AWS::IAM::Policy', 'ConsoleFunction');
    const { Statement } = PolicyDocument as { Statement: { Sid: string; Action: string | string[] }[] };
    expect(Statement.map(({ Sid }) => Sid)).toEqual([
      'ActForPeople',
      'ReadConsoleSecrets',
      'WriteLogs',
      'OpenSecrets',
    ]);
    expect(Statement[0]).toMatchObject({ Action: 'sts:AssumeRole', Resource: arnOf(reader) });
    expect(Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith('s3:'))).toEqual(
      [],
    );
  });

  it('is let in by the key of recordings only for the organization, and by no other key of the stack', () => {
    const [reader] = resourceOf(made.template, 'AWS::IAM::Role', 'ConsoleReader');
    const keys = resourcesOf(made.template, 'AWS::KMS::Key');
    const naming = keys.filter(([, { Properties }]) =>
      JSON.stringify(Properties['KeyPolicy']).includes(arnOf(reader)),
    );
    expect(naming.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['ArchiveKey']);
  });

  it('has a secret without a value that it and the operators alone read', () => {
    const [id, secret] = resourceOf(made.template, 'AWS::SecretsManager::Secret', 'SecretsConsole');
    expect(secret.Properties).not.toHaveProperty('SecretString');
    const [own] = resourceOf(made.template, 'AWS::IAM::Role', 'ConsoleFunction');
    const policy = resourcesOf(made.template, 'AWS::SecretsManager::ResourcePolicy').find(([name]) =>
      name.includes('SecretsConsole'),
    );
    expect(policy?.[1].Properties).toMatchObject({
      ResourcePolicy: {
        Statement: [
          { Effect: 'Deny', Condition: { ArnNotEquals: { 'aws:PrincipalArn': [arnOf(own), OPERATOR] } } },
        ],
      },
    });
    const { Environment } = handler()[1].Properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toMatchObject({
      ARCHIVE_CONSOLE_REASON: 'required',
      ARCHIVE_PROOF_ORIGIN: 'recordings.example.com/proof/0c2f9a6e',
    });
    expect(JSON.stringify(Environment.Variables['ARCHIVE_CONSOLE_SECRET_ARN'])).toContain(id);
    expect(Object.keys(Environment.Variables)).not.toContain('GENESYS_SECRET_ARN');
  });

  it('needs the catalogue, and a certificate with a name of its own', () => {
    const base = {
      region: 'eu-central-1',
      environment: 'mypurecloud.de',
      organizationId: SMALLEST.organizationId,
    };
    for (const wrong of [
      { domainName: 'recordings.example.com' },
      { certificateArn: CERTIFICATE },
      { domainName: 'recordings', certificateArn: CERTIFICATE },
      { domainName: 'a.example.com', certificateArn: CERTIFICATE.replace('us-east-1', 'eu-central-1') },
      { webAclArn: 'arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/x/1' },
      { people: 3 },
    ])
      expect(deploySettings.safeParse({ ...base, catalogue: true, console: wrong }).success).toBe(false);
    expect(deploySettings.parse({ ...base, catalogue: true, console: true }).console).toEqual({
      reasonRequired: false,
    });
  });
});
