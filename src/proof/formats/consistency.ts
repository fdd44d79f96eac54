/**
 * The proof that a log begins with an older checkpoint, as a file: the body of a request to a witness, `add-checkpoint`.
 * https://c2sp.org/tlog-witness
 */
import { parseCount } from './checkpoint.ts';
import { HASH_BYTES } from './merkle.ts';
import { decodeBase64 } from './note.ts';

/** What the specification allows. */
const MAX_PATH = 63;

export interface LogConsistency {
  /** Entries of the older checkpoint. */
  readonly from: number;
  readonly path: readonly Buffer[];
  /** The newer signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

export function formatConsistency({ from, path, checkpoint }: LogConsistency): string {
  return `old ${from}\n${path.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;
}

/** `undefined` for every text that {@link formatConsistency} could not have written. */
export function parseConsistency(text: string): LogConsistency | undefined {
  const split = text.indexOf('\n\n');
  if (split === -1) return undefined;
  const [old = '', ...lines] = text.slice(0, split).split('\n');
  const from = old.startsWith('old ') ? parseCount(old.slice('old '.length)) : undefined;
  const path = lines.map(decodeBase64).filter((hash) => hash?.length === HASH_BYTES);
  if (from === undefined || path.length !== lines.length || path.length > MAX_PATH) return undefined;
  return {
    from,
    path: path.filter((hash) => hash !== undefined),
    checkpoint: text.slice(split + 2),
  };
}
