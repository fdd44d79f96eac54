import { describe, expect, it } from 'vitest';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { Actor } from './actor.ts';
import { seededRandom, SimulatedTime } from './simulated-time.ts';
import { eventBody, STORY_BEGINS, writeStory } from './story.ts';
import { World } from './world.ts';

const HOUR_MS = 3_600_000;

/** One delivery of every event that is still owed; those it returns stay owed. */
async function sweep(world: World, owed: readonly string[], random: () => number): Promise<string[]> {
  const { time } = world;
  const ports = world.portsOf(new Actor({ time, random, mishapRate: () => 0 }));
  const handle = world.handlerOf((request, budget) => archiveRequest(ports, request, budget));
  const answer = { failed: undefined as string[] | undefined };
  const Records = owed.map((body, index) => ({ messageId: String(index), body, eventSource: 'aws:sqs' }));
  const work = async () => {
    const given = await handle({ Records }, { getRemainingTimeInMillis: () => 900_000 });
    const failures = 'batchItemFailures' in given ? given.batchItemFailures : [];
    answer.failed = failures.map(({ itemIdentifier }) => owed[Number(itemIdentifier)] ?? '');
  };
  const working = work();
  await time.run(() => answer.failed !== undefined, Number.POSITIVE_INFINITY);
  await working;
  return answer.failed ?? [];
}

describe('write-back', { timeout: 240_000 }, () => {
  it('is down for an hour: nothing is uploaded again, and one sweep afterwards links everything', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const random = seededRandom(seed);
      const time = new SimulatedTime(STORY_BEGINS, random);
      const restore = time.install();
      try {
        const events = writeStory({ seed, random, waiting: 0 });
        const world = new World({ time, events, usesKms: seed % 2 === 0 });
        world.platform.referencesDownUntil = STORY_BEGINS + HOUR_MS;
        let owed = events.map(eventBody);
        let sweeps = 0;
        while (time.now < world.platform.referencesDownUntil - 60_000) {
          owed = await sweep(world, owed, random);
          expect(owed).toHaveLength(events.length);
          sweeps += 1;
          await time.run(wakeAt(time, time.now + 300_000), Number.POSITIVE_INFINITY);
        }
        expect(sweeps).toBeGreaterThan(5);
        await time.run(wakeAt(time, world.platform.referencesDownUntil), Number.POSITIVE_INFINITY);
        const stored = new Map([...world.s3.objects].map(([key, { etag }]) => [key, etag]));
        const opened = new Map(world.platform.opened);
        const files = events.flatMap((event) => event.files).length;
        expect(stored.size).toBeGreaterThanOrEqual(2 * files);

        expect(await sweep(world, owed, random)).toEqual([]);
        for (const [key, etag] of stored) expect(world.s3.objects.get(key)?.etag).toBe(etag);
        // two downloads where nothing states the length of a file, else one, all of them before the first write-back
        expect(world.platform.opened).toEqual(opened);
        expect(Math.max(...opened.values())).toBeLessThanOrEqual(2);
        expect(world.platform.written).toHaveLength(files);
        expect(await world.brokenInvariants([])).toEqual([]);
      } finally {
        restore();
      }
    }
  });
});

/** Something to wait for, when nothing else is going on. */
function wakeAt(time: SimulatedTime, at: number): () => boolean {
  time.schedule(at - time.now, () => {});
  return () => time.now >= at;
}
