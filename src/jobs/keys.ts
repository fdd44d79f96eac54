/** Names of a job's objects. Pure. docs/jobs.md is their description. */
import { createHash } from 'node:crypto';

export const JOBS_PREFIX = 'jobs/';
/** One entry for each job, so that finding jobs does not list their shards. */
const INDEX_PREFIX = 'jobs/index/';

/** Items of one shard, at most. */
export const MAX_SHARD_ITEMS = 1_000;
export const MAX_SHARDS = 1_000_000;

/** Letters and digits that are not mistaken for each other: no `0`, `1`, `i`, `l`, `o`, `u`. */
const ALPHABET = '23456789abcdefghjkmnpqrstvwxyz';
const RANDOM_LENGTH = 6;
const JOB_ID = /^\d{8}t\d{4}-[2-9a-hjkmnp-tv-z]{6}$/;

/** `20261128t0738-k3f9qz`: the minute in UTC, so that ids sort by age, and six random characters, which people type. */
export function newJobId(now: number, random: () => number): string {
  const time = new Date(now).toISOString();
  const minute = `${time.slice(0, 10).replaceAll('-', '')}t${time.slice(11, 13)}${time.slice(14, 16)}`;
  let tail = '';
  for (let at = 0; at < RANDOM_LENGTH; at += 1) tail += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return `${minute}-${tail}`;
}

export function isJobId(text: string): boolean {
  return JOB_ID.test(text);
}

const six = (value: number): string => String(value).padStart(6, '0');

export const planKey = (id: string): string => `${JOBS_PREFIX}${id}/job.json`;
export const shardKey = (id: string, shard: number): string =>
  `${JOBS_PREFIX}${id}/shards/${six(shard)}.ndjson.gz`;
export const leasesPrefix = (id: string, shard: number): string =>
  `${JOBS_PREFIX}${id}/leases/${six(shard)}/`;
export const leaseKey = (id: string, shard: number, turn: number): string =>
  `${leasesPrefix(id, shard)}${six(turn)}.json`;
export const cursorsPrefix = (id: string, shard: number): string =>
  `${JOBS_PREFIX}${id}/cursor/${six(shard)}/`;
export const cursorKey = (id: string, { shard, turn }: ShardTurn, n: number): string =>
  `${cursorsPrefix(id, shard)}${six(turn)}-${six(n)}`;
export const failedKey = (id: string, { shard, turn }: ShardTurn): string =>
  `${JOBS_PREFIX}${id}/failed/${six(shard)}.${six(turn)}.ndjson.gz`;
export const donePrefix = (id: string, shard?: number): string =>
  `${JOBS_PREFIX}${id}/done/${shard === undefined ? '' : `${six(shard)}.`}`;
export const controlPrefix = (id: string): string => `${JOBS_PREFIX}${id}/control/`;
export const controlKey = (id: string, n: number): string => `${controlPrefix(id)}${six(n)}.json`;
export const reportKey = (id: string): string => `${JOBS_PREFIX}${id}/report.json`;
/** What a runner writes to learn the store's time. */
export const runnerKey = (id: string, owner: string): string =>
  `${JOBS_PREFIX}${id}/runners/${createHash('sha256').update(owner).digest('hex').slice(0, 24)}.json`;

/** A shard, and whose turn at it. */
export interface ShardTurn {
  readonly shard: number;
  readonly turn: number;
}

/** What a finished shard came to: all of it is in the marker's name, so that progress is one listing. */
export interface ShardDone extends ShardTurn {
  readonly done: number;
  readonly already: number;
  readonly failed: number;
  readonly bytes: number;
  /** Objects written. */
  readonly results: number;
  /** Time that its items took, in all turns. */
  readonly seconds: number;
}

/** `{shard}.{done}.{failed}.{bytes}.{already}.{results}.{turn}.{seconds}` */
export function doneKey(id: string, it: ShardDone): string {
  const counts = [it.done, it.failed, it.bytes, it.already, it.results, it.turn, it.seconds];
  return `${donePrefix(id, it.shard)}${counts.join('.')}`;
}

const DONE_NAME =
  /\/done\/(\d{6})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.(\d{1,6})\.(\d{1,9})$/;

/** @returns `undefined` for a name that is no marker's. */
export function parseDoneKey(key: string): ShardDone | undefined {
  const found = DONE_NAME.exec(key);
  if (found === null) return undefined;
  const [shard = 0, done = 0, failed = 0, bytes = 0, already = 0, results = 0, turn = 0, seconds = 0] = found
    .slice(1)
    .map(Number);
  return { shard, done, failed, bytes, already, results, turn, seconds };
}

/** Turn of a lease; `undefined` for another name. */
export function parseLeaseKey(key: string): number | undefined {
  const found = /\/leases\/\d{6}\/(\d{6})\.json$/.exec(key)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Turn and number of a cursor; `undefined` for another name. */
export function parseCursorKey(key: string): { readonly turn: number; readonly n: number } | undefined {
  const found = /\/cursor\/\d{6}\/(\d{6})-(\d{6})$/.exec(key);
  return found === null ? undefined : { turn: Number(found[1]), n: Number(found[2]) };
}

/** Number of a control; `undefined` for another name. */
export function parseControlKey(key: string): number | undefined {
  const found = /\/control\/(\d{6})\.json$/.exec(key)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** Written before the first shard: a job that is being planned, or was given up, can be seen. */
export const openedKey = (id: string): string => `${INDEX_PREFIX}${id}/opened.json`;
/** Written after the report: runners pass over the job from then on. */
export const closedKey = (id: string): string => `${INDEX_PREFIX}${id}/closed.json`;

/** The part of the index that holds jobs whose id begins with `start`. */
export const indexPrefix = (start = ''): string => `${INDEX_PREFIX}${start}`;

export function parseIndexKey(
  key: string,
): { readonly id: string; readonly what: 'opened' | 'closed' } | undefined {
  const found = /^jobs\/index\/([^/]+)\/(opened|closed)\.json$/.exec(key);
  const [, id = '', what] = found ?? [];
  if (!isJobId(id)) return undefined;
  return { id, what: what === 'opened' ? 'opened' : 'closed' };
}
