import { describe, expect, it } from 'vitest';
import { loadConfig, revealKey } from '../../src/config/config.ts';
import { listSettings } from '../../src/config/schema.ts';
import { GENESYS_REGIONS } from '../../src/regions.ts';
import { Secret } from '../../src/secret.ts';
import { KEY, load, problemWith, refusalOf, tutorial } from './config-fixture.ts';

describe('the five names of the tutorial', () => {
  it('are enough', () => {
    const config = load({});
    expect(config).toMatchObject({
      store: 's3://my-archive',
      s3: { forcePathStyle: false },
      layout: { name: 'date' },
      allowLoopback: false,
      logLevel: 'info',
      warnings: [],
      encryption: { format: 'static-gcm' },
      genesys: {
        credentials: { clientId: tutorial.GENESYS_CLIENT_ID },
        environment: 'mypurecloud.com',
        loginUrl: 'https://login.mypurecloud.com',
        apiUrl: 'https://api.mypurecloud.com',
        api: 'auto',
      },
      writeBack: 'interaction',
      mediaHosts: [],
      webhook: { secrets: [], open: false },
    });
    const { credentials } = config.genesys;
    expect('clientSecret' in credentials && credentials.clientSecret.reveal()).toBe('canary-client-secret');
    const id = 'A1B2C3D4-5678-90ab-cdef-1234567890ab';
    expect([id, `x${id}`, `${id}x`].map((text) => config.idPattern.test(text))).toEqual([true, false, false]);
    expect(revealKey(config.encryption.key ?? new Secret('')).toString('hex')).toBe(KEY.toLowerCase());
  });

  it.each(Object.keys(tutorial).filter((name) => name !== 'S3_ARCHIVE_BUCKET'))('%s is required', (name) => {
    expect(problemWith(name, '')).toMatch(new RegExp(`^  ${name}: is missing \\(.+; example: .+\\)$`));
  });

  it.each([{ ARCHIVE_STORE: 's3://my-archive' }, { S3_ARCHIVE_BUCKET: 'my-archive' }])(
    'either name of the store will do on Lambda: %j',
    (named) => {
      const env = { ...tutorial, S3_ARCHIVE_BUCKET: '', AWS_LAMBDA_FUNCTION_NAME: 'archive', ...named };
      expect(loadConfig({ env }, 'archive').store).toBe('s3://my-archive');
    },
  );

  it('the store is required on Lambda, where no directory stays', () => {
    const { S3_ARCHIVE_BUCKET: _, ...env } = tutorial;
    expect(loadConfig({ env }, 'archive').store).toBe('file:./archive');
    const { message } = refusalOf({ env: { ...env, AWS_LAMBDA_FUNCTION_NAME: 'archive' } });
    expect(message).toContain('ARCHIVE_STORE: is missing, and so is S3_ARCHIVE_BUCKET');
  });
});

describe('a purpose asks only for what it needs', () => {
  it('reading back needs the key, listing needs nothing', () => {
    expect(loadConfig({ env: { ENCRYPTION_KEY_HEX: KEY } }, 'restore').store).toBe('file:./archive');
    expect(loadConfig({ env: {} }, 'store').store).toBe('file:./archive');
    expect(refusalOf({ env: {} }, 'restore').message.split('\n')).toHaveLength(2);
    expect(loadConfig({ env: { ENCRYPTION_KEY_HEX: 'nonsense' } }, 'store')).not.toHaveProperty('encryption');
  });
});

