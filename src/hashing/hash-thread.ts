import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { keepMemorySettled } from '../memory.ts';
import { type HashWorkerData, LAYOUT, runHashWorker } from './hash-worker.ts';
import { type Place, SharedMemory } from './shared-memory.ts';

/** The thread has ended, and with it every hash that it had begun. */
export class HashThreadLost extends Error {
  override readonly name = 'HashThreadLost' as const;

  constructor() {
    super('the thread that computes hashes has ended');
  }
}

interface Job {
  readonly place: Place | undefined;
  readonly bytes: number;
  readonly waiter: { resolve(digest: Buffer): void; reject(error: HashThreadLost): void } | undefined;
}

/** Who waits until so many jobs are done. */
interface Pause {
  readonly until: number;
  readonly resolve: () => void;
}

const NO_BYTES = Buffer.alloc(0);

/** `a − b` of two counters that wrap around. */
const behind = (a: number, b: number) => (a - b) | 0;

/**
 * A thread that computes SHA-256 of memory it shares with the program: nothing is copied, and a job costs its issuer some
 * microseconds. It begins with its first job, and does not keep the process alive unless somebody waits for it.
 */
export class HashThread {
  readonly memory: SharedMemory;
  private readonly control = new Int32Array(
    new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (LAYOUT.FIRST_JOB + LAYOUT.RING * LAYOUT.FIELDS)),
  );
  private readonly digests = Buffer.from(new SharedArrayBuffer(LAYOUT.RING * LAYOUT.DIGEST_BYTES));
  private worker: Worker | undefined;
  private news: MessagePort | undefined;
  private lost = false;
  /** Issued and not known to be done, oldest first. */
  private jobs: Job[] = [];
  private issued = 0;
  private settled = 0;
  private bytes = 0;
  /** Of the jobs whose digests are awaited, in the order of their issue. */
  private awaited: number[] = [];
  private pauses: Pause[] = [];
  private lastStream = 0;

  constructor() {
    this.memory = new SharedMemory((news) => this.news?.postMessage(news));
  }

  /**
   * Starts it, unless it runs. False once it has ended, or when this process may start no thread: whatever is asked of it from then on
   * fails.
   */
  start(): boolean {
    if (this.worker === undefined && !this.lost) {
      try {
        this.worker = this.startWorker();
      } catch {
        this.lost = true;
      }
    }
    return !this.lost;
  }

  /** Bytes that wait to be hashed. */
  get backlog(): number {
    this.settle();
    return this.bytes;
  }

  /** Jobs that wait to be done. */
  get pending(): number {
    return this.jobs.length;
  }

  /** A number for a new stream. */
  openStream(): number {
    this.lastStream = (this.lastStream + 1) | 0;
    return this.lastStream;
  }

  /** @param chunk in shared memory, not to be changed while {@link SharedMemory.isRead}. */
  update(stream: number, chunk: Uint8Array): void {
    this.issue(stream, LAYOUT.UPDATE, chunk, undefined);
  }

  /** The digest of a stream, which is over with it. Rejects with {@link HashThreadLost}. */
  digest(stream: number): Promise<Buffer> {
    return this.ask(stream, NO_BYTES);
  }

  /** The digest of one piece, in shared memory. Rejects with {@link HashThreadLost}. */
  digestOf(piece: Uint8Array): Promise<Buffer> {
    return this.ask(this.openStream(), piece);
  }

  forget(stream: number): void {
    this.issue(stream, LAYOUT.FORGET, NO_BYTES, undefined);
  }

  /** Until half of what is pending now is done. */
  pause(): Promise<void> {
    this.settle();
    if (this.jobs.length === 0) return Promise.resolve();
    const until = (this.settled + Math.ceil(this.jobs.length / 2)) | 0;
    return new Promise((resolve) => {
      this.pauses.push({ until, resolve });
      this.arm();
    });
  }

  close(): void {
    this.end();
  }

  private ask(stream: number, bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.issue(stream, LAYOUT.DIGEST, bytes, { resolve, reject });
    });
  }

  private issue(stream: number, kind: number, bytes: Uint8Array, waiter: Job['waiter']): void {
    this.settle();
    if (!this.start()) {
      waiter?.reject(new HashThreadLost());
      return;
    }
    const place = bytes.byteLength === 0 ? undefined : this.memory.placeOf(bytes);
    if (place === undefined && bytes.byteLength > 0) throw new TypeError('only shared memory can be hashed');
    if (this.jobs.length === LAYOUT.RING) throw new RangeError('too many hashes at once');
    if (place !== undefined) this.memory.addReader(place);
    const at = LAYOUT.FIRST_JOB + (this.issued & (LAYOUT.RING - 1)) * LAYOUT.FIELDS;
    this.control[at + LAYOUT.STREAM] = stream;
    this.control[at + LAYOUT.MEMORY] = place?.id ?? 0;
    this.control[at + LAYOUT.OFFSET] = bytes.byteOffset;
    this.control[at + LAYOUT.LENGTH] = bytes.byteLength;
    this.control[at + LAYOUT.KIND] = kind;
    this.jobs.push({ place, bytes: bytes.byteLength, waiter });
    this.bytes += bytes.byteLength;
    this.issued = (this.issued + 1) | 0;
    if (waiter !== undefined) {
      this.awaited.push(this.issued);
      this.arm();
    }
    Atomics.store(this.control, LAYOUT.ISSUED, this.issued);
    Atomics.notify(this.control, LAYOUT.ISSUED);
  }

  private startWorker(): Worker {
    const { port1, port2 } = new MessageChannel();
    const workerData: HashWorkerData = {
      control: this.control,
      digests: this.digests,
      news: port2,
      layout: LAYOUT,
    };
    const text = `(${runHashWorker.toString()})(require('node:worker_threads'), require('node:crypto'))`;
    const worker = new Worker(text, {
      eval: true,
      name: 'hashing',
      workerData,
      transferList: [port2],
      // It needs nothing of the process, least of all its secrets.
      env: {},
      argv: [],
      execArgv: [],
      // MB; it keeps next to nothing, and what V8 would set aside for it counts
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 1 },
    });
    this.news = port1;
    port1.unref();
    worker.unref();
    worker.on('online', () => {
      keepMemorySettled();
      // starting has taken back what was said of keeping the process alive
      this.arm();
    });
    worker.on('message', () => this.settle());
    // Whatever its error says, all there is to be done about it is to do without.
    worker.on('error', () => this.end());
    worker.on('exit', () => this.end());
    return worker;
  }

  /** Takes note of what has been done. */
  private settle(): void {
    const done = Atomics.load(this.control, LAYOUT.DONE);
    for (; this.settled !== done; this.settled = (this.settled + 1) | 0) {
      const job = this.jobs.shift();
      if (job === undefined) throw new RangeError('more hashes are done than were asked for');
      this.release(job);
      if (job.waiter === undefined) continue;
      this.awaited.shift();
      const from = (this.settled & (LAYOUT.RING - 1)) * LAYOUT.DIGEST_BYTES;
      job.waiter.resolve(Buffer.from(this.digests.subarray(from, from + LAYOUT.DIGEST_BYTES)));
    }
    if (this.pauses.length > 0) {
      const over = this.pauses.filter(({ until }) => behind(this.settled, until) >= 0);
      this.pauses = this.pauses.filter((pause) => !over.includes(pause));
      for (const { resolve } of over) resolve();
    }
    this.arm();
  }

  /** Has the thread send a message as soon as somebody here can go on. */
  private arm(): void {
    const wakeAt = this.pauses.reduce<number | undefined>(
      (least, { until }) => (least === undefined || behind(until, least) < 0 ? until : least),
      this.awaited[0],
    );
    if (wakeAt === undefined) {
      this.worker?.unref();
      return;
    }
    this.worker?.ref();
    Atomics.store(this.control, LAYOUT.WAKE_AT, wakeAt);
    Atomics.store(this.control, LAYOUT.WAITING, 1);
    // It may have got there before it was asked to say so; then nobody else will.
    const isThere = behind(Atomics.load(this.control, LAYOUT.DONE), wakeAt) >= 0;
    if (isThere && Atomics.compareExchange(this.control, LAYOUT.WAITING, 1, 0) === 1) {
      setImmediate(() => this.settle());
    }
  }

  private release({ place, bytes }: Job): void {
    if (place !== undefined) place.readers -= 1;
    this.bytes -= bytes;
  }

  private end(): void {
    if (this.lost) return;
    // What it had done before it ended counts.
    this.settle();
    this.lost = true;
    void this.worker?.terminate();
    this.news?.close();
    const { jobs, pauses } = this;
    this.jobs = [];
    this.awaited = [];
    this.pauses = [];
    for (const job of jobs) {
      this.release(job);
      job.waiter?.reject(new HashThreadLost());
    }
    for (const { resolve } of pauses) resolve();
  }
}
