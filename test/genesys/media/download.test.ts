import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { MAX_RESUMES } from '../../../src/genesys/media/download.ts';
import { type MediaItem, MediaRestart } from '../../../src/ports.ts';
import type { Fault } from '../../../packages/simulator/src/faults.ts';
import { type Connection, connect, type ConnectOptions } from '../connect.ts';

let open: Connection[] = [];
afterEach(async () => {
  await Promise.all(open.map(({ close }) => close()));
  open = [];
});
const GET = 'GET /genesys-media/{id}';

async function connected(options: ConnectOptions = {}) {
  const connection = await connect({
    ...options,
    simulator: { recordings: [{ bytes: 400_000 }], ...options.simulator },
    timeouts: { idleMs: 150, headersMs: 1000, ...options.timeouts },
  });
  open.push(connection);
  const { resolver, request, opener } = connection;
  const look = async (): Promise<MediaItem> => {
    const resolution = await resolver.resolve(request, unlimited);
    if (resolution.state !== 'ready' || resolution.items[0] === undefined) throw new Error('not ready');
    return resolution.items[0];
  };
  /** Downloads all of it, as the archive would. */
  const download = async (item?: MediaItem) => {
    const stream = await opener.open(item ?? (await look()), look, unlimited);
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const chunk of stream.chunks) {
      bytes += chunk.byteLength;
      digest.update(chunk);
    }
    return { bytes, sha256: digest.digest('hex'), resumes: stream.resumes(), declared: stream.contentLength };
  };
  return { ...connection, look, download };
}

