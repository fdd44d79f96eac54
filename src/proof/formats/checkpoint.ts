/** The head of the log: three lines. https://c2sp.org/tlog-checkpoint */
import { HASH_BYTES } from './merkle.ts';
import { decodeBase64, isKeyName } from './note.ts';

export interface Checkpoint {
  /** Names the log, and its key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** What is signed in other places begins with this; no log may be named so. */
const RESERVED = 'genesys-media-archive/';

/** Reports whether a text can name a log. */
export function isOrigin(origin: string): boolean {
  return isKeyName(origin) && !origin.startsWith(RESERVED) && !origin.includes('://');
}

/** Returns the text that is signed, with its last line feed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** `undefined` for every text that {@link formatCheckpoint} could not have written; extension lines are refused. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin = '', digits = '', encoded = '', ...rest] = text.split('\n');
  const size = parseCount(digits);
  const root = decodeBase64(encoded);
  if (rest.length !== 1 || rest[0] !== '' || !isKeyName(origin) || size === undefined) return undefined;
  return root?.length === HASH_BYTES ? { origin, size, root } : undefined;
}

/** Reads a decimal number without sign or leading zeros. Twelve digits are up to the largest tree, `MAX_TREE_SIZE`. */
export function parseCount(digits: string): number | undefined {
  return /^(?:0|[1-9]\d{0,11})$/.test(digits) ? Number(digits) : undefined;
}
