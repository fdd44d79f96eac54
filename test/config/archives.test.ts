import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARCHIVE_NAME, archiveVariable, variableOf } from '../../src/config/archives/archive-names.ts';
import { MACHINE_SECRETS, OWN_SETTINGS } from '../../src/config/archives/own-settings.ts';
import { type ConfigSources, listArchives, loadConfig } from '../../src/config/config.ts';
import { listSettings, SETTINGS } from '../../src/config/schema.ts';
import { ArchiveError } from '../../src/errors.ts';
import { KEY, refusalOf } from './config-fixture.ts';

const EMEA = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const APAC = '8d4d3f1e-7a55-4b39-9a6c-0d7f9f2f5c11';
const OTHER_KEY = KEY.replaceAll('0', '1');

const values = {
  GENESYS_ENVIRONMENT: 'mypurecloud.de',
  ARCHIVE_KINDS: 'call',
  archives: {
    emea: { ARCHIVE_STORE: 's3://recordings/emea', GENESYS_ORGANIZATION_ID: EMEA },
    'apac-1': {
      ARCHIVE_STORE: 's3://recordings/apac',
      GENESYS_ORGANIZATION_ID: APAC,
      GENESYS_ENVIRONMENT: 'mypurecloud.jp',
    },
  },
};

const env = {
  ENCRYPTION_KEY_HEX__EMEA: KEY,
  ENCRYPTION_KEY_HEX__APAC_1: OTHER_KEY,
  GENESYS_CLIENT_ID__EMEA: 'emea-client',
  GENESYS_CLIENT_SECRET__EMEA: 'canary-emea',
  GENESYS_CLIENT_ID__APAC_1: 'apac-client',
  GENESYS_CLIENT_SECRET__APAC_1: 'canary-apac',
};

const sources = (changed: Partial<ConfigSources> = {}): ConfigSources => ({
  env,
  file: { path: 'settings.json', values, isNamed: true },
  ...changed,
});
const file = (changed: Record<string, unknown>) => ({
  path: 'settings.json',
  values: changed,
  isNamed: true,
});

