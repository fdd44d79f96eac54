import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRange } from '../../packages/simulator/src/media-host.ts';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';
import { heldBytes } from '../held-memory.ts';
import { observe } from './observe.ts';

const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let simulator: Simulator;
let now = Date.UTC(2026, 10, 23, 13);

beforeAll(async () => {
  simulator = await startSimulator({
    recordings: [{ id, encoding: 'pcm16', channels: 2, seconds: 9 }],
    linkLifetimeS: 300,
    now: () => now,
  });
});
afterAll(async () => simulator.close());

describe('signed links', () => {
  it('works until it expires, and not a moment longer', async () => {
    const link = simulator.link(id);
    now += 299_999;
    expect((await observe(link, { method: 'HEAD' })).status).toBe(200);
    now += 1;
    const expired = await observe(link);
    expect(expired.status).toBe(403);
    expect(expired.headers['content-type']).toBe('application/xml');
    expect(expired.body.toString()).toMatch(
      /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/,
    );
    expect((await observe(simulator.link(id), { method: 'HEAD' })).status).toBe(200);
  });

  it('cannot be stretched, moved, or made up', async () => {
    const other = simulator.add({ seconds: 1 });
    const link = simulator.link(id);
    const changed = [
      link.replace('X-Amz-Expires=300', 'X-Amz-Expires=301'),
      link.replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20991231'),
      link.replace(id, other.id),
      `${link}&response-content-type=text/html`,
      link.replace(/Signature=.{8}/, 'Signature=00000000'),
      link.replace(/Signature=.*/, 'Signature='),
    ];
    for (const url of changed) {
      const answer = await observe(url);
      expect(answer.status).toBe(403);
      expect(answer.body.toString()).toContain('<Code>SignatureDoesNotMatch</Code>');
    }
    const unsigned = await observe(link.replace(/\?.*/, ''));
    expect(unsigned.status).toBe(403);
    expect(unsigned.body.toString()).toContain('<Code>AccessDenied</Code>');
  });

  it('is refused together with an Authorization header, without repeating it', async () => {
    const answer = await observe(simulator.link(id), { headers: { authorization: 'Bearer not-for-you' } });
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain('<Code>InvalidArgument</Code>');
    expect(answer.body.toString()).toContain('Only one auth mechanism allowed');
    expect(answer.body.toString()).not.toContain('not-for-you');
    expect(simulator.requests.at(-1)).toMatchObject({ hadAuthorization: true, status: 400 });
  });
});

