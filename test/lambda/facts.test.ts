import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { unlimited } from '../../src/clock.ts';
import { fetchFacts } from '../../src/lambda/facts.ts';
import { DAY_MS, dayOf } from '../../src/recording/time.ts';
import { failure } from '../failure.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { requestErasure } from '../simulator/request-erasure.ts';

const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const DAY = dayOf(TODAY - 5 * DAY_MS);
const clock = fastClock(TODAY + 1_000);

let simulator: Simulator;
let dir: string;
let env: Record<string, string>;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'facts-'));
  simulator = await startSimulator({ now: () => clock.now(), conversations: [] });
  env = {
    ...simulator.environment(),
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
    ARCHIVE_STORE: `file:${dir}`,
  };
});
afterEach(async () => {
  await simulator.close();
  await rm(dir, { recursive: true });
});

async function run(own: Record<string, string> = {}) {
  const counted: Record<string, number> = {};
  const logger = { ...recordingLogger(), setLevel: () => {}, setContext: () => {} };
  const add = (metric: string, value: number) => {
    counted[metric] = (counted[metric] ?? 0) + value;
  };
  const work = fetchFacts({
    event: { from: DAY, to: DAY },
    env: { ...env, ...own },
    budget: unlimited,
    clock,
    logger,
    metrics: { add },
  });
  return { work, counted, text: () => logger.lines.join('\n') };
}

describe('the scheduled fetching', () => {
  it('brings facts and audits of a day, and tells of a new request once, without a number, and does nothing about it', async () => {
    const { id } = await requestErasure(simulator, env, { phoneNumbers: ['+4917000111'] });
    const first = await run();
    expect(await first.work).toEqual({
      written: 1,
      fresh: 0,
      late: 0,
      audits: { written: 1, fresh: 0 },
      requests: { known: 1, new: 1 },
    });
    expect(first.counted).toEqual({ gdprRequests: 1 });
    expect(first.text()).toContain(`GDPR_DELETE ${id}; nothing is done by itself`);
    const files = await readdir(dir, { recursive: true });
    expect(files.filter((name) => name.startsWith('requests/'))).toContain(`requests/${id}.json`);
    expect(files.some((name) => name.startsWith('erasures') || name.startsWith('jobs'))).toBe(false);
    const second = await run();
    expect(await second.work).toMatchObject({ audits: { fresh: 1 }, requests: { known: 1, new: 0 } });
    expect(second.counted).toEqual({});
    expect(second.text()).not.toContain(id);
  });

  it('says what it may not ask for, and fetches the rest', async () => {
    simulator.world.deny('audits:interactionDetails:view');
    simulator.world.deny('gdpr:request:view');
    const { work, text } = await run();
    expect(await work).toMatchObject({ written: 1, audits: 'forbidden', requests: 'forbidden' });
    expect(text()).toContain('audits:interactionDetails:view');
    expect(await (await run({ ARCHIVE_AUDITS: 'none' })).work).toMatchObject({ audits: 'not asked' });
  });

  it('gives audits and requests their turn although facts fail, and fails in the end', async () => {
    for (const kind of ['conversationDetail', 'agentConversationDetail'])
      simulator.world.deny(`analytics:${kind}:view`);
    await requestErasure(simulator, env, {});
    const { work, counted } = await run();
    expect(await failure(work)).toMatchObject({ code: 'GENESYS_FORBIDDEN' });
    expect(counted).toEqual({ gdprRequests: 1 });
    const files = await readdir(dir, { recursive: true });
    expect(files.some((name) => name.endsWith('recordings.ndjson.gz.enc'))).toBe(true);
  });
});
