import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { WRITE_BACKS } from '../../src/recording/write-back.ts';
import { tutorial } from './config-fixture.ts';

const SCHEMA = 'f4a1f3a0-7f6a-4a7e-9a51-5d0c5c9a0e11';

const load = (env: Record<string, string> = {}) => loadConfig({ env: { ...tutorial, ...env } }, 'archive');

describe('the settings of the published API', () => {
  it('have defaults that lose nothing and change nothing on the platform', () => {
    expect(load()).toMatchObject({
      genesys: { api: 'auto' },
      writeBack: 'interaction',
      rateShare: 1,
      recordings: {
        format: 'WAV',
        kinds: ['call', 'screen', 'chat', 'email', 'message'],
        settleMs: 900_000,
        horizonMs: 7_200_000,
        restoreArchived: false,
        batch: false,
        context: false,
        writeBack: 'none',
      },
    });
  });

  it.each([
    ['GENESYS_API', 'recordings', { genesys: { api: 'recordings' } }],
    ['GENESYS_FORMAT', 'OGG_OPUS', { recordings: { format: 'OGG_OPUS' } }],
    ['GENESYS_BATCH', '1', { recordings: { batch: true } }],
    ['ARCHIVE_KINDS', 'screen, call,', { recordings: { kinds: ['call', 'screen'] } }],
    ['ARCHIVE_SETTLE', '0s', { recordings: { settleMs: 0 } }],
    ['ARCHIVE_SETTLE', '90m', { recordings: { settleMs: 5_400_000 } }],
    ['ARCHIVE_READY_HORIZON', '2d', { recordings: { horizonMs: 172_800_000 } }],
    ['ARCHIVE_RESTORE_ARCHIVED', '1', { recordings: { restoreArchived: true } }],
    ['ARCHIVE_CONTEXT', '1', { recordings: { context: true } }],
    ['ARCHIVE_RATE_SHARE', '1/8', { rateShare: 0.125 }],
    ['ARCHIVE_RATE_SHARE', '.5', { rateShare: 0.5 }],
    ['ARCHIVE_RATE_SHARE', '1.0', { rateShare: 1 }],
  ])('%s=%s', (name, value, expected) => {
    expect(load({ [name]: value })).toMatchObject(expected);
  });

  it.each<readonly [string, string, string]>([
    ['interaction', 'interaction', 'none'],
    ...WRITE_BACKS.map((name) => [name, 'none', name] as const),
  ])(
    'ARCHIVE_WRITE_BACK=%s is %s for the tutorial’s events, %s for the others',
    (value, media, recordings) => {
      const config = load({ ARCHIVE_WRITE_BACK: value, ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA: SCHEMA });
      expect([config.writeBack, config.recordings.writeBack]).toEqual([media, recordings]);
    },
  );

  it('custom attributes come with their schema', () => {
    const env = { ARCHIVE_WRITE_BACK: 'custom-attributes', ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA: SCHEMA };
    expect(load(env).recordings.customAttributesSchema).toBe(SCHEMA);
    expect(() => load({ ARCHIVE_WRITE_BACK: 'custom-attributes' })).toThrow(
      'ARCHIVE_CUSTOM_ATTRIBUTES_SCHEMA: is missing',
    );
  });
});

describe('the layout', () => {
  const organization = '32aa07aa-db1b-4987-abd0-9483601ec29d';
  const template = 'archive/{organizationId}/{yyyy}/{mm}/{dd}/{recordingId}{channel}.enc';
  const refusal = (env: Record<string, string>) => {
    try {
      load(env);
      return 'none';
    } catch (error) {
      return String(error);
    }
  };

  it.each([
    [{}, { name: 'date' }],
    [{ ARCHIVE_LAYOUT: 'date' }, { name: 'date' }],
    [
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'recordings', GENESYS_ORGANIZATION_ID: organization },
      { name: 'genesys-export', organizationId: organization },
    ],
    [
      { ARCHIVE_LAYOUT: template, GENESYS_ORGANIZATION_ID: 'acme' },
      { name: 'template', template, organizationId: 'acme' },
    ],
    [
      { ARCHIVE_LAYOUT: 'archive/{yyyy}{mm}{dd}/{recordingId}{channel}.enc' },
      { name: 'template', template: 'archive/{yyyy}{mm}{dd}/{recordingId}{channel}.enc' },
    ],
  ])('of %j', (env, layout) => {
    expect(load(env as Record<string, string>).layout).toEqual(layout);
  });

  it.each([
    [
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'recordings' },
      'GENESYS_ORGANIZATION_ID: is missing; ARCHIVE_LAYOUT',
    ],
    [{ ARCHIVE_LAYOUT: template }, 'GENESYS_ORGANIZATION_ID: is missing; ARCHIVE_LAYOUT'],
    [
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'recordings', GENESYS_ORGANIZATION_ID: 'receipts' },
      'GENESYS_ORGANIZATION_ID: must be a UUID with',
    ],
    [
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_ORGANIZATION_ID: organization },
      'GENESYS_API: must be recordings with ARCHIVE_LAYOUT=genesys-export',
    ],
    [
      { ARCHIVE_LAYOUT: 'genesys-export', GENESYS_API: 'media', GENESYS_ORGANIZATION_ID: organization },
      'GENESYS_API: must be recordings with',
    ],
    [{ ARCHIVE_LAYOUT: 'archive/{yyyy}/{mm}/{recordingId}{channel}.enc' }, 'ARCHIVE_LAYOUT: lacks {dd}'],
  ])('%j is refused', (env, problem) => {
    expect(refusal(env as Record<string, string>)).toContain(problem);
  });

  it('is read by those who only look, who need no platform', () => {
    const env = { ...tutorial, ARCHIVE_LAYOUT: 'genesys-export', GENESYS_ORGANIZATION_ID: organization };
    for (const purpose of ['store', 'restore', 'wrap'] as const) {
      const config = loadConfig(
        { env: { ...env, ...(purpose === 'wrap' ? { ARCHIVE_KEYRING_FILE: 'k.json' } : {}) } },
        purpose,
      );
      expect(config.layout).toEqual({ name: 'genesys-export', organizationId: organization });
    }
    expect(() => loadConfig({ env: { ...tutorial, ARCHIVE_LAYOUT: 'genesys-export' } }, 'store')).toThrow(
      'GENESYS_ORGANIZATION_ID: is missing',
    );
  });
});
