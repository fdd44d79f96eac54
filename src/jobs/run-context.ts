/** What all workers of one runner share. */
import { abortReason, type Budget, type Clock, sharedSignal } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { type Control, readControl } from './control.ts';
import type { AnyJobKind, JobPlan } from './kind.ts';
import { runnerKey } from './keys.ts';
import type { RunEnd, RunEvent, RunRequest } from './requests.ts';
import { JOB_TIMING, type JobTiming } from './lease-policy.ts';
import { jsonBytes, type PatientStore, patientStore } from './patient-store.ts';

/** Outcomes since the runner began. */
export interface RunCounts {
  done: number;
  already: number;
  failed: number;
  bytes: number;
}

export class Run {
  readonly store: PatientStore;
  readonly clock: Clock;
  readonly plan: JobPlan;
  readonly kind: AnyJobKind;
  /** Unlike any other runner's. */
  readonly owner: string;
  readonly timing: JobTiming;
  readonly counts: RunCounts = { done: 0, already: 0, failed: 0, bytes: 0 };
  /** For the engine's own reading and writing: goes on for a while after the work has to stop. */
  readonly io: Budget;
  readonly #request: RunRequest;
  readonly #io = new AbortController();
  readonly #stop = new AbortController();
  #control: Control;
  #controlAt = Number.NEGATIVE_INFINITY;
  #pausedAt: number | undefined;
  #storeOffset: number | undefined;
  #failure: ArchiveError | undefined;

  constructor(request: RunRequest, plan: JobPlan, kind: AnyJobKind) {
    const { clock, owner } = request;
    this.#request = request;
    this.clock = clock;
    this.plan = plan;
    this.kind = kind;
    this.store = patientStore(request.store, clock);
    this.timing = { ...JOB_TIMING, ...request.timing };
    this.owner = `${owner} ${Math.floor(clock.random() * 36 ** 8).toString(36)}`;
    this.io = { deadline: Number.POSITIVE_INFINITY, signal: sharedSignal(this.#io) };
    sharedSignal(this.#stop);
    this.#control = { wish: 'run', rate: plan.rate };
  }

  /** Aborted when all work of this runner must stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Follows the caller's signal. @returns what frees it. */
  follow(): () => void {
    const { signal } = this.#request.budget;
    const over = new AbortController();
    const stop = () => {
      this.#stop.abort(abortReason(signal));
      // what is done by now is written down; a store that does not answer must not keep the process
      this.clock.sleep(this.timing.closingMs, over.signal).then(
        () => this.#io.abort(abortReason(signal)),
        () => undefined,
      );
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    return () => {
      signal.removeEventListener('abort', stop);
      over.abort();
    };
  }

  tell(event: Omit<RunEvent, 'job'>): void {
    this.#request.onEvent?.({ job: this.plan.id, ...event });
  }

  get control(): Control {
    return this.#control;
  }

  /** Looks at the controls, unless another worker of this runner just has. */
  async refreshControl(): Promise<Control> {
    const now = this.clock.now();
    if (Math.abs(now - this.#controlAt) < this.timing.beatMs / 2) return this.#control;
    this.#controlAt = now;
    this.#control = await readControl(this.store, this.plan, this.io);
    if (this.#control.wish === 'run') this.#pausedAt = undefined;
    else this.#pausedAt ??= now;
    return this.#control;
  }

  /** Must what is under way be broken off, because people want it? */
  mustBreakOff(): boolean {
    const { wish } = this.#control;
    if (wish === 'cancel') return true;
    const since = this.#pausedAt;
    return wish === 'pause' && since !== undefined && this.clock.now() - since >= this.timing.pauseGraceMs;
  }

  /** Why nothing new may begin; `undefined` when it may. */
  mayNot(): RunEnd | undefined {
    const { budget } = this.#request;
    if (this.#failure !== undefined) return 'stopped';
    if (budget.signal.aborted) {
      return abortReason(budget.signal).code === 'OUT_OF_TIME' ? 'deadline' : 'interrupted';
    }
    if (this.clock.now() >= budget.deadline) return 'deadline';
    const { wish } = this.#control;
    if (wish === 'cancel') return 'cancelled';
    return wish === 'pause' ? 'paused' : undefined;
  }

  /** Ends the runner with an error that all other work would meet as well. */
  fail(error: ArchiveError): void {
    this.#failure ??= error;
    this.#stop.abort(new ArchiveError('INTERRUPTED', 'the runner stops'));
  }

  get failure(): ArchiveError | undefined {
    return this.#failure;
  }

  /** Learns the store's time from an own write: its time in the store, epoch ms. */
  learnStoreTime(lastModified: number): void {
    this.#storeOffset = lastModified - this.clock.now();
  }

  /** The store's time now, epoch ms. Writes a small object to learn it. `undefined` where the store does not tell. */
  async storeNow(): Promise<number | undefined> {
    if (this.#storeOffset === undefined) {
      const entry = { owner: this.owner, since: new Date(this.clock.now()).toISOString() };
      const written = await this.store.put(runnerKey(this.plan.id, this.owner), jsonBytes(entry), this.io);
      if (written.outcome === 'exists') return undefined;
      this.learnStoreTime(written.lastModified);
    }
    return this.clock.now() + (this.#storeOffset ?? 0);
  }
}
