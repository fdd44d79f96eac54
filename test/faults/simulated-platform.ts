import { createHash } from 'node:crypto';
import { abortReason, type Budget } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import {
  type ArchiveReference,
  type ArchiveRequest,
  type MediaItem,
  type MediaOpener,
  MediaRestart,
  type MediaResolver,
  type RecordingIds,
  type ReferenceWriter,
  type Resolution,
} from '../../src/ports.ts';
import type { Actor } from './actor.ts';

/** One file of a recording, as the platform keeps it. */
export interface SourceFile {
  readonly ids: RecordingIds;
  /** The latest version last; a host may replace a file, e.g. by transcoding it again. */
  readonly versions: Buffer[];
  /** Does the host state a Content-Length? */
  readonly statesLength: boolean;
  readonly recordedAt: number | undefined;
  /** Epoch ms before which the platform says "not ready". */
  readonly readyAt: number;
}

/** Everything that is recorded of one conversation or, in the tutorial's dialect, one recording. */
export interface SourceEvent {
  readonly request: ArchiveRequest;
  readonly files: readonly SourceFile[];
}

export interface ReferenceWritten {
  readonly ids: RecordingIds;
  readonly reference: ArchiveReference;
}

export function fileId({ recordingId, channel }: RecordingIds): string {
  return channel === undefined ? recordingId : `${recordingId}.${channel}`;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const unavailable = (code: 'GENESYS_UNAVAILABLE' | 'GENESYS_THROTTLED' | 'MEDIA_UNAVAILABLE') =>
  new ArchiveError(code, 'simulated');

/** The platform's side of the ports: resolver, media host, references. All processes see the same one. */
export class SimulatedPlatform {
  readonly events: readonly SourceEvent[];
  readonly written: ReferenceWritten[] = [];
  readonly now: () => number;
  /** Called at the moment a reference arrives. */
  onReference: (written: ReferenceWritten) => void = () => {};
  /** Downloads that were begun, by file. */
  readonly opened = new Map<string, number>();
  /** Down until this time, epoch ms. */
  referencesDownUntil = 0;
  readonly #cuts = new Set<string>();

  constructor(events: readonly SourceEvent[], now: () => number) {
    this.events = events;
    this.now = now;
  }

  resolver(actor: Actor): MediaResolver {
    return {
      resolve: async (request, budget) => {
        const mishap = actor.strikes()
          ? unavailable(actor.pick(['GENESYS_UNAVAILABLE', 'GENESYS_THROTTLED'] as const))
          : undefined;
        return ask(actor, () => this.#resolve(request), mishap, budget);
      },
    };
  }

  references(actor: Actor): ReferenceWriter {
    return {
      write: async (ids, reference, budget) => {
        const down = this.now() < this.referencesDownUntil;
        const mishap = down || actor.strikes() ? unavailable('GENESYS_UNAVAILABLE') : undefined;
        // half of the failures are answers that got lost
        const arrives = !down && (mishap === undefined || actor.pick([true, false]));
        await ask(
          actor,
          () => {
            if (!arrives) return;
            this.written.push({ ids, reference });
            this.onReference({ ids, reference });
          },
          mishap,
          budget,
        );
      },
    };
  }

  opener(actor: Actor): MediaOpener {
    return {
      open: async (item, refresh, budget) => {
        const file = this.#file(item);
        const id = fileId(file.ids);
        this.opened.set(id, (this.opened.get(id) ?? 0) + 1);
        if (actor.strikes()) await refresh();
        const mishap = actor.strikes() ? unavailable('MEDIA_UNAVAILABLE') : undefined;
        await ask(actor, () => {}, mishap, budget);
        if (actor.strikes(0.3)) file.versions.push(scramble(file.versions.at(-1) ?? Buffer.alloc(0)));
        const version = file.versions.at(-1) ?? Buffer.alloc(0);
        const fate = actor.strikes()
          ? actor.pick(['cut', 'restart', 'page', 'stall', 'drop'] as const)
          : 'whole';
        return {
          contentLength: file.statesLength ? version.length : undefined,
          contentType: 'audio/wav',
          etag: `"${file.versions.length}"`,
          resumes: () => 0,
          chunks: this.#chunks(actor, id, version, fate, budget),
        };
      },
    };
  }

  #resolve(request: ArchiveRequest): Resolution {
    const name = (of: ArchiveRequest) => (of.dialect === 'media' ? of.mediaId : of.conversationId);
    const event = this.events.find((known) => name(known.request) === name(request));
    if (event === undefined) return { state: 'gone', reason: 'not found' };
    const ready = event.files.filter(({ readyAt }) => readyAt <= this.now());
    const late = event.files.length - ready.length;
    if (late > 0 && request.dialect === 'media') {
      return { state: 'not-ready', status: 'processing', retryAfterMs: 60_000 };
    }
    return {
      state: 'ready',
      items: ready.map(({ ids, recordedAt }) => ({
        ids,
        url: `https://media.example.com/${fileId(ids)}`,
        ...(recordedAt === undefined ? {} : { recordedAt }),
      })),
      pending: late === 0 ? [] : [{ recordingId: undefined, status: 'transcoding', retryAfterMs: 60_000 }],
    };
  }

  #file({ ids }: MediaItem): SourceFile {
    const found = this.events.flatMap(({ files }) => files).find((file) => fileId(file.ids) === fileId(ids));
    if (found === undefined) throw new Error('no such file');
    return found;
  }

  async *#chunks(
    actor: Actor,
    id: string,
    version: Buffer,
    fate: 'whole' | 'cut' | 'restart' | 'page' | 'stall' | 'drop',
    budget: Budget,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const source = fate === 'page' ? Buffer.from(`<!DOCTYPE html><p>${'sorry '.repeat(40)}</p>`) : version;
    // chunks of many sizes where the file is small, few where it is large
    const chunkBytes = Math.max(1 + Math.floor(actor.options.random() * 500), Math.ceil(source.length / 12));
    const end = fate === 'whole' || fate === 'page' ? source.length : this.#cut(actor, id, source.length);
    for (let at = 0; at < end; at += chunkBytes) {
      await ask(actor, () => {}, undefined, budget);
      yield source.subarray(at, Math.min(end, at + chunkBytes));
    }
    if (fate === 'drop') throw unavailable('MEDIA_UNAVAILABLE');
    if (fate === 'restart') throw new MediaRestart('simulated');
    if (fate === 'stall') {
      // the real opener gives up after 15 s of silence
      await actor.options.time.clock.sleep(15_000, budget.signal);
      throw unavailable('MEDIA_UNAVAILABLE');
    }
  }

  /** Never twice at the same byte: two equal cuts of a file of unknown length are one that nobody can tell from the whole. */
  #cut(actor: Actor, id: string, length: number): number {
    for (;;) {
      const at = Math.floor(actor.options.random() * length);
      if (this.#cuts.size > length) this.#cuts.clear();
      if (this.#cuts.has(`${id}:${length}:${at}`)) continue;
      this.#cuts.add(`${id}:${length}:${at}`);
      return at;
    }
  }
}

async function ask<T>(actor: Actor, effect: () => T, mishap: Error | undefined, budget: Budget): Promise<T> {
  try {
    return await actor.request(effect, mishap, budget.signal, actor.strikes() ? 20 : 1);
  } catch (error) {
    if (budget.signal.aborted) throw abortReason(budget.signal);
    throw error;
  }
}

/** Another sound of the same length, with the same header. */
function scramble(version: Buffer): Buffer {
  const other = Buffer.from(version);
  for (let at = 64; at < other.length; at += 97) other[at] = (other[at] ?? 0) ^ 0x5a;
  return other;
}
