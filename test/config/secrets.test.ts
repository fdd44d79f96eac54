import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listSettings } from '../../src/config/schema.ts';
import { loadConfig, revealKey } from '../../src/config/config.ts';
import { ArchiveError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { KEY, load, refusalOf, tutorial } from './config-fixture.ts';

describe('secrets', () => {
  const secretNames = listSettings().filter(([, { secret }]) => secret === true);

  it('print as [secret], wherever they are printed', () => {
    const config = load({ ARCHIVE_WEBHOOK_SECRET: 'canary-webhook-secret' });
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: 10, showHidden: true }),
      `${config.encryption.key?.toString()} ${Object.values(config.genesys.credentials).join(' ')}`,
      JSON.stringify(Object.entries(config.genesys.credentials)),
      inspect(structuredClone(config.encryption.key)),
    ].join('\n');
    expect(printed).toContain('[secret]');
    expect(printed).not.toContain('canary');
    expect(printed.toLowerCase()).not.toContain(KEY.toLowerCase());
  });

  it.each(secretNames.map(([name]) => name))('%s is never repeated, however malformed', (name) => {
    // a proxy's host is no secret: doctor shows it, and a word that can be a host, perhaps with a port, is taken for one
    const isHost = (text: string) =>
      name.endsWith('_PROXY') &&
      /^(?:https?:\/\/)?(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d*)?\/?$/i.test(text.trim());
    const canary = fc
      .stringMatching(/^[ -~]{16,64}$/)
      .filter((text) => text.trim().length >= 12 && !isHost(text));
    fc.assert(
      fc.property(canary, fc.constantFrom('', ' ', '\n', ',', '\0', 'é'), (secret, tail) => {
        const value = secret + tail;
        let shown: string;
        try {
          const config = load({ [name]: value, GENESYS_ENVIRONMENT: 'new1.pure.cloud' });
          shown = JSON.stringify(config) + inspect(config, { depth: 10 });
        } catch (error) {
          shown = inspect(error, { depth: 10 }) + JSON.stringify(error);
        }
        expect(shown).not.toContain(secret);
        expect(shown).not.toContain(secret.trim());
      }),
      { numRuns: 500 },
    );
  });

  it.each(['/correcthorsebattery', '//correcthorsebattery', 'correct$horse,battery', '1.2.3.999999999999,'])(
    'a word that is no host is not shown as the host of a proxy: %s',
    (secret) => {
      const refusal = refusalOf({ env: { ...tutorial, HTTPS_PROXY: secret } });
      expect(refusal.message).toContain('HTTPS_PROXY: is not the address of a proxy');
      expect(inspect(refusal, { depth: 10 })).not.toContain(secret);
    },
  );

  it('nothing at all is repeated in a message: a secret may stand in the wrong variable', () => {
    const everyName = fc.constantFrom(
      ...listSettings().map(([name]) => name),
      'ARCHIVE_KMS_KEY_ID',
      'ARCHIVE_TYPO',
    );
    const shapes = fc.constantFrom('', 'https://', 's3://', 'file:', 's3://x/', 'http://u:', 'sha256=');
    fc.assert(
      fc.property(everyName, shapes, fc.stringMatching(/^[A-Z0-9!@?#/ ]{20,40}$/), (name, shape, canary) => {
        let shown = '';
        try {
          shown = load({ [name]: shape + canary }).warnings.join('\n');
        } catch (error) {
          shown = inspect(error, { depth: 10 });
        }
        expect(shown).not.toContain(canary);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a Secret has no other way out', () => {
    const secret = new Secret('canary');
    expect([...Reflect.ownKeys(secret), JSON.stringify({ secret }), inspect(secret)]).toEqual([
      '{"secret":"[secret]"}',
      '[secret]',
    ]);
  });

  it('revealKey never takes part of a key', () => {
    expect(() => revealKey(new Secret(`${KEY.slice(2)}zz`))).toThrow(ArchiveError);
  });
});

describe('secrets that stand in Secrets Manager', () => {
  const arn = (name: string) => `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`;
  const { GENESYS_CLIENT_ID: _id, GENESYS_CLIENT_SECRET: _secret, ...others } = tutorial;

  it('are named instead of the values, which are then not needed', () => {
    const env = {
      ...others,
      GENESYS_SECRET_ARN: arn('genesys'),
      ARCHIVE_SIGNING_KEY_SECRET_ARN: arn('receipts'),
      ARCHIVE_WEBHOOK_SECRET_ARN: arn('webhook'),
      ARCHIVE_WEBHOOK_OPEN: '1',
    };
    const config = loadConfig({ env }, 'archive');
    expect(config.genesys.credentials).toEqual({ secretArn: arn('genesys') });
    expect(config.signingKeySecretArn).toBe(arn('receipts'));
    expect(config.webhook).toEqual({ secrets: [], secretArn: arn('webhook'), open: false });
    expect(config.warnings.join('\n')).toContain('ARCHIVE_WEBHOOK_OPEN=1 has no effect');
  });

  it('may be named in a file and on the command line: an ARN is no secret', () => {
    const file = { path: 'x.json', values: { GENESYS_SECRET_ARN: arn('genesys') } };
    expect(loadConfig({ env: others, file }, 'archive').genesys.credentials).toEqual({
      secretArn: arn('genesys'),
    });
  });

  it.each([
    ['GENESYS_CLIENT_ID', { GENESYS_SECRET_ARN: arn('a') }],
    ['GENESYS_CLIENT_SECRET', { GENESYS_SECRET_ARN: arn('a') }],
    [
      'ARCHIVE_WEBHOOK_SECRET',
      { ARCHIVE_WEBHOOK_SECRET_ARN: arn('a'), ARCHIVE_WEBHOOK_SECRET: 'one-of-the-two' },
    ],
    [
      'ARCHIVE_SIGNING_KEY_FILE',
      { ARCHIVE_SIGNING_KEY_SECRET_ARN: arn('a'), ARCHIVE_SIGNING_KEY_FILE: 'a.pem' },
    ],
  ])('and %s are not both set', (name, env) => {
    expect(refusalOf({ env: { ...tutorial, ...env } }).message).toContain(`${name}: and `);
  });

  it.each(['genesys', 'arn:aws:s3:::bucket', `${arn('x')} `, arn('x').replace('123456789012', '12')])(
    '%j is no ARN of one',
    (value) => {
      expect(refusalOf({ env: { ...others, GENESYS_SECRET_ARN: value } }).message).toContain(
        'GENESYS_SECRET_ARN: is no ARN of a secret in AWS Secrets Manager',
      );
    },
  );
});
