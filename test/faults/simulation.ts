import { archiveRequest, type DeliveryHints } from '../../src/archive/archive-request.ts';
import { linkKey } from '../../src/record/object-key.ts';
import { keepContext } from '../../src/archive/store-context.ts';
import type { Budget } from '../../src/clock.ts';
import { createSealingCipher } from '../../src/envelope/gcm.ts';
import type { ArchiveRequest, Envelope, ObjectStat, ObjectStore } from '../../src/ports.ts';
import { Actor } from './actor.ts';
import { Hostilities } from './hostilities.ts';
import type { S3Defect } from './memory-s3.ts';
import { fileId } from './simulated-platform.ts';
import { seededRandom, SimulatedTime } from './simulated-time.ts';
import { Sweeping } from './sweeping.ts';
import { eventBody, STORY_BEGINS, writeStory } from './story.ts';
import { World } from './world.ts';

/** Deliberate bugs of the product, each of which an invariant must notice. */
export type Mutant =
  | 'reuses-iv'
  | 'files-by-wall-clock'
  | 'links-first'
  | 'reports-success'
  | 'records-late'
  | 'sweeps-young';

export interface SimulationOptions {
  readonly defect?: S3Defect;
  readonly mutant?: Mutant;
  /** Chance that a file is uploaded in parts. */
  readonly largeFiles?: number;
  /** Somebody else writes to the bucket too, for half an hour. Of the invariants only I9 is looked at then. */
  readonly hostile?: boolean;
  /** Data keys are kept in key records, which are swept all the while. */
  readonly keepsRecords?: boolean;
}

export interface SimulationResult {
  /** Broken invariants, by number. */
  readonly broken: readonly string[];
  readonly invocations: number;
  readonly killed: number;
  readonly files: number;
  /** Everything that happened, in order: equal for equal seeds. */
  readonly trace: string;
}

interface Message {
  readonly id: string;
  readonly body: string;
  /** Epoch ms. */
  visibleAt: number;
  receiveCount: number;
  acknowledged: boolean;
}

const DAY_MS = 86_400_000;

/**
 * One schedule: some conversations end, their events arrive one to three times in a queue, and several invocations of the Lambda
 * handler work on them at once, while S3, KMS, the platform and its media host fail, lose answers, stall, and processes are
 * killed. After a while the mishaps end; then everything must come to rest with all invariants intact.
 *
 * The real heart, handler, envelope and S3 store run in it; only time, chance and the far ends of the ports are simulated.
 */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  const random = seededRandom(seed);
  const time = new SimulatedTime(STORY_BEGINS, random);
  const restore = time.install();
  try {
    return await new Schedule(seed, random, time, options).play();
  } finally {
    restore();
  }
}

class Schedule {
  private readonly random: () => number;
  private readonly time: SimulatedTime;
  private readonly mutant: Mutant | undefined;
  private readonly world: World;
  private readonly messages: Message[];
  private readonly trace: string[] = [];
  private readonly hostilities: Hostilities | undefined;
  private readonly sweeping: Sweeping | undefined;
  private readonly mishapRate: number;
  private readonly calmFrom: number;
  private running = 0;
  private invocations = 0;
  private killed = 0;

  constructor(seed: number, random: () => number, time: SimulatedTime, options: SimulationOptions) {
    this.random = random;
    this.time = time;
    this.mutant = options.mutant;
    const events = writeStory({ seed, random, largeFiles: options.largeFiles ?? 0 });
    const { defect, keepsRecords } = options;
    this.world = new World({ time, events, usesKms: random() < 0.5, keepsRecords, defect });
    if (keepsRecords === true) this.sweeping = new Sweeping(this.world, time, this.mutant === 'sweeps-young');
    if (options.hostile === true) {
      const { world } = this;
      this.hostilities = new Hostilities({ time, random, world, note: (what) => this.note(what) });
    }
    this.mishapRate = [0, 0.02, 0.06, 0.15][Math.floor(random() * 4)] ?? 0;
    this.calmFrom = STORY_BEGINS + Math.floor(random() * 2_400_000);
    this.messages = events.flatMap((event, number) =>
      Array.from({ length: 1 + Math.floor(random() * 3) }, (_, copy) => ({
        id: `${number}-${copy}`,
        body: eventBody(event),
        visibleAt: STORY_BEGINS + Math.floor(random() * 60_000),
        receiveCount: 0,
        acknowledged: false,
      })),
    );
  }

  async play(): Promise<SimulationResult> {
    await this.hostilities?.begin();
    this.sweeping?.begin();
    this.poll();
    const over = () => this.running === 0 && this.messages.every(({ acknowledged }) => acknowledged);
    const lost: string[] = [];
    try {
      await this.time.run(over, STORY_BEGINS + DAY_MS);
    } catch {
      lost.push(...this.messages.filter(({ acknowledged }) => !acknowledged).map(({ id }) => id));
    }
    const { invocations, killed, world, hostilities } = this;
    const files = world.platform.events.flatMap((event) => event.files).length;
    const broken = (await hostilities?.end()) ?? [
      ...(await world.brokenInvariants(lost)),
      ...((await this.sweeping?.end()) ?? []),
    ];
    return { broken, invocations, killed, files, trace: this.trace.join('\n') };
  }

  private note(what: string): void {
    this.trace.push(`${this.time.now - STORY_BEGINS} ${what}`);
  }

  /** The event source mapping: takes what is visible in batches of up to four, as long as there is anything to do. */
  private poll(): void {
    const { time, random } = this;
    const visible = this.messages.filter((message) => !message.acknowledged && message.visibleAt <= time.now);
    const batch = visible.slice(0, 1 + Math.floor(random() * 4));
    if (batch.length > 0) void this.invoke(batch);
    if (this.messages.some(({ acknowledged }) => !acknowledged)) {
      time.schedule(500 + random() * 4000, () => this.poll());
    }
  }

