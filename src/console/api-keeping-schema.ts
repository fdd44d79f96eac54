/** The second half of the API's shapes: completeness, work, holds, evidence, the access log. See `api-schema.ts`. */
import * as z from 'zod';
import { MAX_EVIDENCE, MAX_PAGE_ROWS } from './api-schema.ts';

const text = z.string().min(1).max(1_000);
const time = z.iso.datetime();
const count = z.int().min(0);
const archive = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/)
  .optional();
const limit = z.preprocess(Number, z.int().min(1).max(MAX_PAGE_ROWS)).optional();
const cursor = z.string().min(1).max(500).optional();

export const completenessQuery = z.strictObject({
  archive,
  year: z.string().regex(/^20\d\d$/),
});
/**
 * What is known of a day's statement. `none`: no statement; `unchecked`: no key of the log is configured; `provisional`: verifies, and
 * another one follows; `sealed`: verifies, and is final; `broken`: it does not verify.
 */
export const STATEMENT_STATES = ['none', 'unchecked', 'provisional', 'sealed', 'broken'] as const;
export const completenessDay = z.object({
  date: z.iso.date(),
  statement: z.enum(STATEMENT_STATES),
  /** What the platform recorded; `null`: not asked, because no statement says so. */
  recorded: count.nullable(),
  archived: count,
  gone: count,
  /** `null`: not asked. */
  pending: count.nullable(),
  missing: count.nullable(),
  /** Why a statement is `broken`. */
  why: z.string().optional(),
});
export const completenessYear = z.object({ year: z.int(), days: z.array(completenessDay) });

export const completenessDayQuery = z.strictObject({ archive, cursor, limit });
export const missingPage = z.object({
  items: z.array(z.object({ recording: z.string(), conversation: z.string().optional(), why: z.string() })),
  next: z.string().nullable(),
  day: completenessDay,
  /** What fetches what is missing, for a terminal. */
  command: z.string(),
});

export const workQuery = z.strictObject({ archive, limit, cursor });
export const jobShape = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string().optional(),
  state: z.enum(['planning', 'running', 'resting', 'waiting', 'paused', 'cancelled', 'finished']),
  createdAt: time,
  createdBy: z.string(),
  items: count,
  done: count,
  failed: count,
  bytes: count,
  /** Items a minute, `yield`: what live calls leave free. */
  rate: z.union([z.literal('yield'), z.number()]),
  /** Runners at work. */
  runners: count,
  /** Seconds that are left at the pace so far; `null`: not known. */
  etaS: z.number().nullable(),
  failures: z.array(z.object({ code: z.string(), count })),
  /** What its pace is limited by, and why the last runner stopped. */
  limitedBy: z.string().optional(),
  stoppedBy: z.string().optional(),
});
export const workPage = z.object({ items: z.array(jobShape), next: z.string().nullable() });
export const controlBody = z.strictObject({
  archive,
  wish: z.enum(['run', 'pause']).optional(),
  rate: z.union([z.literal('yield'), z.number().positive().max(1_000_000)]).optional(),
});

export const holdsQuery = z.strictObject({ archive });
export const holdShape = z.object({
  id: z.string(),
  matter: z.string(),
  reason: z.string().optional(),
  by: z.string(),
  at: time,
  selection: z.string(),
  /** Objects that it holds. */
  objects: count,
  signature: z.enum(['valid', 'unsigned', 'not-valid', 'not-asked']),
  released: z.object({ by: z.string(), at: time, reason: z.string().optional() }).nullable(),
  /** Something stands in the place of a release, and does not end the hold. */
  doubt: z.string().optional(),
});
/** A hold that was just placed, with what it does not keep by itself. */
export const placedHold = holdShape.extend({
  /** Objects that bear, or may bear, a tag by which the bucket removes them. */
  removable: count,
  /** Objects that are erased, or are being erased: that began before the hold. */
  erased: count,
});
export const holdsList = z.object({ items: z.array(holdShape) });
export const holdRecordings = z.object({
  items: z.array(z.object({ key: z.string(), recording: z.string(), channel: z.string().optional() })),
  next: z.string().nullable(),
});
export const holdRecordingsQuery = z.strictObject({ archive, cursor, limit });
export const holdBody = z.strictObject({
  archive,
  matter: text,
  reason: text.optional(),
  recordings: z.array(z.string().min(1).max(200)).min(1).max(1_000),
});
export const releaseBody = z.strictObject({ archive, reason: text });

export const evidenceBody = z.strictObject({
  archive,
  recordings: z.array(z.string().min(1).max(200)).min(1).max(MAX_EVIDENCE),
  reason: text,
  /** Also decrypted, for who cannot decrypt. */
  decrypted: z.boolean().default(false),
});
export const evidenceGranted = z.object({ evidence: z.string(), download: z.string(), expiresInS: z.int() });

export const accessQuery = z.strictObject({
  archive,
  person: text.optional(),
  recording: z.string().min(1).max(200).optional(),
  action: z.string().min(1).max(40).optional(),
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  cursor,
  limit,
});
export const accessEntry = z.object({
  at: time,
  who: z.string(),
  session: z.string(),
  n: z.int(),
  action: z.string(),
  recording: z.string().optional(),
  /** Of an action on several. */
  recordings: z.array(z.string()).optional(),
  /** A hold or a job. */
  subject: z.string().optional(),
  query: z.string().optional(),
  reason: z.string().optional(),
  outcome: z.enum(['granted', 'refused']),
  /** Of a listen that ended: seconds that were heard, as the page says, and bytes that were sent. */
  heard: z.array(z.tuple([z.number(), z.number()])).optional(),
  sentBytes: z.int().optional(),
});
export const accessPage = z.object({
  items: z.array(accessEntry),
  next: z.string().nullable(),
  /** `intact`, or where a chain of the days that were read is broken. */
  chain: z.string(),
});

export const healthShape = z.object({ status: z.enum(['ok', 'stopping', 'store-unavailable']) });
export const aboutShape = z.object({
  version: z.string(),
  node: z.string(),
  archives: z.array(
    z.object({
      name: z.string().optional(),
      store: z.string(),
      catalogue: z.string(),
      organization: z.string().optional(),
      reads: z.boolean(),
      receiptKeys: z.array(z.string()),
      logKeys: z.array(z.string()),
      warnings: z.array(z.string()),
    }),
  ),
  session: z.string(),
  licences: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() })),
});

export type CompletenessDay = z.output<typeof completenessDay>;
export type CompletenessYear = z.output<typeof completenessYear>;
export type MissingPage = z.output<typeof missingPage>;
export type JobShape = z.output<typeof jobShape>;
export type WorkPage = z.output<typeof workPage>;
export type ControlBody = z.input<typeof controlBody>;
export type HoldShape = z.output<typeof holdShape>;
export type PlacedHold = z.output<typeof placedHold>;
export type HoldsList = z.output<typeof holdsList>;
export type HoldRecordings = z.output<typeof holdRecordings>;
export type HoldBody = z.input<typeof holdBody>;
export type ReleaseBody = z.input<typeof releaseBody>;
export type EvidenceBody = z.input<typeof evidenceBody>;
export type EvidenceGranted = z.output<typeof evidenceGranted>;
export type AccessRow = z.output<typeof accessEntry>;
export type AccessPage = z.output<typeof accessPage>;
export type Health = z.output<typeof healthShape>;
export type About = z.output<typeof aboutShape>;
