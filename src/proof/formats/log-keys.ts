/** The names of all objects of a log: `proof/{organizationId}/…`. docs/proof.md, "Objects". */

/** Everything of every log stands under this prefix. */
export const PROOF_PREFIX = 'proof/';

/** Digits of a size in a key, so that keys sort as sizes do. */
const SIZE_DIGITS = 12;

/** Of epoch ms, so that they sort as times do. */
const COUNTED_DIGITS = 15;

/** Days for which what was counted of a day is used; then the day is counted anew, and nothing reads it any more. */
export const COUNTED_DAYS = 7;

const digits = (size: number) => String(size).padStart(SIZE_DIGITS, '0');
const dayPath = (day: string) => day.replaceAll('-', '/');

export interface LogKeys {
  readonly prefix: string;
  readonly log: string;
  readonly checkpoint: string;
  readonly days: string;
  readonly checkpoints: string;
  readonly seals: string;
  seal(from: number): string;
  statement(day: string, index: number): string;
  dayPrefix(day: string): string;
  note(size: number): string;
  token(size: number, authority: string): string;
  /** @param witness id of its key, 8 hex digits. */
  cosignature(size: number, witness: string): string;
  key(index: number): string;
  readonly lists: string;
  list(day: string, root: string, kind: 'source' | 'exceptions'): string;
  /** Of the access entries of a day. @param root hex. */
  accessList(day: string, root: string): string;
  /** Of what has been counted of days that are not counted to the end. */
  readonly counting: string;
  /** @param at epoch ms. */
  counted(day: string, at: number): string;
  /** Of a path below the log's own prefix. */
  path(relative: string): string;
}

/** @param organizationId as in `GENESYS_ORGANIZATION_ID`. */
export function logKeys(organizationId: string): LogKeys {
  const prefix = `${PROOF_PREFIX}${organizationId}/`;
  return {
    prefix,
    log: `${prefix}log.json`,
    checkpoint: `${prefix}checkpoint`,
    days: `${prefix}days/`,
    checkpoints: `${prefix}checkpoints/`,
    seals: `${prefix}seals/`,
    seal: (from) => `${prefix}seals/${digits(from)}.json.gz`,
    statement: (day, index) => `${prefix}days/${dayPath(day)}/${digits(index)}.json`,
    dayPrefix: (day) => `${prefix}days/${dayPath(day)}/`,
    note: (size) => `${prefix}checkpoints/${digits(size)}.note`,
    token: (size, authority) => `${prefix}checkpoints/${digits(size)}.${authority}.tsr`,
    cosignature: (size, witness) => `${prefix}checkpoints/${digits(size)}.${witness}.cosig`,
    key: (index) => `${prefix}keys/${digits(index)}.json`,
    lists: `${prefix}lists/`,
    list: (day, root, kind) => `${prefix}lists/${dayPath(day)}/${root.slice(0, 16)}.${kind}.jsonl.gz`,
    accessList: (day, root) => `${prefix}access/${dayPath(day)}/${root}.sha256.gz`,
    counting: `${prefix}counting/`,
    counted: (day, at) =>
      `${prefix}counting/${dayPath(day)}/${String(at).padStart(COUNTED_DIGITS, '0')}.json.gz`,
    path: (relative) => prefix + relative,
  };
}

/** Returns day and place in the log that a statement's key names. */
export function parseStatementKey(
  keys: LogKeys,
  key: string,
): { readonly day: string; readonly index: number } | undefined {
  if (!key.startsWith(keys.days)) return undefined;
  const [, date, index] = /^(\d{4}\/\d{2}\/\d{2})\/(\d{12})\.json$/.exec(key.slice(keys.days.length)) ?? [];
  return date === undefined ? undefined : { day: date.replaceAll('/', '-'), index: Number(index) };
}

/** Returns the size that the key of a checkpoint names. */
export function parseNoteKey(keys: LogKeys, key: string): number | undefined {
  if (!key.startsWith(keys.checkpoints)) return undefined;
  const [, size] = /^(\d{12})\.note$/.exec(key.slice(keys.checkpoints.length)) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Returns day and time (epoch ms) of what was counted. */
export function parseCountedKey(
  keys: LogKeys,
  key: string,
): { readonly day: string; readonly at: number } | undefined {
  if (!key.startsWith(keys.counting)) return undefined;
  const [, date, at] =
    /^(\d{4}\/\d{2}\/\d{2})\/(\d{15})\.json\.gz$/.exec(key.slice(keys.counting.length)) ?? [];
  return date === undefined ? undefined : { day: date.replaceAll('/', '-'), at: Number(at) };
}