describe('media download', () => {
  it('delivers the very bytes, with their declared length, and sends no bearer token', async () => {
    const { download, recording, simulator } = await connected();
    expect(await download()).toEqual({
      bytes: recording.bytes,
      declared: recording.bytes,
      sha256: await recording.sha256(),
      resumes: 0,
    });
    const asked = simulator.requests.filter(({ server }) => server === 'media');
    expect(asked.map(({ hadAuthorization }) => hadAuthorization)).toEqual([false]);
    expect(asked[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each<[string, Fault]>([
    ['a body cut short of its length', { kind: 'cut', atByte: '50%', keepLength: true }],
    ['a stall', { kind: 'stall', afterBytes: '30%' }],
    ['a reset', { kind: 'reset', afterBytes: '70%' }],
  ])('%s is resumed with Range and If-Match', async (_name, fault) => {
    const { download, recording, simulator } = await connected();
    simulator.faults.add({ on: 'download', times: 3, fault });
    const outcome = await download();
    expect(outcome).toMatchObject({ bytes: recording.bytes, sha256: await recording.sha256(), resumes: 3 });
    const [, second] = simulator.requests.filter(({ server }) => server === 'media');
    expect(second?.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(second?.headers['if-match']).toBe(recording.etag);
  });

  it(`gives up after ${MAX_RESUMES} resumes`, async () => {
    const { download, simulator, count } = await connected();
    simulator.faults.add({
      on: 'download',
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'cut', atByte: 1000, keepLength: true },
    });
    await expect(download()).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE', retryable: true });
    expect(count(GET)).toBe(1 + MAX_RESUMES);
  });

  it.each<[string, Fault]>([
    ['the ETag changed', { kind: 'change-etag', etag: 'changed' }],
    ['the host ignores Range', { kind: 'no-range' }],
  ])('asks to start over when, at a resume, %s', async (_name, fault) => {
    const { download, simulator } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: true } });
    simulator.faults.add({ on: 'download', skip: 1, fault });
    await expect(download()).rejects.toBeInstanceOf(MediaRestart);
  });

  it('asks to start over when there is no ETag to resume by', async () => {
    const { download, simulator } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: true } });
    simulator.faults.add({ on: 'download', fault: { kind: 'change-etag', etag: 'none' } });
    await expect(download()).rejects.toBeInstanceOf(MediaRestart);
  });

  it('an expired link is fetched anew, at the start and at a resume', async () => {
    const { download, look, clock, recording, simulator } = await connected({
      simulator: { recordings: [{ bytes: 400_000 }], linkLifetimeS: 60 },
    });
    const stale = await look();
    clock.advance(61_000);
    expect(await download(stale)).toMatchObject({ bytes: recording.bytes, resumes: 0 });
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: true } });
    simulator.faults.add({ on: 'download', skip: 1, fault: { kind: 'expired' } });
    expect(await download()).toMatchObject({ sha256: await recording.sha256(), resumes: 1 });
  });

  it('a link that is refused also when fresh is an error', async () => {
    const { download, simulator, count } = await connected();
    simulator.faults.add({ on: 'download', times: 9, fault: { kind: 'expired' } });
    await expect(download()).rejects.toMatchObject({ code: 'MEDIA_LINK_EXPIRED', retryable: true });
    expect(count(GET)).toBe(2);
  });

  it('a web page with status 200 is refused', async () => {
    const { download, simulator } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'html' } });
    await expect(download()).rejects.toMatchObject({ code: 'MEDIA_NOT_AUDIO', retryable: true });
  });

  it.each<[string, Fault]>([
    ['throttling', { kind: 'throttle', retryAfter: 2 }],
    ['503', { kind: 'status', status: 503 }],
    ['a reset before the response', { kind: 'reset' }],
    ['silence', { kind: 'stall' }],
  ])('survives %s', async (_name, fault) => {
    const { download, simulator, recording } = await connected({ timeouts: { headersMs: 150 } });
    simulator.faults.add({ on: 'download', times: 2, fault });
    expect(await download()).toMatchObject({ bytes: recording.bytes, resumes: 0 });
  });

  it('a trickle below the minimum speed is given up and resumed', async () => {
    const { download, simulator, recording } = await connected({
      timeouts: { minimumSpeedWindowMs: 200, idleMs: 1000 },
    });
    simulator.faults.add({ on: 'download', fault: { kind: 'trickle', bytesPerSecond: 1000 } });
    expect(await download()).toMatchObject({ bytes: recording.bytes, resumes: 1 });
  });

  it('a body without Content-Length gets its length from a range request', async () => {
    const { download, simulator, recording } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'chunked' } });
    expect(await download()).toMatchObject({ declared: recording.bytes, bytes: recording.bytes });
  });

  it('a close-delimited body that ends early is noticed and resumed', async () => {
    const { download, simulator, recording } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: false } });
    expect(await download()).toMatchObject({ sha256: await recording.sha256(), resumes: 1 });
  });

  it('follows a redirect on the list, re-checking it', async () => {
    const { download, simulator, recording } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'redirect', to: 'self' } });
    expect(await download()).toMatchObject({ bytes: recording.bytes });
  });

  it.each([
    'https://evil.example/a.wav',
    'http://media.example.com/a.wav',
    'http://169.254.169.254/latest/meta-data/',
    'http://127.0.0.2:80/',
    'file:///etc/passwd',
    'https://user:pw@media.example.com/',
  ])('refuses a redirect to %s', async (to) => {
    const { download, simulator } = await connected();
    simulator.faults.add({ on: 'download', fault: { kind: 'redirect', to } });
    const error = await download().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'URL_REFUSED', retryable: false });
  });

  it('gives up on a loop of redirects', async () => {
    const { download, simulator, count } = await connected();
    simulator.faults.add({ on: 'download', times: 99, fault: { kind: 'redirect', to: 'self' } });
    await expect(download()).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
    expect(count(GET)).toBe(4);
  });

  it('no error shows the link’s signature or path', async () => {
    const faults: Fault[] = [
      { kind: 'status', status: 500 },
      { kind: 'expired' },
      { kind: 'html' },
      { kind: 'reset' },
      { kind: 'redirect', to: 'https://evil.example/x?X-Amz-Signature=canary' },
    ];
    for (const fault of faults) {
      const { download, simulator, logger, look } = await connected();
      simulator.faults.add({ on: 'download', times: 99, fault });
      const signature = new URL((await look()).url).searchParams.get('X-Amz-Signature') ?? 'none';
      const error = await download().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ArchiveError);
      const printed = `${JSON.stringify(error)}${String(error)}${logger.lines.join()}`;
      expect(printed).not.toMatch(/X-Amz|canary|genesys-media\//);
      expect(printed).not.toContain(signature);
    }
  });
});