describe('values', () => {
  it.each(Object.values(GENESYS_REGIONS))('%s is a known region', (environment) => {
    expect(load({ GENESYS_ENVIRONMENT: environment })).toMatchObject({
      warnings: [],
      genesys: { apiUrl: `https://api.${environment}`, loginUrl: `https://login.${environment}` },
    });
  });

  it('knows 18 regions; another domain is taken, with a warning', () => {
    expect(new Set(Object.values(GENESYS_REGIONS)).size).toBe(18);
    expect(load({ GENESYS_ENVIRONMENT: 'new1.pure.cloud' }).warnings).toEqual([
      expect.stringContaining('GENESYS_ENVIRONMENT is none of the 18 known region domains'),
    ]);
  });

  it('loopback needs a setting of its own, which warns at every start', () => {
    const config = load({
      ARCHIVE_ALLOW_LOOPBACK: '1',
      GENESYS_API_URL: 'http://127.0.0.1:8080/',
      GENESYS_LOGIN_URL: 'http://[::1]:8080',
    });
    expect(config.genesys).toMatchObject({ apiUrl: 'http://127.0.0.1:8080', loginUrl: 'http://[::1]:8080' });
    expect(config.warnings).toEqual([expect.stringContaining('ARCHIVE_ALLOW_LOOPBACK=1')]);
    expect(loadConfig({ env: { ARCHIVE_ALLOW_LOOPBACK: '1' } }, 'store').warnings).toHaveLength(1);
    const env = { ...tutorial, ARCHIVE_ALLOW_LOOPBACK: '1', GENESYS_API_URL: 'http://127.0.0.2:8080' };
    expect(refusalOf({ env }).message).toContain('GENESYS_API_URL: must start with https://');
  });

  it('a key may end or begin with zeros', () => {
    const keys = [`1${'0'.repeat(63)}`, `${'0'.repeat(63)}1`];
    expect(keys.map((key) => load({ ENCRYPTION_KEY_HEX: key }).encryption.key?.reveal())).toEqual(keys);
  });

  it.each([
    ['s3://my-archive', 's3://my-archive'],
    [`s3://my-archive/${'x'.repeat(200)}`, `s3://my-archive/${'x'.repeat(200)}`],
    ['s3://my-archive/', 's3://my-archive'],
    ['s3://my-archive/calls/eu/', 's3://my-archive/calls/eu'],
  ])('ARCHIVE_STORE=%s agrees with S3_ARCHIVE_BUCKET=my-archive', (store, expected) => {
    expect(load({ ARCHIVE_STORE: store }).store).toBe(expected);
  });

  it('lists take spaces, stars and capitals', () => {
    const config = load({
      ARCHIVE_MEDIA_HOSTS: ' Media.Example.com , *.example.org,.example.net,',
      ARCHIVE_WEBHOOK_SECRET: 'first-secret-of-two, second-secret-of-two',
      ARCHIVE_ID_PATTERN: 'call-\\d+',
    });
    expect(config.mediaHosts).toEqual(['media.example.com', 'example.org', 'example.net']);
    expect(config.webhook.secrets.map((secret) => secret.reveal())).toEqual([
      'first-secret-of-two',
      'second-secret-of-two',
    ]);
    expect(['call-7', 'xcall-7', 'call-7x'].map((id) => config.idPattern.test(id))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('media hosts may be narrowed to a path; one where every customer can put files gives a warning', () => {
    const narrow = load({
      ARCHIVE_MEDIA_HOSTS: 'S3.amazonaws.com/Their-Bucket/, mine.s3.us-east-1.amazonaws.com',
    });
    expect(narrow.mediaHosts).toEqual(['s3.amazonaws.com/Their-Bucket', 'mine.s3.us-east-1.amazonaws.com']);
    expect(narrow.warnings).toEqual([]);
    const wide = ['amazonaws.com', 's3.amazonaws.com', 's3.us-east-1.amazonaws.com', '*.cloudfront.net'].map(
      (hosts) => load({ ARCHIVE_MEDIA_HOSTS: `media.example.com,${hosts}` }).warnings.length,
    );
    expect(wide).toEqual([1, 1, 1, 1]);
  });

  it('the HTTP entry is open only when that is said and no secret is set', () => {
    const open = load({ ARCHIVE_WEBHOOK_OPEN: '1' });
    expect(open.webhook.open).toBe(true);
    expect(open.warnings).toEqual([expect.stringContaining('without a signature from any sender')]);
    const both = load({ ARCHIVE_WEBHOOK_OPEN: '1', ARCHIVE_WEBHOOK_SECRET: 'a-secret-that-is-long' });
    expect(both.webhook.open).toBe(false);
    expect(both.warnings).toEqual([expect.stringContaining('has no effect')]);
    expect(load({ ARCHIVE_WEBHOOK_SECRET: 'short' }).warnings).toEqual([
      expect.stringContaining('shorter than 16'),
    ]);
  });

  it('are frozen, all the way down', () => {
    const config = load({ ARCHIVE_MEDIA_HOSTS: 'example.com' });
    const parts = [config, config.genesys, config.s3, config.encryption, config.mediaHosts, config.webhook];
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true);
    expect(Reflect.set(config.genesys, 'apiUrl', 'https://evil.example')).toBe(false);
  });
});

describe('precedence', () => {
  const file = { path: 'x.json', values: { ARCHIVE_LOG_LEVEL: 'error', ARCHIVE_WRITE_BACK: 'none' } };

  it('flag > named file > environment > file that was found > default', () => {
    const levels = [
      load({ ARCHIVE_LOG_LEVEL: 'warn' }, { file, flags: { ARCHIVE_LOG_LEVEL: 'debug' } }),
      load({ ARCHIVE_LOG_LEVEL: 'warn' }, { file, flags: { ARCHIVE_LOG_LEVEL: undefined } }),
      load({ ARCHIVE_LOG_LEVEL: '' }, { file, flags: { ARCHIVE_LOG_LEVEL: '' } }),
      load({}),
    ].map(({ logLevel }) => logLevel);
    expect(levels).toEqual(['debug', 'warn', 'error', 'info']);
    expect(load({}, { file }).writeBack).toBe('none');
    const named = { ...file, isNamed: true };
    expect(load({ ARCHIVE_LOG_LEVEL: 'warn' }, { file: named }).logLevel).toBe('error');
    const flags = { ARCHIVE_LOG_LEVEL: 'debug' };
    expect(load({ ARCHIVE_LOG_LEVEL: 'warn' }, { file: named, flags }).logLevel).toBe('debug');
    const bucket = { path: 'x.json', values: { ARCHIVE_STORE: 'file:./there' }, isNamed: true };
    expect(load({ S3_ARCHIVE_BUCKET: 'my-archive' }, { file: bucket }).store).toBe('file:./there');
  });

  it('a file that was found never says where credentials go, who is trusted or what is allowed', () => {
    const refused = listSettings().flatMap(([name, { namedFileOnly, example }]) =>
      namedFileOnly === true ? [[name, example] as const] : [],
    );
    expect(refused.map(([name]) => name).toSorted()).toEqual([
      'ARCHIVE_ALLOW_LOOPBACK',
      'ARCHIVE_CATALOGUE',
      'ARCHIVE_DEAD_LETTER_QUEUE_URL',
      'ARCHIVE_KEY_RECORDS',
      'ARCHIVE_MEDIA_HOSTS',
      'ARCHIVE_PROOF_SECOND_STORE',
      'ARCHIVE_PROOF_TSA_URL',
      'ARCHIVE_PROOF_VKEYS',
      'ARCHIVE_PROOF_WITNESSES',
      'ARCHIVE_PROXY_MEDIA',
      'ARCHIVE_QUARANTINE',
      'ARCHIVE_QUEUE_URL',
      'ARCHIVE_RECEIPT_PUBLIC_KEYS',
      'ARCHIVE_RETENTION_AT_WRITE',
      'ARCHIVE_RETENTION_FILE',
      'ARCHIVE_SOURCE_DELETE',
      'ARCHIVE_SOURCE_DELETE_DRILL',
      'ARCHIVE_SOURCE_DELETE_GRACE',
      'ARCHIVE_SOURCE_DELETE_PER_DAY',
      'ARCHIVE_WEBHOOK_OPEN',
      'GENESYS_API_URL',
      'GENESYS_LOGIN_URL',
      'NO_PROXY',
    ]);
    for (const [name, example] of refused) {
      const found = { path: 'x.json', values: { [name]: example } };
      const { message } = refusalOf({ env: tutorial, file: found });
      expect(message).toContain(
        `${name}: is not taken from a config file that was found here; name the file`,
      );
      expect(refusalOf({ env: { ...tutorial, [name]: example }, file: found }).message).toContain(name);
    }
    const elsewhere = { path: 'x.json', values: { GENESYS_ENVIRONMENT: 'evil.example' } };
    expect(refusalOf({ env: tutorial, file: elsewhere }).message).toContain(
      'GENESYS_ENVIRONMENT: is not taken',
    );
    const known = { path: 'x.json', values: { GENESYS_ENVIRONMENT: 'mypurecloud.de' } };
    const { GENESYS_ENVIRONMENT: _, ...env } = tutorial;
    expect(loadConfig({ env, file: known }, 'archive').genesys.environment).toBe('mypurecloud.de');
  });

  it.each([
    'ALL_PROXY',
    'https_proxy',
    'AWS_ENDPOINT_URL_S3',
    'NODE_OPTIONS',
    'NODE_TLS_REJECT_UNAUTHORIZED',
    'LD_PRELOAD',
  ])(
    'a file that was found is refused with %s in it; a named one only warns that it means nothing',
    (name) => {
      const file = { path: 'x.json', values: { [name]: 'http://canary.example' } };
      const { message } = refusalOf({ env: tutorial, file });
      expect(message).toContain(`${name}: is not a setting of a config file`);
      expect(message).not.toContain('canary');
      expect(load({}, { file: { ...file, isNamed: true } }).warnings.join()).toContain(name);
    },
  );

  it('settings that name hosts, URLs, proxies, endpoints or commands need a named file', () => {
    const suspicious = /URL|HOST|PROXY|ENDPOINT|COMMAND|LOOPBACK|RECEIPT_PUBLIC|_OPEN$/;
    const open = listSettings().filter(
      ([name, setting]) => suspicious.test(name) && setting.secret !== true && setting.namedFileOnly !== true,
    );
    expect(open.map(([name]) => name)).toEqual([]);
  });

  it('a region of AWS that is misspelled in the environment gives a hint', () => {
    expect(load({ AWS_REGION: 'us_east_1' }).warnings.join()).toContain('did you mean us-east-1?');
    expect(load({ AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'garage' }).warnings).toEqual([]);
  });

  it('between the two names of the store, the stronger source decides', () => {
    const flags = { ARCHIVE_STORE: 'file:./here' };
    expect(load({ S3_ARCHIVE_BUCKET: 'my-archive' }, { flags }).store).toBe('file:./here');
    const inFile = { path: 'x.json', values: { ARCHIVE_STORE: 'file:./there' } };
    expect(load({ S3_ARCHIVE_BUCKET: 'my-archive' }, { file: inFile }).store).toBe('s3://my-archive');
  });

  it('a setting of a weaker source is not looked at', () => {
    const inFile = { path: 'x.json', values: { ARCHIVE_LOG_LEVEL: 'loud' } };
    expect(load({ ARCHIVE_LOG_LEVEL: 'warn' }, { file: inFile }).logLevel).toBe('warn');
    expect(refusalOf({ env: tutorial, file: inFile }).message).toContain('ARCHIVE_LOG_LEVEL');
  });
});

describe('a config file', () => {
  it('has the types of JSON', () => {
    const values = {
      $schema: 'https://example.com/schema.json',
      ARCHIVE_ALLOW_LOOPBACK: true,
      S3_FORCE_PATH_STYLE: 1,
      ARCHIVE_WEBHOOK_OPEN: false,
      ARCHIVE_MEDIA_HOSTS: ['example.com', 'example.org'],
      ARCHIVE_LOG_LEVEL: null,
    };
    const config = load({}, { file: { path: 'x.json', values, isNamed: true } });
    expect(config).toMatchObject({
      allowLoopback: true,
      s3: { forcePathStyle: true },
      mediaHosts: ['example.com', 'example.org'],
      logLevel: 'info',
    });
    expect(config.warnings).toHaveLength(1);
    const { message } = refusalOf({
      env: tutorial,
      file: { path: 'x', values: { ARCHIVE_STORE: { a: 1 } } },
    });
    expect(message).toContain('ARCHIVE_STORE: must be text, a number, true, false, or a list of texts');
  });

  it.each(['GENESYS_CLIENT_SECRET', 'ENCRYPTION_KEY_HEX', 'ARCHIVE_WEBHOOK_SECRET'])(
    'must not hold %s, even when the environment has it too; nor may a flag',
    (name) => {
      const values = { [name]: KEY };
      const inFile = refusalOf({ env: { ...tutorial, [name]: KEY }, file: { path: 'x', values } });
      expect(inFile.message).toContain(`${name}: is a secret and must not stand in a config file`);
      const inFlag = refusalOf({ env: tutorial, flags: values });
      expect(inFlag.message).toContain(`${name}: is a secret and is not taken from the command line`);
      expect(inFile.message + inFlag.message).not.toContain(KEY);
    },
  );
});

describe('names that are none', () => {
  it.each([
    ['ARCHIVE_STOER', 'ARCHIVE_STORE'],
    ['ARCHIVE_WRITEBACK', 'ARCHIVE_WRITE_BACK'],
    ['GENESYS_CLIENTID', 'GENESYS_CLIENT_ID'],
    ['GENESYS_ENVIROMENT', 'GENESYS_ENVIRONMENT'],
    ['S3_ARCHIVE_BUKET', 'S3_ARCHIVE_BUCKET'],
    ['ENCRYPTION_KEY_HEXX', 'ENCRYPTION_KEY_HEX'],
    ['archive_log_level', 'ARCHIVE_LOG_LEVEL'],
  ])('%s: did you mean %s?', (name, meant) => {
    expect(load({ [name]: 'canary' }).warnings).toEqual([
      `${name} is not a setting of this program; did you mean ${meant}?`,
    ]);
  });

  it('are not guessed at when they are like none, and other programs’ names are left alone', () => {
    expect(load({ ARCHIVE_SOMETHING_ENTIRELY_DIFFERENT: 'x' }).warnings).toEqual([
      'ARCHIVE_SOMETHING_ENTIRELY_DIFFERENT is not a setting of this program',
    ]);
    expect(
      load({ PATH: '/bin', AWS_REGION: 'us-east-1', GENESYSCLOUD_REGION: 'x', ARCHIVE_STOER: '' }).warnings,
    ).toEqual([]);
    expect(load({ [`ARCHIVE_\u001b[31m${'x'.repeat(1_000)}`]: 'x' }).warnings[0]).toMatch(
      /^[\x20-\x7e…]{1,160}$/,
    );
  });

  it('of flags and files are all ours', () => {
    const config = load(
      {},
      { flags: { STORE: 'x' }, file: { path: 'x', values: { bucket: {}, color: 'red' } } },
    );
    expect(config.warnings).toHaveLength(3);
  });
});