describe('a file with several archives', () => {
  it('gives each its own store, organization and key, and the defaults to both', () => {
    const emea = loadConfig(sources({ archive: 'emea' }), 'archive');
    const apac = loadConfig(sources({ archive: 'apac-1' }), 'archive');
    expect([emea.store, emea.organizationId, emea.genesys.environment]).toEqual([
      's3://recordings/emea',
      EMEA,
      'mypurecloud.de',
    ]);
    expect([apac.store, apac.organizationId, apac.genesys.environment]).toEqual([
      's3://recordings/apac',
      APAC,
      'mypurecloud.jp',
    ]);
    expect([emea.encryption.key?.reveal(), apac.encryption.key?.reveal()]).toEqual([KEY, OTHER_KEY]);
    expect([emea.recordings.kinds, apac.recordings.kinds]).toEqual([['call'], ['call']]);
    expect([emea.warnings, apac.warnings]).toEqual([[], []]);
  });

  it('lists its archives in its order, and a file without has none', () => {
    expect(listArchives(sources())).toEqual(['emea', 'apac-1']);
    expect(listArchives({ env, file: undefined })).toEqual([]);
  });

  it('is chosen from by GENESYS_ARCHIVE, which the flag overrules; an empty one counts as not set', () => {
    const chosen = { ...env, GENESYS_ARCHIVE: 'apac-1' };
    expect(loadConfig(sources({ env: chosen }), 'store').organizationId).toBe(APAC);
    expect(loadConfig(sources({ env: chosen, archive: 'emea' }), 'store').organizationId).toBe(EMEA);
    expect(refusalOf(sources({ env: { ...env, GENESYS_ARCHIVE: '' } }), 'store').message).toContain(
      'none was named',
    );
  });

  it('needs no choice where there is one', () => {
    const { emea } = values.archives;
    const one = { file: file({ ...values, archives: { emea } }) };
    expect(loadConfig(sources(one), 'store').organizationId).toBe(EMEA);
  });

  it('needs one where there are several, and names them', () => {
    const { code, hint } = refusalOf(sources(), 'store');
    expect([code, hint]).toEqual(['CONFIG_INVALID', expect.stringContaining('emea, apac-1')]);
  });

  it.each(['emae', 'EMEA', 'constructor', '../emea'])(
    'knows no archive %s, and says which there are',
    (archive) => {
      const { code, message } = refusalOf(sources({ archive }), 'store');
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain('there are: emea, apac-1');
    },
  );

  it('refuses a choice where the settings have no archives', () => {
    const refusal = refusalOf({ env, archive: 'emea' }, 'store');
    expect([refusal.code, refusal.message]).toEqual([
      'CONFIG_INVALID',
      expect.stringContaining('no archives'),
    ]);
  });

  it.each<[string, unknown]>([
    ['a list', [{}]],
    ['text', 'emea'],
    ['nothing', {}],
    ['a name in upper case', { EMEA: {} }],
    ['a name with a slash', { 'a/b': {} }],
    ['a name of 33 letters', { ['a'.repeat(33)]: {} }],
    ['a name that is empty', { '': {} }],
    ['a part that is no object', { emea: 's3://recordings' }],
    ['archives in an archive', { emea: { archives: {} } }],
    ['a prototype', JSON.parse('{"__proto__":{}}')],
  ])('refuses archives with %s', (_what, archives) => {
    expect(refusalOf(sources({ file: file({ archives }), archive: 'emea' }), 'store').code).toBe(
      'CONFIG_INVALID',
    );
  });

  it('refuses a setting of an archive that is no text, and names the archive', () => {
    const archives = { emea: { ...values.archives.emea, ARCHIVE_LAYOUT: { a: 1 } } };
    expect(refusalOf(sources({ file: file({ archives }) }), 'store').message).toMatch(
      /of archive emea:\n {2}ARCHIVE_LAYOUT: must be text/,
    );
  });

  it('warns of names in an archive that are no settings', () => {
    const { emea } = values.archives;
    const archives = { ...values.archives, emea: { ...emea, ARCHIVE_LAYUOT: 'date' } };
    expect(loadConfig(sources({ file: file({ archives }), archive: 'emea' }), 'store').warnings).toEqual([
      'ARCHIVE_LAYUOT is not a setting of this program; did you mean ARCHIVE_LAYOUT?',
    ]);
  });

  it('does not say that an archive lacks a key without saying where it may stand', () => {
    const { ENCRYPTION_KEY_HEX__APAC_1: _, ...lacking } = env;
    expect(refusalOf(sources({ env: lacking, archive: 'apac-1' })).message).toContain(
      'is missing of archive apac-1, in its part of the file or as ENCRYPTION_KEY_HEX__APAC_1',
    );
  });

  it('keeps an archive without a store from being the directory of the working directory', () => {
    const archives = { emea: { GENESYS_ORGANIZATION_ID: EMEA } };
    expect(refusalOf(sources({ file: file({ archives }) }), 'store').message).toContain(
      'ARCHIVE_STORE: is missing',
    );
  });

  it('may hold less when it was found and not named, in its archives too', () => {
    const archives = { emea: { ...values.archives.emea, ARCHIVE_RECEIPT_PUBLIC_KEYS: 'keys.json' } };
    const found = { path: 'genesys-archive.config.json', values: { archives } };
    expect(refusalOf(sources({ file: found }), 'store').message).toContain('name the file with --config');
    const rerouting = { emea: { ...values.archives.emea, AWS_ENDPOINT_URL: 'https://evil.example' } };
    const strange = { path: 'genesys-archive.config.json', values: { archives: rerouting } };
    expect(refusalOf(sources({ file: strange }), 'store').message).toContain(
      'is not a setting of a config file',
    );
  });

  it('refuses a secret in an archive, and outside of all', () => {
    const inside = { emea: { ...values.archives.emea, ENCRYPTION_KEY_HEX: KEY } };
    expect(refusalOf(sources({ file: file({ archives: inside }) }), 'store').message).toContain(
      'must not stand',
    );
    const outside = { ...values, ENCRYPTION_KEY_HEX: KEY };
    expect(refusalOf(sources({ file: file(outside), archive: 'emea' }), 'store').message).toContain(
      'must not stand',
    );
  });
});

