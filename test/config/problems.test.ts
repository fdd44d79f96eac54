import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listSettings } from '../../src/config/schema.ts';
import { loadConfig, type Purpose } from '../../src/config/config.ts';
import { ArchiveError } from '../../src/errors.ts';
import { KEY, problemWith, refusalOf, tutorial } from './config-fixture.ts';

describe('problems', () => {
  it('are reported all at once, in the order of the documentation', () => {
    const { message, code, retryable, details } = refusalOf({
      env: {
        GENESYS_CLIENT_ID: 'with space',
        GENESYS_ENVIRONMENT: 'https://api.mypurecloud.com',
        GENESYS_API_URL: 'ftp://x',
        GENESYS_API: 'both',
        ARCHIVE_STORE: 'gs://bucket',
        ENCRYPTION_KEY_HEX: 'short',
        ARCHIVE_FORMAT: 's3ec-v4',
        GENESYS_SECRET_ARN: 'arn:x',
        ARCHIVE_KMS_KEY_ID: 'not a key',
        ARCHIVE_LOG_LEVEL: 'loud',
        ARCHIVE_ALLOW_LOOPBACK: 'yes',
      },
    });
    expect({ code, retryable }).toEqual({ code: 'CONFIG_INVALID', retryable: false });
    const names = [
      'GENESYS_CLIENT_ID',
      'GENESYS_ENVIRONMENT',
      'GENESYS_API_URL',
      'GENESYS_API',
      'ARCHIVE_STORE',
      'ENCRYPTION_KEY_HEX',
      'ARCHIVE_KMS_KEY_ID',
      'ARCHIVE_FORMAT',
      'ARCHIVE_ALLOW_LOOPBACK',
      'ARCHIVE_LOG_LEVEL',
      'GENESYS_SECRET_ARN',
    ];
    expect(message.split('\n')[0]).toBe(`${names.length} problems with the settings:`);
    expect(
      message
        .split('\n')
        .slice(1)
        .map((line) => /^ {2}([A-Z0-9_]+): /.exec(line)?.[1]),
    ).toEqual(names);
    expect(details['settings']).toBe(names.join(', '));
  });

  it.each([
    ['63 digits', KEY.slice(1), 'must have exactly 64 hex digits, not 63'],
    ['65 digits', `${KEY}0`, 'must have exactly 64 hex digits, not 65'],
    ['64 digits and garbage, which Buffer.from would take', `${KEY}zz`, 'must be hex digits only'],
    ['64 digits and a line feed', `${KEY}\n`, 'must be hex digits only'],
    ['quotes', `"${KEY}"`, 'must be hex digits only'],
    ['a prefix', `0x${KEY.slice(2)}`, 'must be hex digits only'],
    ['base64', Buffer.alloc(32, 7).toString('base64'), 'must be hex digits only'],
    ['full-width digits', '０'.repeat(64), 'must be hex digits only'],
    ['all zeros', '0'.repeat(64), 'is all zeros'],
  ])('defect 19: ENCRYPTION_KEY_HEX with %s is refused at the start', (_, key, problem) => {
    expect(problemWith('ENCRYPTION_KEY_HEX', key)).toContain(`ENCRYPTION_KEY_HEX: ${problem}`);
  });

  it.each([
    ['GENESYS_CLIENT_ID', ' padded', 'has white space around it'],
    ['GENESYS_CLIENT_ID', 'new\nline', 'must be printable characters without spaces'],
    ['GENESYS_CLIENT_SECRET', 'padded\n', 'has white space around it'],
    ['GENESYS_ENVIRONMENT', 'us-east-1', 'is an AWS region; its domain is mypurecloud.com'],
    ['GENESYS_ENVIRONMENT', 'api.mypurecloud.com', 'must be the domain after "api."'],
    ['GENESYS_ENVIRONMENT', 'mypurecloud.com/x', 'must be a domain name, not a URL'],
    ['GENESYS_ENVIRONMENT', 'mypurecloud', 'is not a domain name'],
    ['GENESYS_ENVIRONMENT', 'evil.example@mypurecloud.com', 'is not a domain name'],
    ['GENESYS_ENVIRONMENT', '127.0.0.1', 'is not a domain name'],
    ['GENESYS_ENVIRONMENT', 'constructor', 'is not a domain name'],
    ['GENESYS_API_URL', 'http://api.mypurecloud.com', 'must start with https://'],
    ['GENESYS_API_URL', 'api.mypurecloud.com', 'is not an absolute URL'],
    ['GENESYS_API_URL', 'file:///etc/passwd', 'must start with https://'],
    ['GENESYS_API_URL', 'https://user@api.mypurecloud.com', 'must not carry a user name or password'],
    ['GENESYS_API_URL', 'https://user:pass@api.mypurecloud.com', 'must not carry a user name or password'],
    ['GENESYS_API_URL', 'https://api.mypurecloud.com/api/v2', 'must end after the host'],
    ['GENESYS_API_URL', 'https://api.mypurecloud.com/?x=1', 'must end after the host'],
    ['GENESYS_LOGIN_URL', 'http://127.0.0.1:8080', 'is on this machine, which only ARCHIVE_ALLOW_LOOPBACK=1'],
    ['GENESYS_LOGIN_URL', 'https://localhost', 'is on this machine, which only ARCHIVE_ALLOW_LOOPBACK=1'],
    ['GENESYS_API', 'Media', 'must be one of: auto, media, recordings'],
    ['ARCHIVE_STORE', 'gs://my-archive', 'must start with s3:// or file:'],
    ['ARCHIVE_STORE', 's3://My_Bucket', 'has no valid bucket name'],
    ['ARCHIVE_STORE', 's3://my-archive/../x', 'has a prefix that is not a key'],
    ['ARCHIVE_STORE', 's3://my-archive/a//b', 'has a prefix that is not a key'],
    ['ARCHIVE_STORE', `s3://my-archive/${'x'.repeat(201)}`, 'has a prefix that is not a key'],
    ['ARCHIVE_STORE', 'xs3://my-archive', 'must start with s3:// or file:'],
    ['ARCHIVE_STORE', 's3://my-archive/a b', 'has a prefix that is not a key'],
    ['ARCHIVE_STORE', 'file:', 'names no directory'],
    ['ARCHIVE_STORE', 'file:a\0b', 'holds a control character'],
    ['S3_ARCHIVE_BUCKET', 's3://my-archive', 'must be the name alone'],
    ['S3_ARCHIVE_BUCKET', 'a', 'is not a bucket name'],
    ['ARCHIVE_STORE', 's3://another', 'contradicts ARCHIVE_STORE'],
    ['ARCHIVE_LAYOUT', '{year}/{id}', 'has a placeholder that is none of {yyyy}, {mm}'],
    ['ARCHIVE_LAYOUT', 'flat', 'must be one of: date, genesys-export, or a template'],
    ['ARCHIVE_WRITE_BACK', 'tag', 'must be one of: interaction, annotation, custom-attributes'],
    ['ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA', 'x', 'must be the UUID of a schema'],
    ['GENESYS_FORMAT', 'FLAC', 'must be one of: WAV'],
    ['ARCHIVE_KINDS', 'call,fax', 'item 2 is none of: call, screen'],
    ['ARCHIVE_KINDS', ',', 'names no kind'],
    ['ARCHIVE_SETTLE', '15', 'must be a number with a unit'],
    ['ARCHIVE_READY_HORIZON', '91d', 'must be 90d at most'],
    ['ARCHIVE_RATE_SHARE', '0', 'must be above 0 and at most 1'],
    ['ARCHIVE_RATE_SHARE', '2/3', 'must be above 0 and at most 1'],
    ['ARCHIVE_FORMAT', 's3ec-v2', 'needs a source of wrapping keys: one of ARCHIVE_KMS_KEY_ID'],
    ['ARCHIVE_FORMAT', 'aes', 'must be one of: static-gcm, s3ec-v2, s3ec-v3'],
    [
      'ARCHIVE_MEDIA_HOSTS',
      'media.example.com,com',
      'has no domain name, or no plain path behind it, as item 2',
    ],
    [
      'ARCHIVE_MEDIA_HOSTS',
      'https://media.example.com',
      'has no domain name, or no plain path behind it, as item 1',
    ],
    [
      'ARCHIVE_MEDIA_HOSTS',
      's3.amazonaws.com/../x',
      'has no domain name, or no plain path behind it, as item 1',
    ],
    [
      'ARCHIVE_MEDIA_HOSTS',
      's3.amazonaws.com//x',
      'has no domain name, or no plain path behind it, as item 1',
    ],
    [
      'ARCHIVE_MEDIA_HOSTS',
      's3.amazonaws.com/%2e%2e',
      'has no domain name, or no plain path behind it, as item 1',
    ],
    ['ARCHIVE_MEDIA_HOSTS', 'a.example,*.s3.amazonaws.com/x', 'has a path behind a wildcard as item 2'],
    ['ARCHIVE_MEDIA_HOSTS', '.s3.amazonaws.com/x', 'has a path behind a wildcard as item 1'],
    ['ARCHIVE_REGIONS', ' , ', 'names no region'],
    ['ARCHIVE_REGIONS', 'eu-central-1,us_east_1', 'item 2 is not a region of the platform; write us-east-1'],
    ['ARCHIVE_REGIONS', 'EU-CENTRAL-1', 'item 1 is not a region of the platform; write eu-central-1'],
    ['ARCHIVE_REGIONS', 'mypurecloud.ie', 'item 1 is not a region of the platform; write eu-west-1'],
    ['ARCHIVE_REGIONS', 'europe', 'item 1 is not a region of the platform; there are af-south-1, '],
    ['ARCHIVE_MEDIA_HOSTS', '10.0.0.1', 'has no domain name, or no plain path behind it, as item 1'],
    ['ARCHIVE_ALLOW_LOOPBACK', 'true', 'must be 1 or 0'],
    ['ARCHIVE_ID_PATTERN', '(a+)+', 'has something at character 4'],
    ['ARCHIVE_WEBHOOK_SECRET', ' , ', 'holds no secret'],
    ['ARCHIVE_WEBHOOK_SECRET', 'good-secret-here,bad secret', 'item 2 must be'],
    ['ARCHIVE_WEBHOOK_OPEN', 'yes', 'must be 1 or 0'],
    ['ARCHIVE_LOG_LEVEL', 'trace', 'must be one of: debug, info, warn, error'],
    ['S3_FORCE_PATH_STYLE', 'on', 'must be 1 or 0'],
    ['ARCHIVE_KMS_KEY_ID', 'alias/', 'is not an id, ARN or alias/NAME of a KMS key'],
    ['ARCHIVE_KMS_KEY_ID', 'recordings', 'is not an id, ARN or alias/NAME of a KMS key'],
    ['ARCHIVE_KMS_KEY_ID', 'arn:aws:s3:::bucket', 'is not an id, ARN or alias/NAME of a KMS key'],
    ['ARCHIVE_KMS_KEY_ID', 'arn:aws:kms:us-east-1:1:alias/x', 'is not an id, ARN or alias/NAME of a KMS key'],
    [
      'ARCHIVE_KMS_KEY_ID',
      'arn:aws:kms:us-east-1:123456789012:key/alias/x',
      'is not an id, ARN or alias/NAME',
    ],
    ['ARCHIVE_KEYRING_FILE', 'k\0.json', 'holds a control character'],
    ['ARCHIVE_PUBLIC_KEY_FILE', 'k\n.pem', 'holds a control character'],
    ['GENESYS_ORGANIZATION_ID', 'An Organization', 'must be 1 to 128 letters, digits and ._-'],
    ['ARCHIVE_QUEUE_URL', 'recordings', 'must be the URL of an SQS queue'],
    [
      'ARCHIVE_QUEUE_URL',
      'https://sqs.eu-west-1.amazonaws.com/1/q?x=1',
      'must be the URL of an SQS queue, without query',
    ],
    ['ARCHIVE_DEAD_LETTER_QUEUE_URL', 'http://sqs.eu-west-1.amazonaws.com/1/q', 'must start with https://'],
    ['ARCHIVE_SIGNING_KEY_SECRET_ARN', 'arn:x', 'is no ARN of a secret'],
    ['GENESYS_SECRET_ARN', 'arn:x', 'is no ARN of a secret'],
  ])('%s=%j %s', (name, value, problem) => {
    const text = problemWith(name, value);
    expect(text).toContain(`: ${problem}`);
    expect(text.split('\n')).toHaveLength(1);
  });
});

