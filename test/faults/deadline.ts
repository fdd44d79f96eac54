import { archiveRequest } from '../../src/archive/archive-request.ts';
import { ArchiveError } from '../../src/errors.ts';
import { Actor } from './actor.ts';
import { seededRandom, SimulatedTime } from './simulated-time.ts';
import { eventBody, STORY_BEGINS, writeStory } from './story.ts';
import { World } from './world.ts';

export interface DeadlineOutcome {
  readonly givenMs: number;
  /** Until the handler returned or threw, ms. */
  readonly tookMs: number;
  readonly outcome: 'done' | 'returned' | 'thrown';
  /** What it threw would be tried again; true for everything else. */
  readonly retryable: boolean;
  /** Messages that were acknowledged without being archived. */
  readonly forgotten: number;
  readonly leakedUploads: number;
  /** What does not hold after the same events were delivered once more, with time enough. */
  readonly broken: readonly string[];
}

/**
 * One invocation with 0 to 120 s to live, in a world so slow that the time often runs out: in the middle of downloads, uploads,
 * retries, pauses and stalls. It is not killed at its end, so whatever it does too late is seen.
 */
export async function meetDeadline(seed: number, largeFiles: number): Promise<DeadlineOutcome> {
  const random = seededRandom(seed);
  const time = new SimulatedTime(STORY_BEGINS, random);
  const restore = time.install();
  try {
    const events = writeStory({ seed, random, largeFiles, waiting: 0 });
    const world = new World({ time, events, usesKms: random() < 0.5 });
    const givenMs = Math.floor(random() * 120_000);
    const slowness = 1 + random() ** 3 * 100;
    const mishapRate = random() * 0.15;
    const outcome = await invoke(world, { givenMs, slowness, mishapRate, random, batched: random() < 0.7 });
    // what it left running has ended by now
    const quietAt = time.now + 600_000;
    await time.run(() => time.now >= quietAt, Number.POSITIVE_INFINITY).catch(() => undefined);
    const leakedUploads = world.s3.leakedUploads().length;
    await invoke(world, { givenMs: 3_600_000, slowness: 1, mishapRate: 0, random, batched: true });
    return { givenMs, ...outcome, leakedUploads, broken: await world.brokenInvariants([]) };
  } finally {
    restore();
  }
}

interface Circumstances {
  readonly givenMs: number;
  readonly slowness: number;
  readonly mishapRate: number;
  readonly random: () => number;
  /** All events in one SQS batch, or the first one alone. */
  readonly batched: boolean;
}

async function invoke(world: World, { givenMs, slowness, mishapRate, random, batched }: Circumstances) {
  const { time, platform } = world;
  const actor = new Actor({ time, random, mishapRate: () => mishapRate, slowness });
  const ports = world.portsOf(actor);
  const handle = world.handlerOf((request, budget) => archiveRequest(ports, request, budget));
  const bodies = platform.events.map(eventBody);
  const event: unknown = batched
    ? { Records: bodies.map((body, index) => ({ messageId: String(index), body, eventSource: 'aws:sqs' })) }
    : JSON.parse(bodies[0] ?? '');
  const began = time.now;
  const finished = { at: Number.NaN };
  let outcome: DeadlineOutcome['outcome'] = 'done';
  let retryable = true;
  let failed = new Set<string>();
  const work = async () => {
    try {
      const answer = await handle(event, { getRemainingTimeInMillis: () => began + givenMs - time.now });
      const failures = 'batchItemFailures' in answer ? answer.batchItemFailures : [];
      failed = new Set(failures.map(({ itemIdentifier }) => itemIdentifier));
      if (failed.size > 0) outcome = 'returned';
    } catch (error) {
      outcome = 'thrown';
      retryable = error instanceof ArchiveError && error.retryable;
    }
    finished.at = time.now;
  };
  const working = work();
  await time.run(() => !Number.isNaN(finished.at), Number.POSITIVE_INFINITY);
  await working;
  const acknowledged = platform.events.filter(
    (_, index) => outcome !== 'thrown' && (batched ? !failed.has(String(index)) : index === 0),
  );
  const forgotten = acknowledged.filter(
    ({ files }) => !files.every((file) => world.isArchived(file.ids)),
  ).length;
  return { tookMs: finished.at - began, outcome, retryable, forgotten };
}

export interface DeadlineReport {
  readonly runs: number;
  readonly outcomes: Readonly<Record<DeadlineOutcome['outcome'], number>>;
  /** One line for each run that did something it must not, with its number. */
  readonly violations: readonly string[];
}

export async function meetDeadlines(first: number, count: number): Promise<DeadlineReport> {
  const outcomes = { done: 0, returned: 0, thrown: 0 };
  const violations: string[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const run = await meetDeadline(seed, seed % 40 === 0 ? 0.5 : 0);
    outcomes[run.outcome] += 1;
    const wrong = [
      ...(run.tookMs > run.givenMs ? [`took ${run.tookMs} of ${run.givenMs} ms`] : []),
      ...(run.retryable ? [] : ['threw something that is not retried']),
      ...(run.forgotten > 0 ? [`acknowledged ${run.forgotten} that are not archived`] : []),
      ...(run.leakedUploads > 0 ? [`left ${run.leakedUploads} uploads open`] : []),
      ...run.broken,
    ];
    if (wrong.length > 0) violations.push(`seed ${seed}: ${wrong.join('; ')}`);
  }
  return { runs: count, outcomes, violations };
}
