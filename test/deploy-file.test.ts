import { describe, expect, it } from 'vitest';
import { checkDeploySettings } from '../src/config/deploy/file.ts';

const SOUND = {
  region: 'eu-central-1',
  environment: 'mypurecloud.de',
  organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
  webhook: true,
};

function problemsOf(change: object): Record<string, string> {
  const checked = checkDeploySettings({ ...SOUND, ...change });
  return 'problems' in checked
    ? Object.fromEntries(checked.problems.map(({ name, text }) => [name, text]))
    : {};
}
const variable = (name: string, value: unknown) =>
  problemsOf({ environmentVariables: { [name]: value } })[`environmentVariables.${name}`];

describe('the deploy file', () => {
  it('tells everything that is wrong at once, with what was meant', () => {
    expect(
      problemsOf({
        region: 'us_east_1',
        environment: 'mypurecloud.cmo',
        organisationId: 'x',
        environmentVariables: {
          ARCHIVE_WRITEBACK: 'none',
          ARCHIVE_SETTLE: 'soon',
          ARCHIVE_RECORDING_KINDS: 7,
          NODE_OPTIONS: '--require ./canary',
        },
      }),
    ).toEqual({
      region: expect.stringContaining('did you mean us-east-1?'),
      environment: 'is not a region domain of Genesys Cloud; did you mean mypurecloud.com?',
      organisationId: 'is not a deploy setting; did you mean organizationId?',
      'environmentVariables.ARCHIVE_WRITEBACK':
        'is not a setting of this program; did you mean ARCHIVE_WRITE_BACK?',
      'environmentVariables.ARCHIVE_SETTLE': 'must be a number with a unit, such as 90s, 15m, 2h or 7d',
      'environmentVariables.ARCHIVE_RECORDING_KINDS': 'must be text: write it in quotes',
      'environmentVariables.NODE_OPTIONS': expect.stringContaining('is not among the variables'),
    });
  });

  it.each([
    'nowhere.example',
    'mypurecloud.com.evil.example',
    'evilpure.cloud',
    'login.mypurecloud.com',
    'us_east_1',
    'eu-central-1',
    'MYPURECLOUD.DE',
    '',
  ])('refuses %j as environment: the client secret would go there', (environment) =>
    expect(problemsOf({ environment })['environment']).toBeDefined(),
  );

  it('takes a region of Genesys Cloud that is newer than this program, with a warning', () => {
    const checked = checkDeploySettings({ ...SOUND, environment: 'euw9.pure.cloud' });
    expect(checked).toMatchObject({
      warnings: [expect.stringContaining('none of the 18 known region domains')],
    });
  });

  it.each([
    'NODE_OPTIONS',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'NODE_EXTRA_CA_CERTS',
    'node_options',
    'LD_PRELOAD',
    'PATH',
    'AWS_LAMBDA_EXEC_WRAPPER',
    'AWS_ENDPOINT_URL',
    'AWS_ENDPOINT_URL_S3',
    'AWS_ENDPOINT_URL_SECRETS_MANAGER',
    'AWS_ACCESS_KEY_ID',
    'AWS_REGION',
    'HTTPS_PROXY',
    'https_proxy',
    'GENESYS_LOGIN_URL',
    'GENESYS_API_URL',
    'ARCHIVE_WEBHOOK_OPEN',
    'ARCHIVE_ALLOW_LOOPBACK',
    'GENESYS_CLIENT_SECRET',
    'ENCRYPTION_KEY_HEX',
    'ARCHIVE_STORE',
    'GENESYS_SECRET_ARN',
    '__proto__x',
    'constructor',
    'toString',
  ])('refuses the variable %s', (name) => {
    for (const value of ['1', 'https://login.example.com', 'true'])
      expect(variable(name, value)).toBeDefined();
  });

  it('takes every other setting with a good value, and the few variables of AWS that are harmless', () => {
    const environmentVariables = {
      ARCHIVE_WRITE_BACK: 'annotation',
      ARCHIVE_WEBHOOK_SIGNATURE: 'v2',
      ARCHIVE_MEDIA_HOSTS: 'media.example.com',
      AWS_USE_FIPS_ENDPOINT: 'true',
      AWS_MAX_ATTEMPTS: '5',
    };
    expect(problemsOf({ environmentVariables })).toEqual({});
    expect(variable('AWS_USE_FIPS_ENDPOINT', 'yes')).toBe('has a value that is not known');
    expect(variable('AWS_USE_FIPS_ENDPOIN', 'true')).toContain('did you mean AWS_USE_FIPS_ENDPOINT?');
  });

  it('tells what the function would say at its start: settings that contradict each other', () => {
    expect(problemsOf({ environmentVariables: { ARCHIVE_FORMAT: 'static-gcm' } })).toEqual({
      environmentVariables: expect.stringContaining('ENCRYPTION_KEY_HEX is missing'),
    });
  });

  it('refuses to fetch facts that no setting keeps, and a compactor that would have to open contexts', () => {
    const environmentVariables = { ARCHIVE_FACTS: 'context' };
    expect(problemsOf({ environmentVariables, facts: true, catalogue: true })).toEqual({
      facts: expect.stringContaining('ARCHIVE_FACTS=context keeps none of'),
      catalogue: expect.stringContaining('with a role that reads recordings'),
    });
    expect(problemsOf({ environmentVariables: { ARCHIVE_FACTS: 'none' }, catalogue: true })).toEqual({});
  });

  it('takes the regions of every partition', () => {
    for (const region of [
      'eusc-de-east-1',
      'cn-north-1',
      'us-gov-west-1',
      'us-isob-east-1',
      'ap-southeast-7',
    ]) {
      expect(problemsOf({ region })).toEqual({});
    }
    for (const region of ['us_east_1', 'us-east', 'eu-central-1a', 'Frankfurt', '', 7, 'x-eu-central-1']) {
      expect(problemsOf({ region })['region']).toBeDefined();
    }
  });
});
