import type { CatalogueRow } from '../../catalogue/schema.ts';
import { openSealed, sealBytes } from '../../record/sealed-object.ts';
import { type Budget, unlimited } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { ConsoleArchive } from '../console-archive.ts';
import { openRecording } from '../open-recording.ts';
import { makePeaks, type PeaksProgress } from './make-peaks.ts';
import { isPeaks } from './peak-maker.ts';

export const PEAKS_PREFIX = 'peaks/';
/** Waveforms that are remembered: half a megabyte for an hour. */
const MAX_REMEMBERED = 32;
/** ms; what is asked about a waveform that is being made. */
const MIN_RETRY_MS = 250;
const MAX_RETRY_MS = 5_000;

/** Beside nothing: it is derived, about people, and may be deleted. */
export const peaksKey = (key: string): string => `${PEAKS_PREFIX}${key}`;

export type PeaksAnswer =
  | { readonly state: 'made'; readonly peaks: Uint8Array }
  | { readonly state: 'making'; readonly retryMs: number }
  /** No format that this reads. */
  | { readonly state: 'none' };

interface Making {
  readonly progress: PeaksProgress;
  readonly startedAt: number;
  failed: ArchiveError | undefined;
}

/** Waveforms: made on demand, one recording at a time, and kept sealed. */
export class KeptPeaks {
  readonly #script: URL | undefined;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #waitMs: number;
  readonly #known = new Map<string, Uint8Array | 'none'>();
  readonly #making = new Map<string, Making>();
  #line: Promise<void> = Promise.resolve();

  /** @param script of the worker thread; without one no waveform is made, and those that are kept are shown. */
  constructor(options: {
    readonly script: URL | undefined;
    readonly logger: Logger;
    readonly now: () => number;
    /** ms that is waited for one that is being made; a function does nothing between two requests. @default 0 */
    readonly waitMs?: number;
  }) {
    this.#script = options.script;
    this.#logger = options.logger;
    this.#now = options.now;
    this.#waitMs = options.waitMs ?? 0;
  }

  /**
   * The peaks of a file, or how long to wait for them.
   *
   * @throws what kept making them from ending, once; then it is tried again.
   */
  async of(archive: ConsoleArchive, row: CatalogueRow, budget: Budget): Promise<PeaksAnswer> {
    const answer = await this.#look(archive, row, budget);
    if (answer.state !== 'making' || this.#waitMs === 0) return answer;
    await Promise.race([this.#line, sleepUnref(this.#waitMs)]);
    return this.#look(archive, row, budget);
  }

  async #look(archive: ConsoleArchive, row: CatalogueRow, budget: Budget): Promise<PeaksAnswer> {
    const id = `${archive.name ?? ''} ${row.key}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known === 'none' ? { state: 'none' } : { state: 'made', peaks: known };
    const making = this.#making.get(id);
    if (making?.failed !== undefined) {
      this.#making.delete(id);
      throw making.failed;
    }
    if (making !== undefined) return { state: 'making', retryMs: this.#retryMs(making) };
    const kept = await this.#readKept(archive, row, budget);
    if (kept !== undefined) {
      this.#remember(id, kept);
      return { state: 'made', peaks: kept };
    }
    if (archive.reader === undefined || this.#script === undefined) return { state: 'none' };
    this.#begin(id, archive, row, this.#script);
    return { state: 'making', retryMs: MIN_RETRY_MS };
  }

  /** Resolves when nothing is being made. */
  async idle(): Promise<void> {
    await this.#line;
  }

  #begin(id: string, archive: ConsoleArchive, row: CatalogueRow, script: URL): void {
    if (this.#making.has(id)) return;
    const making: Making = {
      progress: { doneBytes: 0, allBytes: 0 },
      startedAt: this.#now(),
      failed: undefined,
    };
    this.#making.set(id, making);
    this.#line = this.#make(this.#line, { id, archive, row, script, making });
  }

  async #make(
    before: Promise<void>,
    {
      id,
      archive,
      row,
      script,
      making,
    }: {
      readonly id: string;
      readonly archive: ConsoleArchive;
      readonly row: CatalogueRow;
      readonly script: URL;
      readonly making: Making;
    },
  ): Promise<void> {
    await before;
    try {
      const seekable = await openRecording(archive, row.key, unlimited);
      const work = { script, progress: making.progress };
      const { peaks, damagedLeaves } = await makePeaks(seekable, work, unlimited);
      this.#remember(id, peaks ?? 'none');
      this.#making.delete(id);
      // damage may be mended from a copy, and the waveform is made anew then
      if (peaks !== undefined && damagedLeaves === 0) await this.#keep(archive, row, peaks);
    } catch (thrown) {
      const error = toArchiveError(thrown);
      making.failed = error;
      this.#logger.log('warn', `no waveform: ${error.message}`, { key: row.key, code: error.code });
    }
  }

  async #readKept(
    { derived, reader }: ConsoleArchive,
    row: CatalogueRow,
    budget: Budget,
  ): Promise<Uint8Array | undefined> {
    if (reader === undefined) return undefined;
    try {
      const place = { key: peaksKey(row.key), ids: idsOf(row) };
      const opened = await openSealed(derived, reader, place, budget);
      return opened !== undefined && isPeaks(opened.bytes) ? opened.bytes : undefined;
    } catch (thrown) {
      const { code, retryable } = toArchiveError(thrown);
      if (retryable || budget.signal.aborted) throw thrown;
      this.#logger.log('warn', 'a waveform that was kept cannot be opened', { key: row.key, code });
      return undefined;
    }
  }

  async #keep({ derived, envelope }: ConsoleArchive, row: CatalogueRow, peaks: Uint8Array): Promise<void> {
    if (envelope === undefined) return;
    try {
      const { body, options } = await sealBytes(envelope, idsOf(row), peaks, unlimited);
      await derived.put(peaksKey(row.key), body, options, unlimited);
    } catch (thrown) {
      const { code, message } = toArchiveError(thrown);
      this.#logger.log('warn', `a waveform could not be kept: ${message}`, { key: row.key, code });
    }
  }

  #remember(id: string, peaks: Uint8Array | 'none'): void {
    this.#known.set(id, peaks);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }

  #retryMs({ progress: { doneBytes, allBytes }, startedAt }: Making): number {
    if (doneBytes === 0) return MIN_RETRY_MS;
    const left = ((this.#now() - startedAt) * (allBytes - doneBytes)) / doneBytes;
    return Math.round(Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, left)));
  }
}

function sleepUnref(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

function idsOf({ conversation_id: conversationId, recording_id: recordingId }: CatalogueRow) {
  return { conversationId: conversationId ?? 'unknown', recordingId };
}
