/** Where the files of the catalogue stand (docs/catalogue.md). */
import { createHash } from 'node:crypto';
import { DAY_MS, dayOf, parseDay } from '../recording/time.ts';

export const CATALOGUE_PREFIX = 'catalogue/';
/** Nothing else stands below it: other programs read all of it. */
export const DAYS_PREFIX = 'catalogue/recordings/v1/';
export const PEOPLE_PREFIX = 'catalogue/people/v1/';
export const LOOKUP_PREFIX = 'catalogue/lookup/v1/';
export const SEARCH_KEYS_PREFIX = 'catalogue/keys/';
/** When which days were last looked at. */
export const RUNS_KEY = 'catalogue/runs.json';

export const MAX_SHARDS = 64;

/** One of the files that a day is kept in; nearly always the only one. */
export interface Shard {
  readonly index: number;
  /** 1, or a power of two. */
  readonly of: number;
}

export const WHOLE_DAY: Shard = { index: 0, of: 1 };

const nameOf = (base: string, { index, of }: Shard) => (of === 1 ? base : `${base}-${index}-of-${of}`);

export const dayFileKey = (day: string, shard: Shard = WHOLE_DAY): string =>
  `${DAYS_PREFIX}day=${day}/${nameOf('recordings', shard)}.parquet`;

export const peopleFileKey = (day: string, shard: Shard = WHOLE_DAY): string =>
  `${PEOPLE_PREFIX}day=${day}/${nameOf('people', shard)}.parquet.enc`;

const DAY_FILE =
  /^catalogue\/recordings\/v1\/day=(\d{4}-\d{2}-\d{2})\/recordings(?:-(\d+)-of-(\d+))?\.parquet$/;

/** `undefined` for a key that {@link dayFileKey} gives to no file. */
export function parseDayFileKey(key: string): { readonly day: string; readonly shard: Shard } | undefined {
  const [, day = '', index = '0', of = '1'] = DAY_FILE.exec(key) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (parseDay(day) === undefined || dayFileKey(day, shard) !== key || shard.index >= shard.of)
    return undefined;
  return { day, shard };
}

/** All shards of a day. */
export const shardsOf = (of: number): readonly Shard[] =>
  Array.from({ length: of }, (_, index) => ({ index, of }));

/** Which of `of` shards the row of an object is in: by the first bits of SHA-256 of its key. */
export function shardOfKey(key: string, of: number): number {
  if (of === 1) return 0;
  return Math.floor((createHash('sha256').update(key).digest().readUInt8(0) * of) / 256);
}

export type LookupKind = 'conversation' | 'recording' | 'customer';
export const LOOKUP_KINDS: readonly LookupKind[] = ['conversation', 'recording', 'customer'];

/** @param month `YYYY-MM`. */
export const lookupKey = (kind: LookupKind, month: string): string =>
  `${LOOKUP_PREFIX}${kind}/${month}.parquet`;

export function parseLookupKey(
  key: string,
): { readonly kind: LookupKind; readonly month: string } | undefined {
  const [, kind, month] = /^catalogue\/lookup\/v1\/([a-z]+)\/(\d{4}-\d{2})\.parquet$/.exec(key) ?? [];
  const known = LOOKUP_KINDS.find((one) => one === kind);
  return known === undefined || month === undefined ? undefined : { kind: known, month };
}

/** What a file of people is sealed for: ids that no recording can have. */
export const peopleIds = (day: string) => ({
  conversationId: 'catalogue/v1',
  recordingId: `people/${day}`,
});

export const searchKeyKey = (serial: number): string => `${SEARCH_KEYS_PREFIX}search-${serial}.json.enc`;
export const searchKeyIds = (serial: number) => ({
  conversationId: 'catalogue/v1',
  recordingId: `search-key/${serial}`,
});

export { dayOf };
export const dayAt = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const nextDay = (day: string, by = 1): string => dayOf(dayAt(day) + by * DAY_MS);
