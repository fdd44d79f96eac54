import { archiveRequest } from '../../src/archive/archive-request.ts';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { issuerOf } from '../../src/archive/issuer.ts';
import { objectKey } from '../../src/record/object-key.ts';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { Actor } from './actor.ts';
import { HostileWriter } from './hostile-writer.ts';
import { PROMPT_CALLER } from './memory-s3.ts';
import { brokenReport, brokenSignatures } from './signed-truth.ts';
import type { SimulatedTime } from './simulated-time.ts';
import { STORY_BEGINS } from './story.ts';
import { signingKeys, type World } from './world.ts';

const DAY_MS = 86_400_000;
/** As long as events arrive and are tried again. */
const HOSTILE_MS = 1_800_000;
const LONGEST_PEACE_MS = 20_000;

/** A recording that the platform has deleted, and that has a terminal receipt: a hostile writer may put it anywhere. */
const GONE = {
  recordingId: '00000000-0000-4000-8000-00000000dead',
  conversationId: '00000000-0000-4000-8000-0000000c0000',
};

export interface Surroundings {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly world: World;
  readonly note: (what: string) => void;
}

/** A hostile writer in a world of honest ones, and what has to be true all the same. */
export class Hostilities {
  readonly #around: Surroundings;
  readonly #writer: HostileWriter;

  constructor(around: Surroundings) {
    this.#around = around;
    const { world, random } = around;
    this.#writer = new HostileWriter(world.s3, world.platform.events, random);
  }

  async begin(): Promise<void> {
    const { time, random, world, note } = this.#around;
    const client = world.s3.client(PROMPT_CALLER);
    const store = createS3Store({ client, bucket: 'bucket', clock: time.clock, logger: silentLogger });
    const key = objectKey({ ...GONE, at: STORY_BEGINS });
    const issuer = { ...issuerOf(world.portsOf(this.#calm())), store };
    await issueTerminalReceipt(issuer, { ids: GONE, key, at: STORY_BEGINS, reason: 'deleted' }, unlimited);
    const strike = () => {
      if (time.now - STORY_BEGINS > HOSTILE_MS) return;
      void this.#writer.strike().then((what) => note(`somebody ${what}`));
      time.schedule(random() * LONGEST_PEACE_MS, strike);
    };
    time.schedule(random() * LONGEST_PEACE_MS, strike);
  }

  /** When all is quiet every event is delivered once more, and what is said then has to be true. @returns what is not. */
  async end(): Promise<string[]> {
    const { time, world } = this.#around;
    const broken: string[] = [];
    let over = false;
    const peaceAt = STORY_BEGINS + HOSTILE_MS + LONGEST_PEACE_MS;
    time.schedule(peaceAt - time.now, () => {});
    await time.run(() => time.now >= peaceAt, peaceAt + DAY_MS);
    const redelivering = this.#redeliver(broken).finally(() => {
      over = true;
    });
    await time.run(() => over, time.now + DAY_MS);
    await redelivering;
    const { honest, platform } = world;
    return [...broken, ...brokenSignatures({ honest, platform, gone: new Set([GONE.recordingId]) })];
  }

  async #redeliver(broken: string[]): Promise<void> {
    const { world, note } = this.#around;
    for (const { request } of world.platform.events) {
      try {
        for (const result of await archiveRequest(world.portsOf(this.#calm()), request, unlimited)) {
          if (result.state === 'archived') {
            broken.push(...brokenReport(world.s3, signingKeys, world.honest, result));
          }
        }
      } catch (error) {
        const isRefusal = error instanceof ArchiveError && !error.retryable;
        if (isRefusal) note(`refused: ${error.code} ${error.message}`);
        else broken.push(`I9 a delivery ended with ${String(error)}`);
      }
    }
  }

  #calm(): Actor {
    const { time, random } = this.#around;
    return new Actor({ time, random, mishapRate: () => 0 });
  }
}
