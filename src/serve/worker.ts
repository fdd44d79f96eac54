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
  const { spool, clock, policy, concurrency, budget, onReport } = options;
  const running = new Set<Promise<void>>();
  const busy = new Set<string>();
  const waiters = new Set<() => void>();
  let circuit = CLOSED;
  let pausedBy: string | undefined;
  const stopping = new AbortController();
  let nap = new AbortController();
  const wake = () => nap.abort();

  const settle = async (entry: SpoolEntry, spooled: SpooledEvent, outcome: Outcome): Promise<void> => {
    const error = outcome.state === 'failed' ? outcome.error : undefined;
    const verdict = judgeOutcome(error);
    circuit = advanceCircuit(circuit, verdict, clock.now(), clock.random());
    if (verdict === 'systemic' && isOpen(circuit)) pausedBy = error?.code;
    else if (!isOpen(circuit)) pausedBy = undefined;
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
  };

  const attempt = async (entry: SpoolEntry): Promise<void> => {
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
      const parsed = options.parse(spooled.event);
      requests = parsed.kind === 'requests' ? parsed.requests : [];
      if (parsed.kind === 'requests') ({ refused } = parsed);
    } catch (error) {
      return settle(entry, spooled, { state: 'failed', error: toArchiveError(error) });
    }
    if (budget.signal.aborted) return;
    const keys = requests.map(requestKey);
    if (keys.some((key) => busy.has(key))) return spool.postpone(entry, clock.now() + BUSY_PAUSE_MS);
    for (const key of keys) busy.add(key);
    const began = clock.now();
    try {
      const outcome = await deliver(options.archiver, requests, budget, (result) =>
        onReport({ kind: 'result', result, durationMs: clock.now() - began }),
      );
      // what can be done is done; what cannot be read beside it is kept with the reason
      const rest = outcome.state === 'done' ? refused : undefined;
      await settle(entry, spooled, rest === undefined ? outcome : { state: 'failed', error: rest });
    } finally {
      for (const key of keys) busy.delete(key);
    }
  };

  const work = async (entry: SpoolEntry): Promise<void> => {
    try {
      await attempt(entry);
    } catch (caught) {
      // interrupted: its file stands as it stood, and the next process of this spool takes it up
      if (budget.signal.aborted) return;
      spool.postpone(entry, clock.now() + STUCK_PAUSE_MS);
      onReport({ kind: 'stuck', name: entry.name, error: toArchiveError(caught) });
    }
  };

  const isBusyEnough = () => running.size >= (isOpen(circuit) ? 1 : concurrency);

  const takeNext = (): SpoolEntry | undefined =>
    stopping.signal.aborted || isBusyEnough() || clock.now() < circuit.openUntil ? undefined : spool.take();

  /** ms until something may be due; `undefined` when only {@link wake} can tell. */
  const untilNext = (): number | undefined => {
    const { nextDueAt } = spool;
    if (nextDueAt === undefined || isBusyEnough()) return undefined;
    return Math.max(nextDueAt, circuit.openUntil) - clock.now();
  };

  const tellWhoWaits = () => {
    if (running.size > 0 || (!stopping.signal.aborted && (untilNext() ?? 1) <= 0)) return;
    for (const tell of waiters) tell();
    waiters.clear();
  };

  const loop = async () => {
    while (!stopping.signal.aborted) {
      for (let entry = takeNext(); entry !== undefined; entry = takeNext()) {
        const job = work(entry).finally(() => {
          running.delete(job);
          wake();
        });
        running.add(job);
      }
      tellWhoWaits();
      await sleepUntilWoken(untilNext());
    }
  };

  const sleepUntilWoken = async (ms: number | undefined): Promise<void> => {
    const { signal } = nap;
    const woken = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const napMs = Math.min(Math.max(0, ms ?? 0), MAX_NAP_MS);
    const slept = ms === undefined ? woken : clock.sleep(napMs, signal).catch(() => undefined);
    await Promise.race([woken, slept]);
    nap = new AbortController();
  };

  void loop();
  const untilIdle = () =>
    new Promise<void>((resolve) => {
      waiters.add(resolve);
      wake();
    });
  return {
    wake,
    get inFlight() {
      return running.size;
    },
    get pausedBy() {
      return pausedBy;
    },
    async stop() {
      stopping.abort();
      wake();
      await Promise.all(running);
    },
    caughtUp: untilIdle,
  };
}

function overdue(outcome: Outcome, { horizonMs }: SpoolPolicy): ArchiveError {
  const status = outcome.state === 'not-ready' ? outcome.status : '';
  const hours = Math.round(horizonMs / 3_600_000);
  return new ArchiveError('MEDIA_NOT_READY', `not complete after ${hours} hours (${status})`);
}
