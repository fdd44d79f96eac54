import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_PREFIX } from '../../../src/record/access-entry.ts';
import { PEAKS_PREFIX } from '../../../src/console/peaks/kept-peaks.ts';
import {
  ask,
  catalogued,
  DAY,
  inventArchive,
  type InventedArchive,
  LEAF_BYTES,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
  wavOf,
} from '../invented-console.ts';

let folder = '';
let peaksWorker: URL;
let invented: InventedArchive;
let call: Recorded;
let damaged: Recorded;
let other: Recorded;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'peaks-'));
  const outfile = path.join(folder, 'worker.mjs');
  const entryPoints = ['src/console/peaks/worker.ts'];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
  peaksWorker = pathToFileURL(outfile);
  invented = inventArchive();
  call = await record(invented.store);
  damaged = await record(invented.store, { at: Date.parse(`${DAY}T09:00:00Z`) });
  other = await record(invented.store, {
    plaintext: Buffer.from('OggS, which is compressed'),
    at: Date.parse(`${DAY}T10:00:00Z`),
  });
  await catalogued(invented, []);
  const found = invented.store.objects.get(damaged.key);
  const body = Buffer.from(found?.body ?? Buffer.alloc(0));
  body.writeUInt8(body.readUInt8(LEAF_BYTES + 9) ^ 1, LEAF_BYTES + 9);
  if (found !== undefined) invented.store.objects.set(damaged.key, { ...found, body });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function peaksOf(opened: OpenConsole, cookie: string, id: string, query = '') {
  for (;;) {
    const answer = await ask(`${opened.url}/api/recordings/${id}/peaks${query}`, { cookie });
    if (answer.status !== 202) return answer;
    const { retryMs } = answer.json() as { retryMs: number };
    expect(retryMs).toBeGreaterThanOrEqual(250);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const under = (prefix: string) => [...invented.store.objects.keys()].filter((key) => key.startsWith(prefix));

async function withConsole(work: (opened: OpenConsole, cookie: string) => Promise<void>) {
  const opened = await openConsole([invented.archive], { peaksWorker });
  try {
    await work(opened, await opened.signInAs({ roles: ['auditor'] }));
  } finally {
    await opened.stop();
  }
}

describe('a waveform', () => {
  it('is made in a thread at the first look, kept sealed, and read from there by the next process', async () => {
    await withConsole(async (opened, cookie) => {
      const first = await ask(`${opened.url}/api/recordings/${call.recordingId}/peaks`, { cookie });
      expect(first.status).toBe(202);
      const made = await peaksOf(opened, cookie, call.recordingId, '?from=0&to=20&columns=80');
      expect([made.status, made.body.subarray(0, 8).toString('latin1')]).toEqual([200, 'GMP1\x02\x04\0\0']);
      // two channels, four points a second, 20 seconds; the middle third is silent
      expect(made.body).toHaveLength(8 + 2 * 2 * 80);
      const points = new Int8Array(made.body.subarray(8));
      expect(Math.max(...points.subarray(0, 4 * 20))).toBeGreaterThan(100);
      expect(points.subarray(4 * 30, 4 * 50).every((value) => value === 0)).toBe(true);
    });
    const [key] = under(PEAKS_PREFIX);
    expect(key).toBe(`${PEAKS_PREFIX}${call.key}`);
    const kept = invented.store.objects.get(key ?? '');
    expect(kept?.body.includes('GMP1')).toBe(false);
    await withConsole(async (opened, cookie) => {
      const before = invented.store.calls.length;
      const again = await ask(`${opened.url}/api/recordings/${call.recordingId}/peaks`, { cookie });
      expect(again.status).toBe(200);
      expect(invented.store.calls.slice(before).filter((one) => one.key === call.key)).toEqual([]);
    });
  });

  it('of a damaged recording has a gap where the damage is, and is not kept', async () => {
    await withConsole(async (opened, cookie) => {
      const made = await peaksOf(opened, cookie, damaged.recordingId);
      expect(made.status).toBe(200);
      expect(under(PEAKS_PREFIX)).not.toContain(`${PEAKS_PREFIX}${damaged.key}`);
      const points = new Int8Array(made.body.subarray(8));
      const at = (seconds: number) => points[4 * Math.floor(seconds * 32) + 1];
      // a leaf is 4.096 seconds
      expect([at(1), at(5)]).toEqual([125, 0]);
    });
  });

  it('is none of what is no WAV, and is on record once in a session', async () => {
    await withConsole(async (opened, cookie) => {
      const before = under(ACCESS_PREFIX).length;
      const none = await peaksOf(opened, cookie, other.recordingId);
      expect([none.status, none.json()['error']]).toMatchObject([404, { code: 'NO_PEAKS' }]);
      await peaksOf(opened, cookie, other.recordingId);
      expect(under(ACCESS_PREFIX)).toHaveLength(before + 1);
      const behind = await peaksOf(opened, cookie, call.recordingId, '?from=100');
      expect([behind.status, behind.json()['error']]).toMatchObject([416, { code: 'RANGE_NOT_SATISFIABLE' }]);
      expect(wavOf(20)).toHaveLength(call.plaintext.length);
    });
  });
});
