/** The proof of one entry as a file that needs nothing beside it. https://c2sp.org/tlog-proof */
import { parseCount } from './checkpoint.ts';
import { HASH_BYTES } from './merkle.ts';
import { decodeBase64 } from './note.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';

/** A tree of the largest size has no longer paths. */
const MAX_PATH = 64;

export interface LogProof {
  /** The entry, as it is hashed; the reader has to make sure of it. */
  readonly entry: Buffer;
  readonly index: number;
  readonly path: readonly Buffer[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

export function formatProof({ entry, index, path, checkpoint }: LogProof): string {
  const hashes = path.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `${HEADER}\nextra ${entry.toString('base64')}\nindex ${index}\n${hashes}\n${checkpoint}`;
}

/** `undefined` for every text that {@link formatProof} could not have written. */
export function parseProof(text: string): LogProof | undefined {
  const split = text.indexOf('\n\n');
  if (split === -1) return undefined;
  const [header, extra = '', counted = '', ...hashes] = text.slice(0, split).split('\n');
  const entry = extra.startsWith('extra ') ? decodeBase64(extra.slice('extra '.length)) : undefined;
  const index = counted.startsWith('index ') ? parseCount(counted.slice('index '.length)) : undefined;
  const path = hashes.flatMap((hash) => decodeBase64(hash) ?? []);
  const isWhole = path.length === hashes.length && path.every(({ length }) => length === HASH_BYTES);
  if (header !== HEADER || entry === undefined || index === undefined || !isWhole || path.length > MAX_PATH) {
    return undefined;
  }
  return { entry, index, path, checkpoint: text.slice(split + 2) };
}