  private async invoke(batch: readonly Message[]): Promise<void> {
    const { time, random } = this;
    this.running += 1;
    this.invocations += 1;
    const invocation = this.invocations;
    this.note(`invocation ${invocation} takes ${batch.map(({ id }) => id).join(' ')}`);
    const calm = () => time.now >= this.calmFrom;
    const actor = new Actor({ time, random, mishapRate: () => (calm() ? 0 : this.mishapRate) });
    // sometimes shorter than the work takes, so that one message is worked on twice at once
    const visibilityMs = calm() ? 600_000 : 20_000 + random() * 400_000;
    for (const message of batch) {
      message.visibleAt = time.now + visibilityMs;
      message.receiveCount += 1;
    }
    const endsAt = time.now + Math.round(calm() ? 300_000 : 15_000 + random() * 300_000);
    const die = (why: string) => {
      if (!actor.alive) return;
      actor.kill();
      this.running -= 1;
      this.killed += 1;
      this.note(`invocation ${invocation} ${why}`);
    };
    const cancels = [time.schedule(endsAt - time.now, () => die('timed out'))];
    if (!calm() && random() < this.mishapRate * 2) {
      cancels.push(time.schedule(random() * 8000, () => die('was killed')));
    }
    const handle = this.world.handlerOf((...asked) => this.archive(actor, ...asked));
    const records = batch.map(({ id, body, receiveCount }) => ({
      messageId: id,
      body,
      eventSource: 'aws:sqs',
      attributes: { ApproximateReceiveCount: String(receiveCount) },
    }));
    const context = { getRemainingTimeInMillis: () => endsAt - time.now };
    const failed = await handle({ Records: records }, context).then(
      (answer) => ('batchItemFailures' in answer ? answer.batchItemFailures : []),
      () => records.map(({ messageId }) => ({ itemIdentifier: messageId })),
    );
    for (const cancel of cancels) cancel();
    if (!actor.alive) return;
    const names = new Set(
      this.mutant === 'reports-success' ? [] : failed.map(({ itemIdentifier }) => itemIdentifier),
    );
    // with a hostile writer some can never succeed: they go to the dead-letter queue
    const isHopeless = ({ receiveCount }: Message) => this.hostilities !== undefined && receiveCount >= 8;
    for (const message of batch) {
      if (!names.has(message.id) || isHopeless(message)) message.acknowledged = true;
    }
    this.note(`invocation ${invocation} returns ${[...names].join(' ')}`);
    actor.retire();
    this.running -= 1;
  }

  /** Says that a key record is stored, and stores it some seconds later. */
  private lateRecords(store: ObjectStore): ObjectStore {
    return {
      ...store,
      put: async (key, body, options, budget) => {
        if (!key.startsWith('keys/')) return store.put(key, body, options, budget);
        this.time.schedule(this.random() * 10_000, () => {
          store.put(key, body, options, budget).catch(() => undefined);
        });
        return { outcome: 'stored', stat: { key } as ObjectStat };
      },
    };
  }

  private async archive(
    actor: Actor,
    request: ArchiveRequest,
    budget: Budget,
    hints: DeliveryHints | undefined,
  ) {
    const { time, world } = this;
    const honest = world.portsOf(actor);
    const ports =
      this.mutant === 'records-late' ? { ...honest, store: this.lateRecords(honest.store) } : honest;
    const { resolver, references } = ports;
    if (this.mutant === 'links-first') {
      const found = await resolver.resolve(request, budget);
      for (const { ids } of found.state === 'ready' ? found.items : []) {
        const key = `archive/2026/02/28/${fileId(ids)}.enc`;
        await references?.write(ids, { key, archivedAt: 0, algorithm: 'AES-256-GCM' }, budget);
      }
    }
    const drifting: typeof resolver = {
      resolve: async (...asked) => {
        const resolution = await resolver.resolve(...asked);
        if (resolution.state !== 'ready') return resolution;
        return { ...resolution, items: resolution.items.map((item) => ({ ...item, recordedAt: time.now })) };
      },
    };
    const results = await archiveRequest(
      {
        ...ports,
        resolver: this.mutant === 'files-by-wall-clock' ? drifting : resolver,
        envelope:
          this.mutant === 'reuses-iv' ? world.noted(carelessEnvelope(world.staticKey)) : ports.envelope,
      },
      request,
      budget,
      hints,
    );
    for (const result of results) {
      if (result.state !== 'archived') continue;
      this.note(`archived ${result.key}`);
      // a promise made to the caller, which has to hold from this moment on
      const promised = [result.key, result.receiptKey];
      // the handler takes the marker over, and answers when it is there
      if (hints?.afterwards === undefined) promised.push(linkKey(result.key));
      if (this.hostilities === undefined && !promised.every((key) => world.s3.objects.has(key)))
        world.premature.push(result.key);
    }
    if (this.hostilities !== undefined || this.sweeping !== undefined) {
      await keepContext(ports, results, () => Promise.resolve({ of: 'a conversation' }), budget);
    }
    return results;
  }
}

function carelessEnvelope(key: Buffer): Envelope {
  const iv = Buffer.alloc(12, 7);
  const metadata = { encryption: 'aes-256-gcm', iv: iv.toString('base64') };
  return {
    format: 'static-gcm',
    seal: () => Promise.resolve({ metadata, overhead: 16, ...createSealingCipher({ key, iv }) }),
  };
}
