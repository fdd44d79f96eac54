import { archiveRequest } from '../../src/archive/archive-request.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { unlimited } from '../../src/clock.ts';
import { Actor } from './actor.ts';
import { seededRandom, SimulatedTime } from './simulated-time.ts';
import { STORY_BEGINS, writeStory } from './story.ts';
import { World } from './world.ts';

export interface RaceReport {
  readonly races: number;
  readonly racers: number;
  /** Receipts by their kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What is not as it has to be, with the number of its race. */
  readonly wrong: readonly string[];
}

const DAY_MS = 86_400_000;

/** Two to eight honest writers are given the same event within three seconds, over and over; nothing fails, only time passes. */
export async function raceHonestWriters(races: number, keepsRecords = false): Promise<RaceReport> {
  const kinds: Record<string, number> = {};
  const wrong: string[] = [];
  let racers = 0;
  for (let seed = 1; seed <= races; seed += 1) {
    const random = seededRandom(seed);
    const time = new SimulatedTime(STORY_BEGINS, random);
    const restore = time.install();
    try {
      const many = 2 + Math.floor(random() * 7);
      racers += many;
      const [event] = writeStory({ seed, random, waiting: 0 });
      if (event === undefined) continue;
      const world = new World({ time, events: [event], usesKms: random() < 0.5, keepsRecords });
      let left = many;
      const deliver = async () => {
        const ports = world.portsOf(new Actor({ time, random, mishapRate: () => 0 }));
        try {
          const results = await archiveRequest(ports, event.request, unlimited, { isFirst: random() < 0.7 });
          for (const { state } of results) if (state !== 'archived') wrong.push(`${seed}: ${state}`);
        } catch (error) {
          wrong.push(`${seed}: ${String(error)}`);
        }
        left -= 1;
      };
      for (let racer = 0; racer < many; racer += 1) time.schedule(random() * 3000, () => void deliver());
      await time.run(() => left === 0, STORY_BEGINS + DAY_MS);
      for (const [key, { body }] of world.s3.objects) {
        if (!key.startsWith('receipts/')) continue;
        const { kind, plaintext } = parseReceipt(body.toString('utf8'), key);
        kinds[kind] = (kinds[kind] ?? 0) + 1;
        if (plaintext === undefined) wrong.push(`${seed}: ${key} states no plaintext`);
      }
      wrong.push(...(await world.brokenInvariants([])).map((what) => `${seed}: ${what}`));
    } finally {
      restore();
    }
  }
  return { races, racers, kinds, wrong };
}
