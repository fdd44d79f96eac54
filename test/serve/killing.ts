import { expect } from 'vitest';
import { seededRandom } from '../../packages/simulator/src/faults.ts';
import { runCli } from '../cli/run-cli.ts';
import { addressOf, openSite, post, until, untilEmpty } from './serving.ts';

/** ms after its start by which a process that is to die has been killed. */
const LONGEST_LIFE_MS = 1_200;

/**
 * `events` webhooks arrive at a `serve` that is killed with SIGKILL `kills` times, at random moments, also while it starts. Their
 * sender repeats each until it is acknowledged. In the end everything is archived exactly once.
 */
export async function surviveKills(events: number, kills: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  // 300 requests a minute would make the last life of the server wait for the next minute, once or several times
  const recordings = Array.from({ length: events }, () => ({ bytes: 4_000 }));
  const site = await openSite(recordings, undefined, { requestsPerMinute: 100_000 });
  try {
    const first = site.start('--port', '0');
    const url = await addressOf(first);
    const port = new URL(url).port;
    let killed = 0;
    let acknowledged = 0;
    const queue = site.simulator.recordings.map(({ id }) => id).values();
    const share = () => ((killed + 1) / (kills + 1)) * events;
    const sendAll = async () => {
      for (const id of queue) {
        // the events are spread over the lives of the server, so that each kill meets some of them
        await until(() => Promise.resolve(acknowledged < share()));
        while ((await post(url, site.eventOf(id))) !== 202) await pause(10);
        acknowledged += 1;
      }
    };
    const sending = Promise.all(Array.from({ length: 4 }, sendAll));
    let running = first;
    while (killed < kills) {
      await pause(random() * LONGEST_LIFE_MS);
      running.kill('SIGKILL');
      expect((await running.end).signal).toBe('SIGKILL');
      killed += 1;
      running = site.start('--port', port);
    }
    const died = running.end.then(({ code, stderr }) => {
      throw new Error(`the server that was to finish ended with ${code}: ${stderr}`);
    });
    await Promise.race([sending.then(() => untilEmpty(url)), died]);
    running.kill('SIGTERM');
    expect((await running.end).code).toBe(0);
    expect(acknowledged).toBe(events);

    const idsOf = (names: readonly string[]) =>
      names.map((name) => name.replace(/^.*\/|\.[a-z]+$/g, '')).toSorted();
    const wanted = site.simulator.recordings.map(({ id }) => id).toSorted();
    expect(idsOf(await site.stored('.enc'))).toEqual(wanted);
    const receipts = (await site.stored('.json')).filter((name) => name.startsWith('receipts/'));
    expect(idsOf(receipts.filter((name) => !name.endsWith('.metadata.json')))).toEqual(wanted);
    for (const folder of ['queue', 'failed', 'incoming'] as const)
      expect(await site.spooled(folder)).toEqual([]);
    const verified = await runCli(['verify', '--all', '-q'], { env: site.env });
    expect(verified).toMatchObject({ code: 0 });
  } finally {
    await site.close();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