describe('two archives in one place', () => {
  const together = (one: object, other: object, variables: Record<string, string> = {}) => {
    const archives = { one, other };
    return () => loadConfig({ env: variables, file: file({ archives }), archive: 'one' }, 'store');
  };

  it.each<[string, object, object]>([
    ['the same bucket', { ARCHIVE_STORE: 's3://recordings' }, { ARCHIVE_STORE: 's3://recordings/' }],
    [
      'the bucket in two spellings',
      { S3_ARCHIVE_BUCKET: 'recordings' },
      { ARCHIVE_STORE: 's3://recordings' },
    ],
    [
      'a prefix of the other',
      { ARCHIVE_STORE: 's3://recordings/a' },
      { ARCHIVE_STORE: 's3://recordings/a/b' },
    ],
    ['the bucket and a prefix', { S3_ARCHIVE_BUCKET: 'recordings' }, { ARCHIVE_STORE: 's3://recordings/b' }],
    ['the same directory', { ARCHIVE_STORE: 'file:./a' }, { ARCHIVE_STORE: 'file:./b/../a/' }],
    ['a directory in the other', { ARCHIVE_STORE: 'file:/srv/a' }, { ARCHIVE_STORE: 'file:/srv/a/b' }],
  ])('are refused: %s', (_what, one, other) => {
    expect(together(one, other)).toThrow(/archives one .* and other .* are kept in one place/);
  });

  it.each<[string, object, object]>([
    [
      'prefixes of one bucket',
      { ARCHIVE_STORE: 's3://recordings/a' },
      { ARCHIVE_STORE: 's3://recordings/b' },
    ],
    [
      'names that begin alike',
      { ARCHIVE_STORE: 's3://recordings/a' },
      { ARCHIVE_STORE: 's3://recordings/ab' },
    ],
    ['two directories', { ARCHIVE_STORE: 'file:/srv/a' }, { ARCHIVE_STORE: 'file:/srv/ab' }],
    ['a bucket and a directory', { S3_ARCHIVE_BUCKET: 'srv' }, { ARCHIVE_STORE: 'file:srv' }],
  ])('are not: %s', (_what, one, other) => {
    expect(together(one, other)).not.toThrow();
  });

  it('are refused when only the environment says so', () => {
    const one = { ARCHIVE_STORE: 's3://recordings' };
    expect(together(one, {}, { ARCHIVE_STORE__OTHER: 's3://recordings' })).toThrow(/in one place/);
  });
});

