import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import {
  ask,
  catalogued,
  inventArchive,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
  wavOf,
} from '../../console/invented-console.ts';

const LEAF_BYTES = 5 * 1024 * 1024;
const SECONDS = 3_600;
const LISTENERS = 20;
const LEAVES_EACH = 6;

let folder = '';
let opened: OpenConsole;
let call: Recorded;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'console-listeners-'));
  const store = createDirectoryStore(folder);
  const { archive } = inventArchive({ store });
  call = await record(store, { plaintext: wavOf(SECONDS), leafBytes: LEAF_BYTES });
  await catalogued({ archive }, []);
  opened = await openConsole([archive]);
}, 60_000);

afterAll(async () => {
  await opened.stop();
  await rm(folder, { recursive: true, force: true });
});

async function listen(): Promise<{ readonly media: string; readonly cookie: string }> {
  const cookie = await opened.signInAs({ roles: ['auditor'] });
  const granted = await ask(`${opened.url}/api/listens`, { json: { recording: call.recordingId }, cookie });
  return { media: String(granted.json()['media']), cookie };
}

/** Files of the archive that this process has open. */
async function openFiles(): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(folder));
}

describe('listeners to a recording of 60 minutes', () => {
  it('are served in turn, twenty at once, for a small part of a processor', async () => {
    const all = await Promise.all(Array.from({ length: LISTENERS }, listen));
    const order: number[] = [];
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const before = process.cpuUsage();
    await Promise.all(
      all.map(async ({ media, cookie }, listener) => {
        for (let leaf = 0; leaf < LEAVES_EACH; leaf += 1) {
          const range = `bytes=${leaf * LEAF_BYTES}-`;
          const part = await ask(opened.url + media, { headers: { range }, cookie });
          const whole = call.plaintext.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES);
          if (part.status !== 206 || !part.body.equals(whole)) throw new Error(`leaf ${leaf} is wrong`);
          order.push(listener);
        }
      }),
    );
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    const leaves = LISTENERS * LEAVES_EACH;
    expect(order).toHaveLength(leaves);
    // no listener has its last leaf before each has a half of its own
    const counts = new Map<number, number>();
    for (const listener of order.slice(0, leaves / 2 + LISTENERS))
      counts.set(listener, (counts.get(listener) ?? 0) + 1);
    expect(counts.size).toBe(LISTENERS);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(1);
    const cpuOfLeafS = (user + system) / 1e6 / leaves;
    const playedS = LEAF_BYTES / (call.plaintext.length / SECONDS);
    const share = (LISTENERS * cpuOfLeafS) / playedS;
    // the test’s own reading and comparing included
    expect(share).toBeLessThan(0.05);
    const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(0);
    process.stdout.write(
      `20 listeners: ${(cpuOfLeafS * 1000).toFixed(1)} ms CPU a leaf of ${playedS.toFixed(0)} s, ${(share * 100).toFixed(2)} % of a processor at playing speed; event loop late by ${ms(delay.percentile(50))} ms (median), ${ms(delay.percentile(99))} ms (99 %), ${ms(delay.max)} ms (most)\n`,
    );
  }, 120_000);

  it.skipIf(process.platform !== 'linux')(
    'leave no file open when they go away in the middle of a leaf',
    async () => {
      const { media, cookie } = await listen();
      for (let turn = 0; turn < 30; turn += 1) {
        await new Promise<void>((resolve, reject) => {
          const asked = request(opened.url + media, {
            headers: { cookie, range: 'bytes=0-', 'sec-fetch-site': 'same-origin' },
            agent: false,
          });
          // some before the head, some after the first bytes
          if (turn % 3 === 0) setTimeout(() => asked.destroy(), turn % 7);
          asked.once('response', (response) => response.once('data', () => asked.destroy()));
          asked.once('error', () => resolve());
          asked.once('close', resolve);
          asked.once('timeout', reject);
          asked.end();
        });
      }
      for (let look = 0; look < 200 && (await openFiles()).length > 0; look += 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await openFiles()).toEqual([]);
      const after = await ask(opened.url + media, { headers: { range: 'bytes=0-9' }, cookie });
      expect(after.status).toBe(206);
    },
    60_000,
  );
});
