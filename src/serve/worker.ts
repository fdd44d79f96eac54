import type { ArchiveResult } from '../archive/archive-request.ts';
import { advanceCircuit, CLOSED, isOpen, judgeOutcome } from '../circuit.ts';
import type { Budget, Clock } from '../clock.ts';
import type { Archiver } from '../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { requestKey } from '../events/collapse-requests.ts';
import type { ParsedEvent } from '../events/parse-event.ts';
import type { ArchiveRequest } from '../ports.ts';
import { deliver } from './deliver.ts';
import { type Outcome, planNext, type SpoolPolicy } from './retry-plan.ts';
import type { Spool, SpoolEntry } from './spool.ts';
import type { SpooledEvent } from './spooled-event.ts';

/** What becomes of events, as it happens. */
export type WorkerReport =
  | { readonly kind: 'result'; readonly result: ArchiveResult; readonly durationMs: number }
  | {
      readonly kind: 'again';
      readonly name: string;
      readonly delayMs: number;
      /** Failed attempts so far. */
      readonly attempts: number;
      /** `undefined` when the recording is merely not ready. */
      readonly error: ArchiveError | undefined;
    }
  | { readonly kind: 'failed'; readonly name: string; readonly error: ArchiveError }
  /** The spool itself cannot be written or read; the event stays where it is. */
  | { readonly kind: 'stuck'; readonly name: string; readonly error: ArchiveError };

export interface WorkerOptions {
  readonly spool: Spool;
  readonly archiver: Pick<Archiver, 'archive'>;
  /** @throws `EVENT_INVALID`. */
  readonly parse: (event: unknown) => ParsedEvent;
  readonly clock: Clock;
  readonly policy: SpoolPolicy;
  /** Events worked on at a time. */
  readonly concurrency: number;
  /** Its signal interrupts what is in flight, which then stays in the spool as it was. */
  readonly budget: Budget;
  readonly onReport: (report: WorkerReport) => void;
}

export interface Worker {
  /** Something may be due now. */
  wake(): void;
  readonly inFlight: number;
  /** Why nothing is taken from the spool for now. */
  readonly pausedBy: string | undefined;
  /** Takes nothing more from the spool; resolves when nothing is in flight. */
  stop(): Promise<void>;
  /** Resolves when nothing is in flight and nothing is due. */
  caughtUp(): Promise<void>;
}

/** An event about recordings that another event is just being worked on for is looked at again after this time, ms. */
const BUSY_PAUSE_MS = 1_000;
/** An event whose file cannot be read or moved is looked at again after this time, ms. */
const STUCK_PAUSE_MS = 60_000;
/** ms; a computer that was suspended, or whose clock was set, is not out of step for longer. */
const MAX_NAP_MS = 60_000;

/** Works through the spool, `concurrency` events at a time, until it is stopped. */
export function startWorker(options: WorkerOptions): Worker {
  const worker = new SpoolWorker(options);
  void worker.run();
  return worker;
}

class SpoolWorker implements Worker {
  readonly #options: WorkerOptions;
  readonly #running = new Set<Promise<void>>();
  /** Recordings that are being worked on. */
  readonly #busy = new Set<string>();
  readonly #waiters = new Set<() => void>();
  readonly #stopping = new AbortController();
  #circuit = CLOSED;
  #pausedBy: string | undefined;
  #nap = new AbortController();

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  get pausedBy(): string | undefined {
    return this.#pausedBy;
  }

  wake(): void {
    this.#nap.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await Promise.all(this.#running);
  }

