import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { createArchiver } from '../../../src/create/archiver.ts';
import { type MediaPlaces, mediaPolicy } from '../../../src/genesys/media/hosts.ts';
import { checkUrl } from '../../../src/http/url-guard.ts';
import { GENESYS_REGIONS, RECORDING_REGIONS } from '../../../src/regions.ts';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { fastClock } from '../../fast-clock.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const home: MediaPlaces = {
  environment: 'mypurecloud.com',
  mediaHosts: [],
  regions: undefined,
  allowLoopback: false,
};

interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** `allowed`, or what is said about the refusal. */
function judge(host: string, region?: string, places: Partial<MediaPlaces> = {}): string {
  try {
    const policy = mediaPolicy({ ...home, ...places }, { ids, ...(region === undefined ? {} : { region }) });
    checkUrl(`https://${host}/a.wav?sig=1`, policy);
    return 'allowed';
  } catch (error) {
    expect(error).toMatchObject({ code: 'URL_REFUSED', retryable: false });
    const { message, hint } = error as Refusal;
    return `${message}; ${hint}`;
  }
}

describe('media of a region', () => {
  it.each(Object.entries(GENESYS_REGIONS))('%s may come from hosts of %s', (region, environment) => {
    expect(judge(`media.${environment}`, region, { environment })).toBe('allowed');
    expect(judge(`media.${environment}`, undefined, { environment })).toBe('allowed');
  });

  it('other than the organization’s comes from that region’s hosts, or from the organization’s', () => {
    for (const host of ['media.mypurecloud.de', 'mypurecloud.de', 'media.mypurecloud.com']) {
      expect([host, judge(host, 'eu-central-1')]).toEqual([host, 'allowed']);
    }
    const third = judge('media.mypurecloud.ie', 'eu-central-1');
    expect(third).toContain('its host is of the region eu-west-1, but the recording is kept in eu-central-1');
  });

  it('that the platform does not state may come from every region of the organization’s partition', () => {
    expect(judge('media.euw2.pure.cloud')).toBe('allowed');
    expect(judge('media.use2.us-gov-pure.cloud')).toContain('us-east-2');
    expect(judge('media.edee1.eusc-pure.cloud')).toContain('eusc-de-east-1');
    const sovereign = { environment: 'edee1.eusc-pure.cloud' };
    expect(judge('media.edee1.eusc-pure.cloud', undefined, sovereign)).toBe('allowed');
    expect(judge('media.mypurecloud.de', undefined, sovereign)).toContain('eu-central-1');
    expect(judge('media.mypurecloud.de', 'eu-central-1', sovereign)).toContain('eu-central-1');
  });

  it('without a domain of its own comes from the organization’s region', () => {
    for (const region of ['af-south-1', 'ap-east-1', 'ap-southeast-3', 'eu-west-3', 'xx-new-1', 'unknown']) {
      expect([region, judge('media.mypurecloud.com', region)]).toEqual([region, 'allowed']);
      expect(judge('media.mypurecloud.de', region)).toContain('eu-central-1');
    }
  });

  it.each([
    'evil.example',
    'mypurecloud.com.evil.example',
    'xmypurecloud.de',
    'media.pure.cloud',
    'pure.cloud',
    's3.amazonaws.com',
    'genesys-media-archive.s3.amazonaws.com',
  ])('is never taken from %s', (host) => {
    for (const region of [undefined, ...RECORDING_REGIONS]) {
      expect(judge(host, region)).toContain('its host is not on the list of media hosts');
    }
  });
});

describe('ARCHIVE_REGIONS', () => {
  it('refuses what is kept in another region, wherever its link leads, and is named by the refusal', () => {
    for (const host of ['media.mypurecloud.com', 'media.mypurecloud.de', 'media.example.com']) {
      const refusal = judge(host, 'eu-central-1', {
        regions: ['us-east-1'],
        mediaHosts: ['media.example.com'],
      });
      expect(refusal).toContain(
        'recording r-1 is kept in the region eu-central-1, which ARCHIVE_REGIONS leaves out',
      );
    }
  });

  it('refuses hosts of other regions where the platform states none', () => {
    const regions = ['eu-central-1', 'eu-west-1'];
    const places = { environment: 'mypurecloud.de', regions };
    expect(judge('media.mypurecloud.ie', undefined, places)).toBe('allowed');
    expect(judge('media.mypurecloud.com', undefined, places)).toMatch(/region us-east-1.*ARCHIVE_REGIONS/);
    expect(judge('media.mypurecloud.com', 'eu-west-1', places)).toMatch(/region us-east-1.*ARCHIVE_REGIONS/);
  });

  it('may leave out the organization’s own region', () => {
    const places = { regions: ['eu-central-1'] };
    expect(judge('media.mypurecloud.de', 'eu-central-1', places)).toBe('allowed');
    expect(judge('media.mypurecloud.com', 'eu-central-1', places)).toMatch(
      /region us-east-1.*ARCHIVE_REGIONS/,
    );
  });
});

describe('the tutorial’s bucket', () => {
  const link = 's3.amazonaws.com/genesys-media-archive';
  it('is a media host only where it is named, and the refusal says how', () => {
    expect(judge(link)).toMatch(/not on the list.*add HOST\/BUCKET.*ARCHIVE_MEDIA_HOSTS/);
    expect(judge(link, undefined, { mediaHosts: [link] })).toBe('allowed');
  });
});

describe('a recording that is kept in another region', () => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });

  it('is archived, and refused where ARCHIVE_REGIONS leaves that region out, with the others archived', async () => {
    const clock = fastClock(Date.UTC(2026, 4, 20, 12));
    const simulator = await startSimulator({
      now: () => clock.now(),
      conversations: [{ endedAt: Date.UTC(2026, 4, 20, 11), recordings: [{}, { region: 'eu-central-1' }] }],
    });
    const [conversation] = simulator.world.conversations;
    const archiveWith = async (env: Record<string, string>) => {
      const dir = await mkdtemp(join(tmpdir(), 'regions-'));
      const settings = {
        ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
        ARCHIVE_STORE: `file:${dir}`,
        ...env,
      };
      const config = loadConfig({ env: { ...simulator.environment(), ...settings } }, 'archive');
      const archiver = await createArchiver(config, { clock });
      closers.push(
        () => Promise.resolve(archiver.close()),
        () => rm(dir, { recursive: true, force: true }),
      );
      const request = { dialect: 'recordings', conversationId: conversation?.id ?? '' } as const;
      return archiver.archive(request, unlimited);
    };
    closers.push(() => simulator.close());
    expect((await archiveWith({})).map(({ state }) => state)).toEqual(['archived', 'archived']);
    const narrowed = await archiveWith({ ARCHIVE_REGIONS: 'us-east-1' });
    expect(
      narrowed.map((result) => (result.state === 'failed' ? result.error.message : result.state)),
    ).toEqual(['archived', expect.stringContaining('ARCHIVE_REGIONS') as unknown]);
  });
});
