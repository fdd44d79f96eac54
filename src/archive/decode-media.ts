import { contentOf, MAX_SNIFFED_BYTES } from '../media-content.ts';
import { EndWatch, type EndVerdict } from './container-end.ts';
import { detectContainer } from './container.ts';
import { RiffStructure } from './riff-structure.ts';

/**
 * `decoded`: the structure of the container was followed from its first byte to its last. `doubtful`: it states something else than the
 * bytes that are there. `hashed`: of a format whose structure is not followed.
 */
export interface DecodedMedia {
  readonly state: 'decoded' | 'doubtful' | 'hashed';
  /** `wav`, `ogg`, `zip`; of what is only hashed what it looks like: `media`, `json`, `text`, `binary` … */
  readonly format: string;
}

/** Follows the structure of one file as its bytes pass. Keeps its beginning, and of a ZIP archive its end. */
export class MediaDecoder {
  readonly #riff = new RiffStructure();
  readonly #end = new EndWatch();
  #head: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): void {
    if (this.#head.length < MAX_SNIFFED_BYTES) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, MAX_SNIFFED_BYTES - this.#head.length)]);
    }
    this.#riff.push(chunk);
    this.#end.push(chunk);
  }

  /** After the last byte. */
  verdict(): DecodedMedia {
    const head = this.#head;
    const container = detectContainer(head);
    const isWave = container !== undefined && head.toString('latin1', 8, 12) === 'WAVE';
    if (isWave) {
      const { verdict } = this.#riff.verdict(container.totalBytes);
      return { state: verdict === 'whole' ? 'decoded' : 'doubtful', format: 'wav' };
    }
    if (head.toString('latin1', 0, 4) === 'OggS')
      return { state: stateOf(this.#end.verdict()), format: 'ogg' };
    if (head.toString('latin1', 0, 2) === 'PK') return { state: stateOf(this.#end.verdict()), format: 'zip' };
    return { state: 'hashed', format: contentOf(head) };
  }
}

const stateOf = (verdict: EndVerdict): DecodedMedia['state'] =>
  verdict === 'whole' ? 'decoded' : 'doubtful';