describe('settings of one archive', () => {
  const mustBeOwn = listSettings()
    .map(([name, { secret }]) => [name, secret === true] as const)
    .filter(
      ([name, secret]) =>
        secret ||
        SETTINGS[name].schema === SETTINGS.ARCHIVE_STORE.schema ||
        SETTINGS[name].schema === SETTINGS.S3_ARCHIVE_BUCKET.schema ||
        /SECRET|_KEY_|_KEYS$|KEYRING|ORGANIZATION_ID|CLIENT_ID|QUEUE_URL|CATALOGUE$/.test(name),
    )
    .map(([name]) => name)
    .filter((name) => !MACHINE_SECRETS.includes(name))
    // it names no key, and says where each archive keeps its own
    .filter((name) => name !== 'ARCHIVE_KEY_PLACEMENT');

  it('are every secret, key, store, queue and organization there is, but for the proxies of the machine', () => {
    expect(mustBeOwn.filter((name) => !Object.hasOwn(OWN_SETTINGS, name))).toEqual([]);
    expect(mustBeOwn.length).toBeGreaterThan(15);
  });

  it.each(Object.keys(OWN_SETTINGS))('%s is never taken from outside or from another archive', (name) => {
    // what every setting of this list takes as a value differs: what is gathered shows in the problems
    const canary = 'canary value which is invalid \u0001';
    const { emea } = values.archives;
    const other = { ...values.archives['apac-1'], [name]: canary };
    const shown = (changed: Partial<ConfigSources>) => {
      try {
        loadConfig(sources({ archive: 'emea', ...changed }), 'archive');
        return '';
      } catch (error) {
        return error instanceof ArchiveError ? error.message : String(error);
      }
    };
    const secret = listSettings().find(([known]) => known === name)?.[1].secret === true;
    const inEnv = shown({ env: { ...env, [name]: canary } });
    expect(inEnv).toBe('');
    expect(shown({ env: { ...env, [`${name}__APAC_1`]: canary } })).toBe('');
    if (secret) return;
    expect(shown({ file: file({ ...values, [name]: canary }) })).toBe('');
    expect(shown({ file: file({ ...values, archives: { emea, 'apac-1': other } }) })).toBe('');
  });

  it('that stand outside are named in a warning, with where they belong', () => {
    const outside = { ...values, ARCHIVE_KMS_KEY_ID: 'alias/recordings' };
    const { warnings, encryption } = loadConfig(
      sources({ archive: 'emea', file: file(outside), env: { ...env, ENCRYPTION_KEY_HEX: OTHER_KEY } }),
      'archive',
    );
    expect(encryption.kmsKeyId).toBeUndefined();
    expect(encryption.key?.reveal()).toBe(KEY);
    expect(warnings).toEqual([
      expect.stringMatching(/^ENCRYPTION_KEY_HEX in the environment is not used .*ENCRYPTION_KEY_HEX__EMEA$/),
      expect.stringMatching(/^ARCHIVE_KMS_KEY_ID outside archives is not used for archive emea/),
    ]);
  });

  it('win over what is said of all, in any source', () => {
    const plain = { ...env, GENESYS_ENVIRONMENT: 'mypurecloud.com', ARCHIVE_KINDS: 'screen' };
    for (const isNamed of [true, false]) {
      const given = { path: 'settings.json', values, ...(isNamed ? { isNamed } : {}) };
      const apac = loadConfig(sources({ archive: 'apac-1', env: plain, file: given }), 'archive');
      expect(apac.genesys.environment).toBe('mypurecloud.jp');
      expect(apac.recordings.kinds).toEqual([isNamed ? 'call' : 'screen']);
    }
    const flags = { ARCHIVE_KINDS: 'email' };
    expect(loadConfig(sources({ archive: 'emea', flags }), 'archive').recordings.kinds).toEqual(['email']);
    const own = { ...env, ARCHIVE_KINDS__EMEA: 'chat' };
    expect(loadConfig(sources({ archive: 'emea', env: own }), 'archive').recordings.kinds).toEqual(['chat']);
    expect(loadConfig(sources({ archive: 'apac-1', env: own }), 'archive').recordings.kinds).toEqual([
      'call',
    ]);
  });

  it('warn where a variable names an archive that the file does not have', () => {
    const stray = { ...env, ENCRYPTION_KEY_HEX__LATAM: KEY };
    expect(loadConfig(sources({ archive: 'emea', env: stray }), 'store').warnings).toEqual([
      'ENCRYPTION_KEY_HEX__LATAM belongs to no archive of the config file',
    ]);
  });

  it('have variables of their own, a name each', () => {
    fc.assert(
      fc.property(fc.stringMatching(ARCHIVE_NAME), fc.stringMatching(ARCHIVE_NAME), (one, other) => {
        const variable = variableOf('ENCRYPTION_KEY_HEX', one);
        expect(archiveVariable(variable, one)).toBe('ENCRYPTION_KEY_HEX');
        expect(archiveVariable(variable, other)).toBe(one === other ? 'ENCRYPTION_KEY_HEX' : undefined);
      }),
    );
  });
});