describe('the outcome for any environment', () => {
  const known = fc.constantFrom(...listSettings().map(([name]) => name));
  const stray = fc.constantFrom(
    '__proto__',
    'constructor',
    'ARCHIVE_',
    'GENESYS_X',
    'AWS_LAMBDA_FUNCTION_NAME',
  );
  const likely = fc.constantFrom<string>(
    ...listSettings().map(([, { example }]) => example),
    ...Object.values(tutorial),
    '0',
    '1',
    '',
    'http://localhost:1',
    'file:x',
  );
  const layer = fc.dictionary(fc.oneof(known, known, stray, fc.string()), fc.oneof(likely, fc.string()), {
    maxKeys: 8,
  });

  it('is a frozen configuration or CONFIG_INVALID', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        layer,
        fc.option(layer, { nil: undefined }),
        fc.option(fc.dictionary(fc.oneof(known, fc.string()), fc.anything(), { maxKeys: 5 }), {
          nil: undefined,
        }),
        fc.boolean(),
        fc.constantFrom<Exclude<Purpose, 'keys'>>('archive', 'restore', 'store'),
        (env, flags, values, whole, purpose) => {
          const base = whole ? { ...tutorial, ...env } : env;
          let outcome: string;
          try {
            const file = values === undefined ? undefined : { path: 'x', values };
            const config = loadConfig({ env: base, flags, file }, purpose);
            outcome =
              Object.isFrozen(config) && /^(?:s3:\/\/|file:)./.test(config.store) ? 'config' : 'unsound';
          } catch (error) {
            outcome = error instanceof ArchiveError ? error.code : 'foreign error';
          }
          outcomes.add(outcome);
          expect(['config', 'CONFIG_INVALID']).toContain(outcome);
        },
      ),
      { numRuns: 3_000 },
    );
    expect(outcomes.size).toBe(2);
  });
});