  async caughtUp(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiters.add(resolve);
      this.wake();
    });
  }

  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      for (let entry = this.#takeNext(); entry !== undefined; entry = this.#takeNext()) this.#begin(entry);
      this.#tellWhoWaits();
      await this.#sleepUntilWoken(this.#untilNext());
    }
  }

  #begin(entry: SpoolEntry): void {
    const job = this.#work(entry).finally(() => {
      this.#running.delete(job);
      this.wake();
    });
    this.#running.add(job);
  }

  async #work(entry: SpoolEntry): Promise<void> {
    const { spool, clock, budget, onReport } = this.#options;
    try {
      await this.#attempt(entry);
    } catch (caught) {
      // interrupted: its file stands as it stood, and the next process of this spool takes it up
      if (budget.signal.aborted) return;
      spool.postpone(entry, clock.now() + STUCK_PAUSE_MS);
      onReport({ kind: 'stuck', name: entry.name, error: toArchiveError(caught) });
    }
  }

  async #attempt(entry: SpoolEntry): Promise<void> {
    const { spool, clock, budget, onReport } = this.#options;
    const spooled = await spool.read(entry);
    if (spooled === undefined) return spool.done(entry);
    if ('malformed' in spooled) {
      const error = new ArchiveError('EVENT_INVALID', 'the spool file holds no event');
      await spool.fail(entry, spooled, error);
      onReport({ kind: 'failed', name: entry.name, error });
      return;
    }
    if (spooled.notBefore > clock.now()) return spool.postpone(entry, spooled.notBefore);
    let requests: readonly ArchiveRequest[];
    let refused: ArchiveError | undefined;
    try {
      const parsed = this.#options.parse(spooled.event);
      requests = parsed.kind === 'requests' ? parsed.requests : [];
      if (parsed.kind === 'requests') ({ refused } = parsed);
    } catch (error) {
      return this.#settle(entry, spooled, { state: 'failed', error: toArchiveError(error) });
    }
    if (budget.signal.aborted) return;
    const keys = requests.map(requestKey);
    if (keys.some((key) => this.#busy.has(key))) {
      return spool.postpone(entry, clock.now() + BUSY_PAUSE_MS);
    }
    for (const key of keys) this.#busy.add(key);
    try {
      const outcome = await this.#deliver(requests);
      // what can be done is done; what cannot be read beside it is kept with the reason
      const rest = outcome.state === 'done' ? refused : undefined;
      await this.#settle(entry, spooled, rest === undefined ? outcome : { state: 'failed', error: rest });
    } finally {
      for (const key of keys) this.#busy.delete(key);
    }
  }

  async #deliver(requests: readonly ArchiveRequest[]): Promise<Outcome> {
    const { archiver, clock, budget, onReport } = this.#options;
    const began = clock.now();
    return deliver(archiver, requests, budget, (result) =>
      onReport({ kind: 'result', result, durationMs: clock.now() - began }),
    );
  }

  async #settle(entry: SpoolEntry, spooled: SpooledEvent, outcome: Outcome): Promise<void> {
    const { spool, clock, policy, onReport } = this.#options;
    const error = outcome.state === 'failed' ? outcome.error : undefined;
    this.#advanceCircuit(error);
    const { attempts, receivedAt } = spooled;
    const plan = planNext(policy, {
      outcome,
      attempts,
      receivedAt,
      now: clock.now(),
      random: clock.random(),
    });
    if (plan.action === 'remove') return spool.done(entry);
    if (plan.action === 'give-up') {
      const failed = outcome.state === 'failed' ? { ...spooled, attempts: attempts + 1 } : spooled;
      const reason = error ?? overdue(outcome, policy);
      await spool.fail(entry, failed, reason);
      onReport({ kind: 'failed', name: entry.name, error: reason });
      return;
    }
    const notBefore = clock.now() + plan.delayMs;
    await spool.putBack(entry, spooled, { notBefore, attempts: plan.attempts, error });
    onReport({ kind: 'again', name: entry.name, delayMs: plan.delayMs, attempts: plan.attempts, error });
  }

  #advanceCircuit(error: ArchiveError | undefined): void {
    const { clock } = this.#options;
    const verdict = judgeOutcome(error);
    this.#circuit = advanceCircuit(this.#circuit, verdict, clock.now(), clock.random());
    if (verdict === 'systemic' && isOpen(this.#circuit)) this.#pausedBy = error?.code;
    else if (!isOpen(this.#circuit)) this.#pausedBy = undefined;
  }

  #isBusyEnough(): boolean {
    return this.#running.size >= (isOpen(this.#circuit) ? 1 : this.#options.concurrency);
  }

  #takeNext(): SpoolEntry | undefined {
    const { clock, spool } = this.#options;
    const mustWait =
      this.#stopping.signal.aborted || this.#isBusyEnough() || clock.now() < this.#circuit.openUntil;
    return mustWait ? undefined : spool.take();
  }

  /** ms until something may be due; `undefined` when only {@link wake} can tell. */
  #untilNext(): number | undefined {
    const { nextDueAt } = this.#options.spool;
    if (nextDueAt === undefined || this.#isBusyEnough()) return undefined;
    return Math.max(nextDueAt, this.#circuit.openUntil) - this.#options.clock.now();
  }

  #tellWhoWaits(): void {
    if (this.#running.size > 0) return;
    if (!this.#stopping.signal.aborted && (this.#untilNext() ?? 1) <= 0) return;
    for (const tell of this.#waiters) tell();
    this.#waiters.clear();
  }

  async #sleepUntilWoken(ms: number | undefined): Promise<void> {
    const { signal } = this.#nap;
    const woken = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const napMs = Math.min(Math.max(0, ms ?? 0), MAX_NAP_MS);
    const slept = ms === undefined ? woken : this.#options.clock.sleep(napMs, signal).catch(() => undefined);
    await Promise.race([woken, slept]);
    this.#nap = new AbortController();
  }
}

function overdue(outcome: Outcome, { horizonMs }: SpoolPolicy): ArchiveError {
  const status = outcome.state === 'not-ready' ? outcome.status : '';
  const hours = Math.round(horizonMs / 3_600_000);
  return new ArchiveError('MEDIA_NOT_READY', `not complete after ${hours} hours (${status})`);
}
