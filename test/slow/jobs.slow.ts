import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { patientStore } from '../../src/jobs/patient-store.ts';
import { planJob } from '../../src/jobs/plan-job.ts';
import { finishedShards } from '../../src/jobs/shards/finished.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { countedItems } from '../jobs/counting-kind.ts';

const ITEMS = 200_000;
const RUNNERS = 4;
const KILLS = 25;
const MOST_KILLS = 30;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'jobs-'));
  await build({
    entryPoints: [path.join(import.meta.dirname, 'jobs-runner.ts')],
    outfile: path.join(directory, 'runner.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Adds up what the runners' logs say of each item. */
async function countWork(logs: readonly string[]): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const log of logs) {
    const text = await readFile(log, 'utf8').catch(() => '');
    for (const id of text.split('\n')) if (id !== '') times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}

describe('a job whose runners are killed', () => {
  it('misses none of 200,000 items, and does at most one in a hundred twice, at 25 SIGKILL and clocks ten minutes apart', async () => {
    const store = createDirectoryStore(path.join(directory, 'store'));
    const planned = performance.now();
    const job = await planJob({
      store,
      kind: { name: 'count' },
      items: countedItems(ITEMS),
      options: {},
      createdBy: 'a test',
      clock: systemClock,
      budget: unlimited,
    });
    const planningMs = performance.now() - planned;
    const logs: string[] = [];
    const alive = new Set<ChildProcess>();
    const progress = { over: false };
    let kills = 0;
    const start = () => {
      const log = path.join(directory, `log-${logs.length}`);
      const skew = ((logs.length % 3) - 1) * 600_000;
      logs.push(log);
      const args = [
        path.join(directory, 'runner.mjs'),
        path.join(directory, 'store'),
        job.id,
        log,
        `runner ${logs.length}`,
        String(skew),
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      alive.add(child);
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString('utf8');
      });
      const untilEnd = async () => {
        await once(child, 'exit');
        alive.delete(child);
        if (said === 'over') progress.over = true;
        else if (!progress.over) start();
      };
      running.push(untilEnd());
    };
    const running: Promise<void>[] = [];
    const began = performance.now();
    for (let at = 0; at < RUNNERS; at += 1) start();
    while (!progress.over) {
      await systemClock.sleep(500 + Math.random() * 800);
      const victims = [...alive];
      const victim = victims[Math.floor(Math.random() * victims.length)];
      if (progress.over || kills >= MOST_KILLS || victim === undefined) continue;
      kills += 1;
      victim.kill('SIGKILL');
    }
    for (let at = 0; at < running.length; at += 1) await running[at];
    const times = await countWork(logs);
    let repeated = 0;
    let most = 0;
    for (const count of times.values()) {
      if (count > 1) repeated += 1;
      most = Math.max(most, count);
    }
    let done = 0;
    for await (const shard of finishedShards(patientStore(store, systemClock), job.id, unlimited))
      done += shard.done;
    process.stdout.write(
      `${RUNNERS} runners, ${ITEMS} items, ${kills} SIGKILL: ${ITEMS - times.size} missed, ${((repeated / ITEMS) * 100).toFixed(2)} % twice, none more than ${most} times, ${((performance.now() - began) / 1000).toFixed(0)} s; planned in ${(planningMs / 1000).toFixed(1)} s\n`,
    );
    expect(times.size).toBe(ITEMS);
    expect(done).toBe(ITEMS);
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    expect(repeated / ITEMS).toBeLessThanOrEqual(0.01);
  }, 240_000);
});
