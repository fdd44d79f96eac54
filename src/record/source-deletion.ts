/**
 * What the archive did at the source about one recording: `source-deletions/YYYY/MM/DD/{hash}/{n}.json`, one object for each step, written
 * once and in order (docs/source-delete.md). The day is that of the recording's objects.
 */
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import { parseDay } from '../recording/time.ts';
import { canonicalJson } from './canonical-json.ts';
import { subjectHash } from './erasure.ts';
import { SIGNATURE } from './receipt/schema.ts';

export const SOURCE_DELETION_PREFIX = 'source-deletions/';
export const SOURCE_DELETION_SCHEMA = 'genesys-media-archive/source-deletion/v1';

/** Bytes. */
export const MAX_SOURCE_DELETION_BYTES = 16_384;
/** Steps of one recording; more are none of this program's. */
export const MAX_STEPS = 9_999;

/**
 * `marking`: a date is about to be set. `marked`: it was read back. `refused`: the platform did not take it, and none is set by us.
 * `cancelling`, `cancelled`: the date is taken back, and was. `gone`: the platform says that it has the recording no more.
 */
export const SOURCE_STEPS = ['marking', 'marked', 'refused', 'cancelling', 'cancelled', 'gone'] as const;
export type SourceStep = (typeof SOURCE_STEPS)[number];

const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });
const day = z.string().refine((value) => parseDay(value) !== undefined);

const sourceDeletion = z.strictObject({
  schema: z.literal(SOURCE_DELETION_SCHEMA),
  n: z.int().min(1).max(MAX_STEPS),
  step: z.enum(SOURCE_STEPS),
  day,
  ids: z.strictObject({ conversation: text, recording: text }),
  /** Who acts, as they name themselves. */
  by: z.string().min(1).max(256),
  reason: z.string().min(1).max(256).exactOptional(),
  /** The plan that was confirmed. */
  job: z.string().min(1).max(64).exactOptional(),
  /** That we set: the platform deletes the recording on that day, UTC. */
  deleteDate: time.exactOptional(),
  /** As the platform had them before, to be put back. */
  before: z
    .strictObject({ deleteDate: text.exactOptional(), archiveDate: text.exactOptional() })
    .exactOptional(),
  /** With `marking`: what was found of the archive's own copy. */
  verified: z
    .strictObject({
      objects: z.int().min(1),
      bytes: z.int().min(0),
      /** Compared with a new download. */
      compared: z.boolean(),
      context: z.enum(['kept', 'not-wanted']),
      transcript: z.enum(['kept', 'none', 'not-wanted']),
      /** Of the drill that counts. */
      drill: day,
      /** What says that the copy is not redacted. */
      unredacted: z.enum(['compared', 'stated']),
    })
    .exactOptional(),
  /** With `gone`: how the platform said it. With `refused`: the code. */
  answer: z.string().min(1).max(64).exactOptional(),
  times: z.strictObject({ issued: time }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

export type SourceDeletion = z.output<typeof sourceDeletion>;

export function sourceDeletionPrefix(dayOf: string, recordingId?: string): string {
  const folder = `${SOURCE_DELETION_PREFIX}${dayOf.replaceAll('-', '/')}/`;
  return recordingId === undefined ? folder : `${folder}${subjectHash(recordingId)}/`;
}

export function sourceDeletionKey({
  day: dayOf,
  recording,
  n,
}: {
  readonly day: string;
  readonly recording: string;
  readonly n: number;
}): string {
  return `${sourceDeletionPrefix(dayOf, recording)}${String(n).padStart(4, '0')}.json`;
}

/** `undefined` for other keys, such as those of {@link actKey}. */
export function parseSourceDeletionKey(
  key: string,
): { readonly day: string; readonly recording: string; readonly n: number } | undefined {
  const [, year, month, date, recording = '', n = ''] =
    /^source-deletions\/(\d{4})\/(\d{2})\/(\d{2})\/([0-9a-f]{64})\/(\d{4})\.json$/.exec(key) ?? [];
  const named = `${year}-${month}-${date}`;
  return parseDay(named) === undefined ? undefined : { day: named, recording, n: Number(n) };
}

/** One act of a day: that it is there makes it count against the most that a day may have. @param number from 1. */
export function actKey(dayOfAct: string, number: number): string {
  return `${actsPrefix(dayOfAct)}${String(number).padStart(7, '0')}.json`;
}

export const actsPrefix = (dayOfAct: string): string => `${SOURCE_DELETION_PREFIX}acts/${dayOfAct}/`;

/** `undefined` for what is none in its one spelling. */
export function parseSourceDeletion(json: string): SourceDeletion | undefined {
  const result = z.safeParse(sourceDeletion, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}

/** What is gone is so because of us when a date that we set, and did not take back, had come. */
export function isByUs(last: SourceDeletion | undefined, now: number): boolean {
  if (last === undefined || last.deleteDate === undefined) return last?.step === 'gone';
  if (last.step === 'gone') return true;
  const mayStand = last.step === 'marked' || last.step === 'marking' || last.step === 'cancelling';
  return mayStand && Date.parse(last.deleteDate) <= now;
}