describe('downloads', () => {
  const recording = () => {
    const [first] = simulator.recordings;
    if (first === undefined) throw new Error('there is one');
    return first;
  };

  it('serves the whole file, with length, type and a strong entity tag', async () => {
    const answer = await observe(simulator.link(id));
    expect(answer.status).toBe(200);
    expect(answer.ending).toBe('complete');
    expect(answer.headers).toMatchObject({
      'content-length': String(recording().bytes),
      'content-type': 'audio/wav',
      'accept-ranges': 'bytes',
      etag: recording().etag,
    });
    expect(recording().etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(sha256(answer.body)).toBe(await recording().sha256());
    expect(answer.body.subarray(0, 4).toString()).toBe('RIFF');
  });

  it('answers HEAD with the same headers and no body', async () => {
    const answer = await observe(simulator.link(id), { method: 'HEAD' });
    expect(answer.body).toHaveLength(0);
    expect(answer.headers['content-length']).toBe(String(recording().bytes));
  });

  it('gives the bytes of any range, the same as in the whole', async () => {
    const { body: whole } = await observe(simulator.link(id));
    const place = fc.nat({ max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom('closed', 'open', 'suffix'), async (a, b, form) => {
        const first = Math.min(a, b);
        const last = form === 'closed' ? Math.max(a, b) : whole.length - 1;
        const suffix = `bytes=-${whole.length - first}`;
        const range = form === 'suffix' ? suffix : `bytes=${first}-${form === 'closed' ? last : ''}`;
        const answer = await observe(simulator.link(id), { headers: { range } });
        expect(answer.status).toBe(206);
        expect(answer.headers['content-range']).toBe(`bytes ${first}-${last}/${whole.length}`);
        expect(answer.headers['content-length']).toBe(String(last - first + 1));
        expect(answer.body.equals(whole.subarray(first, last + 1))).toBe(true);
      }),
      { numRuns: 40 },
    );
    expect(simulator.requests.at(-1)?.range).toMatch(/^bytes=/);
  });

  it('refuses a range beyond the end with 416', async () => {
    const range = `bytes=${recording().bytes}-`;
    const answer = await observe(simulator.link(id), { headers: { range } });
    expect(answer.status).toBe(416);
    expect(answer.headers['content-range']).toBe(`bytes */${recording().bytes}`);
  });

  it.each<[string | undefined, unknown]>([
    [undefined, 'whole'],
    ['bytes=0-0', { first: 0, last: 0 }],
    ['bytes=5-999', { first: 5, last: 9 }],
    ['bytes=-3', { first: 7, last: 9 }],
    ['bytes=-99', { first: 0, last: 9 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=7-3', 'whole'],
    ['bytes=0-1,3-4', 'whole'],
    ['bytes=-', 'whole'],
    ['lines=1-2', 'whole'],
  ])('reads the range %j of ten bytes', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  it('honours If-Match and If-Range', async () => {
    const ask = async (headers: Record<string, string>) =>
      (await observe(simulator.link(id), { headers: { range: 'bytes=0-9', ...headers } })).status;
    const { etag } = recording();
    expect(await ask({ 'if-match': etag })).toBe(206);
    expect(await ask({ 'if-match': '*' })).toBe(206);
    expect(await ask({ 'if-match': `"other", ${etag}` })).toBe(206);
    expect(await ask({ 'if-match': '"other"' })).toBe(412);
    expect(await ask({ 'if-match': `W/${etag}` })).toBe(412);
    expect(await ask({ 'if-range': etag })).toBe(206);
    expect(await ask({ 'if-range': '"other"' })).toBe(200);
  });

  it('answers 404 for what it does not have, 405 for what it does not do', async () => {
    expect((await observe(`${simulator.mediaUrl}/elsewhere`)).status).toBe(404);
    expect((await observe(simulator.link(id), { method: 'PUT', body: 'x' })).status).toBe(405);
  });
});

describe('large recordings', () => {
  it('costs no memory: 256 MiB read in ranges, 6 GiB read at its end', async () => {
    const large = simulator.add({ bytes: 2 ** 28, encoding: 'pcm16', channels: 2 });
    expect(large.bytes).toBe(2 ** 28);
    const step = 2 ** 25;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const hash = createHash('sha256');
    let received = 0;
    let peak = 0;
    const idle = heldBytes();
    for (let first = 0; first < large.bytes; first += step) {
      await new Promise<void>((resolve, reject) => {
        const headers = { range: `bytes=${first}-${first + step - 1}` };
        const request = http.get(simulator.link(large.id), { agent, headers }, (response) => {
          response.on('data', (chunk: Buffer) => {
            received += chunk.length;
            hash.update(chunk);
            // every 32 MiB, for a collection takes its time
            if (received % 2 ** 25 < chunk.length) peak = Math.max(peak, heldBytes());
          });
          response.on('end', resolve);
          response.on('error', reject);
        });
        request.on('error', reject);
      });
    }
    agent.destroy();
    expect(received).toBe(2 ** 28);
    expect(hash.digest('hex')).toBe(await large.sha256());
    expect(peak - idle).toBeLessThan(64 * 2 ** 20);

    const huge = simulator.add({ bytes: 6 * 2 ** 30, encoding: 'mulaw', channels: 1 });
    const tail = await observe(simulator.link(huge.id), {
      headers: { range: `bytes=${huge.bytes - 1000}-` },
    });
    expect(tail.headers['content-range']).toBe(`bytes ${huge.bytes - 1000}-${huge.bytes - 1}/${huge.bytes}`);
    expect(tail.body).toHaveLength(1000);
  });
});

describe('a folder of files', () => {
  it('serves every visible file under an id that its name decides', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'simulator-media-'));
    const { body: wav } = await observe(simulator.link(id));
    await writeFile(join(dir, 'call.WAV'), wav);
    await writeFile(join(dir, 'chat.ogg'), 'OggS and more');
    await writeFile(join(dir, 'empty.bin'), '');
    await writeFile(join(dir, '.hidden.wav'), 'x');
    await mkdir(join(dir, 'folder.wav'));
    const first = await startSimulator({ mediaDir: dir, recordings: 1 });
    const second = await startSimulator({ mediaDir: dir });
    try {
      const facts = first.recordings.map(({ fileName, contentType, bytes, durationMs }) => {
        return { fileName, contentType, bytes, durationMs };
      });
      expect(facts.slice(0, 3)).toEqual([
        { fileName: 'call.WAV', contentType: 'audio/wav', bytes: wav.length, durationMs: 9000 },
        { fileName: 'chat.ogg', contentType: 'audio/ogg', bytes: 13, durationMs: undefined },
        { fileName: 'empty.bin', contentType: 'application/octet-stream', bytes: 0, durationMs: undefined },
      ]);
      expect(first.recordings).toHaveLength(4);
      expect(second.recordings.map(({ id }) => id)).toEqual(first.recordings.slice(0, 3).map(({ id }) => id));

      const [call, , empty] = first.recordings;
      if (call === undefined || empty === undefined) throw new Error('there are four');
      const part = await observe(first.link(call.id), { headers: { range: 'bytes=100-70000' } });
      expect(part.body.equals(wav.subarray(100, 70_001))).toBe(true);
      expect(await call.sha256()).toBe(sha256(wav));
      expect(await observe(first.link(empty.id))).toMatchObject({ status: 200, ending: 'complete' });
    } finally {
      await Promise.all([first.close(), second.close(), rm(dir, { recursive: true })]);
    }
  });

  it('says so when there is no such folder', async () => {
    await expect(startSimulator({ mediaDir: join(tmpdir(), 'no-such-folder-here') })).rejects.toThrow(
      expect.objectContaining({ name: 'SimulatorError' }),
    );
  });
});
