import { getJson, postJson } from '../api.ts';
import type { ListenBody, ListenEndBody, ListenGranted, ListenState } from '../api-types.ts';
import { Channels, type Heard } from './channels.ts';
import { heardTo } from './heard.ts';
import { type Span, skipFrom } from './silence.ts';

/** Seconds; after a pause the last words are heard once more. */
const RESUME_BACK_S = 1;
/** ms; the server forgets a listen after 15 idle minutes. */
const KEEP_ALIVE_MS = 300_000;

export interface Refused {
  /** Seconds; `undefined` where the length is not known. */
  readonly span: Span | undefined;
  readonly code: string;
}

export type Trouble =
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'damaged'; readonly refused: readonly Refused[] }
  | { readonly kind: 'expired' }
  | { readonly kind: 'media'; readonly detail: string };

/** A body of a request; JSON leaves out what is `undefined`. */
type Asked<T> = { readonly [K in keyof T]: T[K] | undefined };

/**
 * Plays one file through an `<audio>` element that has no address until the listen is granted. `change` tells of every change of its
 * state.
 */
export class Playback extends EventTarget {
  readonly #audio: HTMLAudioElement;
  readonly #channels: Channels;
  #granted: ListenGranted | undefined;
  #asking = false;
  #heard: Span[] = [];
  #last = 0;
  #wasPaused = false;
  #askedAt = 0;
  #damaged: readonly Refused[] = [];
  #trouble: Trouble | undefined;
  /** Spans that are left out, where silence is skipped. */
  skipped: readonly Span[] = [];

  constructor(audio: HTMLAudioElement) {
    super();
    this.#audio = audio;
    this.#channels = new Channels(audio);
    audio.addEventListener('timeupdate', () => this.#moved());
    audio.addEventListener('error', () => void this.#failed());
    for (const name of [
      'play',
      'pause',
      'seeking',
      'seeked',
      'durationchange',
      'ended',
      'waiting',
      'playing',
      'ratechange',
    ]) {
      audio.addEventListener(name, () => this.#changed());
    }
  }

  get isGranted(): boolean {
    return this.#granted !== undefined;
  }
  get isAsking(): boolean {
    return this.#asking;
  }
  get isPlaying(): boolean {
    return !this.#audio.paused && !this.#audio.ended;
  }
  /** Waits for sound. */
  get isWaiting(): boolean {
    return this.isPlaying && this.#audio.readyState < 3;
  }
  get position(): number {
    return this.#audio.currentTime;
  }
  /** Seconds; `undefined` before the head of the file is there. */
  get duration(): number | undefined {
    const { duration } = this.#audio;
    return Number.isFinite(duration) && duration > 0 ? duration : undefined;
  }
  get rate(): number {
    return this.#audio.playbackRate;
  }
  get damaged(): readonly Refused[] {
    return this.#damaged;
  }
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Asks to listen, which is on record before the first byte, and plays from `at`. */
  async listen(body: Asked<ListenBody>, at = 0): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    this.#trouble = undefined;
    this.#changed();
    try {
      this.#granted = await postJson<ListenGranted>('/api/listens', body);
      this.#askedAt = Date.now();
      const { rate } = this;
      this.#audio.src = this.#granted.media;
      this.#audio.playbackRate = rate;
      if (at > 0) this.#audio.currentTime = at;
      this.#last = at;
      this.#wasPaused = false;
      await this.#audio.play();
    } catch (error) {
      // the element tells of its own failures by an event
      if (this.#granted === undefined || !(error instanceof DOMException))
        this.#trouble = { kind: 'refused', error };
    } finally {
      this.#asking = false;
      this.#changed();
    }
  }

  async toggle(): Promise<void> {
    if (this.isPlaying) {
      this.#audio.pause();
      this.#wasPaused = true;
      return;
    }
    if (this.#wasPaused) this.seek(this.position - RESUME_BACK_S);
    try {
      await this.#audio.play();
    } catch {
      // the element tells of it by an event
    }
  }

  seek(at: number): void {
    const to = Math.max(0, Math.min(at, this.duration ?? at));
    this.#last = to;
    this.#wasPaused = false;
    if (this.#audio.error !== null && this.#granted !== undefined) void this.#startAgain(this.#granted, to);
    else this.#audio.currentTime = to;
    this.#changed();
  }

  /** An element that failed plays again only from its address on. */
  async #startAgain(granted: ListenGranted, at: number): Promise<void> {
    const { rate } = this;
    this.#trouble = undefined;
    this.#audio.src = granted.media;
    this.#audio.playbackRate = rate;
    this.#audio.currentTime = at;
    try {
      await this.#audio.play();
    } catch {
      // the element tells of it by an event
    }
  }

  setRate(rate: number): void {
    this.#audio.playbackRate = rate;
    this.#audio.defaultPlaybackRate = rate;
  }

  hear(heard: Heard): Promise<void> {
    return this.#channels.hear(heard);
  }

  /** Reports what was heard, and lets the listen go. */
  end(): void {
    const granted = this.#granted;
    this.#granted = undefined;
    this.#audio.pause();
    this.#audio.removeAttribute('src');
    this.#channels.close();
    if (granted === undefined) return;
    const body: ListenEndBody = {
      heard: this.#heard.slice(0, 1000).map(([start, end]) => [round(start), round(end)]),
    };
    postJson(`/api/listens/${granted.listen}/end`, body, true).catch(() => undefined);
  }

  #moved(): void {
    const at = this.position;
    if (this.isPlaying && !this.#audio.seeking) this.#heard = heardTo(this.#heard, this.#last, at);
    this.#last = at;
    const to = this.isPlaying ? skipFrom(this.skipped, at) : undefined;
    if (to !== undefined) this.seek(to);
    if (this.isPlaying && Date.now() - this.#askedAt > KEEP_ALIVE_MS) void this.#ask();
    this.#changed();
  }

  async #ask(near?: number): Promise<ListenState | undefined> {
    if (this.#granted === undefined) return undefined;
    this.#askedAt = Date.now();
    return getJson<ListenState>(`/api/listens/${this.#granted.listen}`, { near }).catch(() => undefined);
  }

  /** A media element cannot say why it failed: the server can. */
  async #failed(): Promise<void> {
    const granted = this.#granted;
    if (granted === undefined || this.#audio.getAttribute('src') === null) return;
    const detail = this.#audio.error?.message ?? '';
    const length = this.duration;
    const state = await this.#ask(length && this.position / length);
    if (state === undefined) {
      this.#trouble = { kind: 'expired' };
      this.#granted = undefined;
    } else if (state.refused.length === 0) {
      this.#trouble = { kind: 'media', detail };
    } else {
      const second = (byte: number) => (byte / granted.bytes) * (length ?? 0);
      this.#damaged = state.refused.map(({ first, last, code }) => ({
        span: length === undefined ? undefined : [second(first), second(last + 1)],
        code,
      }));
      this.#trouble = { kind: 'damaged', refused: this.#damaged };
    }
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

const round = (seconds: number): number => Math.round(seconds * 10) / 10;
