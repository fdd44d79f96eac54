/**
 * Who looked at what is about people, or did something to what is kept: `access/YYYY/MM/DD/{time}-{random}.json`, written before it is
 * shown or done (docs/format.md).
 */
import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import type { ObjectStore } from '../ports.ts';
import { ACCESS_ACTIONS } from './access-actions.ts';
import { canonicalJson } from './canonical-json.ts';
import { putSmall } from './small-object.ts';
import { present } from '../present.ts';

export const ACCESS_PREFIX = 'access/';
/** Bytes; an export of 100 recordings has about 5 KB. */
export const MAX_ENTRY_BYTES = 64 * 1024;

const text = z.string().min(1).max(1_024);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

const entrySchema = z.strictObject({
  v: z.literal(1),
  /** ISO 8601. */
  at: z.iso.datetime(),
  who: text,
  /** Of one run of the command line, or of one signed-in browser in one process of the console. */
  session: text,
  /** From 1, within the session. */
  n: z.int().min(1),
  action: z.enum(ACCESS_ACTIONS),
  recording: text.exactOptional(),
  /** Of an action on several. */
  recordings: z.array(text).max(1_000).exactOptional(),
  /** The object, where one of several files of the recording is meant. */
  key: text.exactOptional(),
  /** What was looked for, without any number, address or name. */
  query: text.exactOptional(),
  reason: text.exactOptional(),
  /** Of a hold or a job. */
  subject: text.exactOptional(),
  outcome: z.enum(['granted', 'refused']),
  /** Names a listen; `listened` names the same one. */
  listen: text.exactOptional(),
  /** Of `listened`: seconds of the recording that the page says were heard, and bytes that were sent. */
  heard: z.array(z.array(z.number()).length(2)).max(1_000).exactOptional(),
  sentBytes: z.int().min(0).exactOptional(),
  /** SHA-256 in hex of the session’s entry before this one. */
  previous: hash.exactOptional(),
});

export type AccessEntry = Readonly<z.output<typeof entrySchema>>;

/** @param random 6 bytes or more, in hex. */
export function accessKey(at: string, random: string): string {
  const [date = '', time = ''] = at.split('T');
  return `${ACCESS_PREFIX}${date.replaceAll('-', '/')}/${time.replaceAll(/[:.]/g, '')}-${random.slice(0, 12)}.json`;
}

/** What the keys of a day’s entries begin with. @param day `YYYY-MM-DD`. */
export const accessDayPrefix = (day: string): string => `${ACCESS_PREFIX}${day.replaceAll('-', '/')}/`;

/** As an entry stands in the store. */
export function formatAccessEntry(entry: AccessEntry): Buffer {
  return Buffer.from(`${canonicalJson({ ...entry })}\n`);
}

/** What the session’s next entry names. */
export function hashAccessEntry(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `undefined` for what is no entry, or not in the one form that entries have. */
export function parseAccessEntry(json: string): AccessEntry | undefined {
  const parsed = entrySchema.safeParse(parseForeignJson(json));
  if (!parsed.success) return undefined;
  return `${canonicalJson({ ...parsed.data })}\n` === json ? parsed.data : undefined;
}

/**
 * Writes an entry. What it is about is shown only after that.
 *
 * @throws `STORE_*`; `STORE_UNAVAILABLE` (retryable) when an entry of that name is there.
 */
export async function writeAccessEntry(
  store: ObjectStore,
  entry: AccessEntry,
  random: string,
  budget: Budget,
): Promise<void> {
  const key = accessKey(entry.at, random);
  if (await keepAccessEntry(store, entry, key, budget)) return;
  throw new ArchiveError('STORE_UNAVAILABLE', `an access entry ${key} is there already`);
}

/** The same under a name of {@link accessKey}. @returns false when one of that name is there. @throws `STORE_*`. */
export async function keepAccessEntry(
  store: ObjectStore,
  entry: AccessEntry,
  key: string,
  budget: Budget,
): Promise<boolean> {
  return (await putSmall(store, key, formatAccessEntry(entry), budget)) === 'stored';
}

/**
 * Writes down who does what, before it is done. What is not written down is not done: let what it throws pass.
 *
 * @throws as {@link writeAccessEntry}.
 */
export async function noteAct(
  { store, clock }: { readonly store: ObjectStore; readonly clock: Pick<Clock, 'now'> },
  act: Pick<AccessEntry, 'who' | 'action' | 'query' | 'subject' | 'recordings'> & {
    readonly reason: string | undefined;
  },
  budget: Budget,
): Promise<void> {
  const { reason, ...what } = act;
  const entry: AccessEntry = {
    v: 1,
    at: new Date(clock.now()).toISOString(),
    session: randomBytes(8).toString('hex'),
    n: 1,
    ...what,
    ...present({ reason }),
    outcome: 'granted',
  };
  await writeAccessEntry(store, entry, randomBytes(6).toString('hex'), budget);
}
