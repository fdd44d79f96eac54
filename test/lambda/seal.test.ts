import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';
import { unlimited } from '../../src/clock.ts';
import { seal } from '../../src/lambda/seal.ts';
import { fastClock } from '../fast-clock.ts';
import { accessEntries } from '../proof/access-fixture.ts';
import { recordingLogger } from '../recording-logger.ts';

const FIRST = '2026-05-20';
const at = (time: string) => Date.parse(`2026-05-22T${time}:00Z`);

let dir: string;
let simulator: Simulator;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'seal-lambda-'));
  simulator = await startSimulator({ recordings: 0 });
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(path.join(dir, 'log.pem'), pem, { mode: 0o600 });
});
afterEach(async () => {
  await simulator.close();
  await rm(dir, { recursive: true });
});

async function run(now: number, event: unknown, settings: Readonly<Record<string, string>> = {}) {
  const counted: Record<string, number> = {};
  const report = await seal({
    event,
    env: {
      ...simulator.environment(),
      ARCHIVE_STORE: `file:${path.join(dir, 'store')}`,
      GENESYS_ORGANIZATION_ID: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
      ARCHIVE_PROOF_ORIGIN: 'recordings.example.com/proof/hourly',
      ARCHIVE_PROOF_KEY_FILE: path.join(dir, 'log.pem'),
      ...settings,
    },
    budget: unlimited,
    clock: fastClock(now),
    logger: { ...recordingLogger(), setLevel: () => {}, setContext: () => {} },
    metrics: {
      add: (metric, value) => {
        counted[metric] = (counted[metric] ?? 0) + value;
      },
    },
  });
  return { report, counted };
}

describe('the scheduled sealer', () => {
  it('seals at two of the hours at which it is started, and whenever it is invoked by hand', async () => {
    await run(at('01:00'), { init: { first: FIRST } });
    expect(await run(at('02:15'), { hourly: true })).toEqual({ report: { state: 'idle' }, counted: {} });
    const sealed = await run(at('03:15'), { hourly: true });
    expect(sealed.report).toMatchObject({ days: [FIRST, '2026-05-21'], size: 2 });
    expect(sealed.counted).toMatchObject({ sealed: 1 });
    expect((await run(at('04:15'), { hourly: true })).report).toEqual({ state: 'idle' });
    expect((await run(at('04:20'), {})).report).toMatchObject({ days: [] });
  });

  it('raises the alarm when access entries that the log holds are gone', async () => {
    const folder = path.join(dir, 'store', 'access/2026/05/21');
    await run(at('01:00'), { init: { first: FIRST } });
    const entries = accessEntries('2026-05-21', [2]);
    await mkdir(folder, { recursive: true });
    for (const { key, bytes } of entries) await writeFile(path.join(dir, 'store', key), bytes);
    expect(await run(at('03:15'), {})).toMatchObject({
      report: { accessMissing: 0 },
      counted: { sealDifferences: 0 },
    });
    await rm(path.join(dir, 'store', entries[0]?.key ?? ''));
    expect(await run(at('15:15'), {})).toMatchObject({
      report: { days: ['2026-05-21'], accessMissing: 1 },
      counted: { sealDifferences: 1 },
    });
  });

  it('raises the alarm when the platform refuses to say what was recorded, and not when it is away', async () => {
    await run(at('01:00'), { init: { first: FIRST } });
    const away = await run(at('03:15'), {}, { GENESYS_API_URL: 'http://127.0.0.1:9' });
    expect(away).toMatchObject({ report: { unavailable: 2 }, counted: { sealDifferences: 0 } });
    const refused = await run(at('15:15'), {}, { GENESYS_CLIENT_SECRET: 'another' });
    expect(refused).toMatchObject({ report: { unavailable: 2 }, counted: { sealDifferences: 2 } });
  });

  it('refuses an event that says something else', async () => {
    await expect(run(at('03:15'), { hourly: 'yes' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
