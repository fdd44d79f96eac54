/** The store as the engine uses it: small objects, put if absent, get and list; failures that pass are waited out. */
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import { nextDelay, type RetryPolicy } from '../http/retry-timing.ts';
import { parseForeignJson } from '../json.ts';
import type { ObjectStore, ObjectSummary } from '../ports.ts';

/** On top of what the store itself repeats: a job that runs for days meets short outages. */
const RETRIES: RetryPolicy = { retries: 5, baseMs: 250, capMs: 8_000, maxRetryAfterMs: 0 };

/** Bytes of the largest object read: a shard of 1,000 items, unpacked or not. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024;

export interface PatientStore {
  /** `lastModified`: the store's own time of what was stored now, epoch ms. `exists`: perhaps by an attempt whose answer was lost. */
  put(
    key: string,
    body: Buffer,
    budget: Budget,
  ): Promise<{ readonly outcome: 'stored'; readonly lastModified: number } | { readonly outcome: 'exists' }>;
  /** `undefined` without such an object. */
  get(key: string, budget: Budget): Promise<Buffer | undefined>;
  /** A JSON object; `undefined` without such an object. @throws `OBJECT_MALFORMED`. */
  getJson(key: string, budget: Budget): Promise<Readonly<Record<string, unknown>> | undefined>;
  list(prefix: string, budget: Budget): AsyncIterable<ObjectSummary>;
  /** The store's location, for messages. */
  readonly location: string;
}

/** Repeats what failed for a reason that may pass. */
export function patientStore(store: ObjectStore, clock: Clock): PatientStore {
  const patience = new Patience(clock);

  const get = (key: string, budget: Budget) =>
    patience.repeat(budget, async () => {
      try {
        const { body } = await store.get(key, budget);
        return await gatherBytes(body, MAX_OBJECT_BYTES, () => malformed(key));
      } catch (error) {
        if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
        throw error;
      }
    });

  return {
    location: store.location,
    get,
    list: (prefix, budget) => listPatiently(store, patience, prefix, budget),
    async put(key, body, budget) {
      const contentType = key.endsWith('.gz') ? 'application/gzip' : 'application/json';
      const options = { metadata: {}, contentType, contentLength: body.length, verify: 'answer' } as const;
      const result = await patience.repeat(budget, () => store.put(key, body, options, budget));
      if (result.outcome === 'exists') return result;
      return { outcome: 'stored', lastModified: result.stat.lastModified };
    },
    async getJson(key, budget) {
      const bytes = await get(key, budget);
      if (bytes === undefined) return undefined;
      const value = parseForeignJson(bytes.toString('utf8'));
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(key);
      return value as Readonly<Record<string, unknown>>;
    },
  };
}

/** How often, and for how long, failures of a store are waited out. */
class Patience {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws what {@link pauseAfter} throws. */
  async repeat<T>(budget: Budget, attempt: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        await this.pauseAfter(error, failures, budget);
      }
    }
  }

  /** @throws the error itself where it does not pass, or too often did not. */
  async pauseAfter(error: unknown, failures: number, budget: Budget): Promise<void> {
    const failure = toArchiveError(error);
    if (!failure.retryable || !failure.code.startsWith('STORE_')) throw failure;
    const decision = nextDelay(RETRIES, {
      failures,
      now: this.#clock.now(),
      deadline: budget.deadline,
      random: this.#clock.random(),
    });
    if (!decision.retry) throw failure;
    await this.#clock.sleep(decision.delayMs, budget.signal);
  }
}

async function* listPatiently(
  store: ObjectStore,
  patience: Patience,
  prefix: string,
  budget: Budget,
): AsyncGenerator<ObjectSummary, void, undefined> {
  let last = '';
  for (let failures = 1; ; failures += 1) {
    try {
      // listings ascend, so that one that is begun again goes on behind the last key it gave
      for await (const object of store.list(prefix, budget)) {
        if (object.key <= last) continue;
        last = object.key;
        yield object;
      }
      return;
    } catch (error) {
      await patience.pauseAfter(error, failures, budget);
    }
  }
}

export function malformed(key: string): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', `${key} is not what the job engine writes`, {
    hint: 'objects below jobs/ are written by genesys-archive only; plan the job again',
  });
}

/** One JSON object and a line feed. */
export function jsonBytes(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
}
