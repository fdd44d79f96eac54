import type { MemoryNews } from './hash-worker.ts';

/** One piece of memory that the hash thread may read. */
export interface Place {
  readonly id: number;
  readonly shared: SharedArrayBuffer;
  /** Jobs that have still to read it. */
  readers: number;
  /** The thread has been told. */
  known: boolean;
}

/** The memory that a program shares with its hash thread, told to the thread when it is first used and untold when it is gone. */
export class SharedMemory {
  private readonly tell: (news: MemoryNews) => void;
  private readonly places = new WeakMap<ArrayBufferLike, Place>();
  private nextId = 0;
  /** The thread would keep for ever what nobody tells it to forget, and not everybody gives a buffer back after a failure. */
  private readonly gone = new FinalizationRegistry<{ readonly id: number }>(({ id }) => this.tell({ id }));

  constructor(tell: (news: MemoryNews) => void) {
    this.tell = tell;
  }

  allocate(bytes: number): Buffer {
    const shared = new SharedArrayBuffer(bytes);
    this.nextId += 1;
    this.places.set(shared, { id: this.nextId, shared, readers: 0, known: false });
    return Buffer.from(shared);
  }

  /** `undefined` of memory that is not shared. */
  placeOf({ buffer }: Uint8Array): Place | undefined {
    return this.places.get(buffer);
  }

  isRead(bytes: Uint8Array): boolean {
    return (this.placeOf(bytes)?.readers ?? 0) > 0;
  }

  /** Another job reads it. */
  addReader(place: Place): void {
    place.readers += 1;
    if (place.known) return;
    place.known = true;
    this.gone.register(place.shared, { id: place.id });
    this.tell({ id: place.id, shared: place.shared });
  }
}
