/**
 * The shapes of the console's API, once: requests are checked with them, `docs/console-api.md` is generated from them, and the page
 * takes its types from them. A member that is absent is not known or not asked; `null` is said where both must be told apart.
 */
import * as z from 'zod';
import { ROW_STATES } from '../catalogue/day/row-states.ts';

export const ROLES = ['viewer', 'auditor', 'custodian', 'overseer', 'operator'] as const;
/** What a person may do. The server decides by these; the page shows by them. */
export const GRANTS = [
  'see',
  'listen',
  'read',
  'verify',
  'reveal',
  'export',
  'hold',
  'oversee',
  'operate',
] as const;
export const PAGE_ROWS = 100;
export const MAX_PAGE_ROWS = 500;
/** Recordings of one evidence package. */
export const MAX_EVIDENCE = 100;

const text = z.string().min(1).max(1_000);
const time = z.iso.datetime();
const day = z.iso.date();
const id = z.string().min(1).max(200);
const count = z.int().min(0);
const cursor = z.string().min(1).max(500);
/** A query string has texts: one value is a list of one. */
const list = <T extends z.ZodType>(one: T, most: number) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(one).min(1).max(most));
const number = z.preprocess((value) => (value === '' ? value : Number(value)), z.number().min(0));
const truth = z.enum(['true', 'false']).transform((value) => value === 'true');
/** Which of several archives; the only one, or the first, without it. */
const archive = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/)
  .optional();

export const errorShape = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }),
});

export const sessionBody = z.strictObject({ token: z.string().min(1).max(200) });

export const meShape = z.object({
  name: z.string(),
  /** `launch`: who started the console on this machine; has every grant. */
  signIn: z.enum(['launch', 'provider']),
  roles: z.array(z.enum(ROLES)),
  grants: z.array(z.enum(GRANTS)),
  divisions: z.union([z.literal('*'), z.array(z.string())]),
  reasonRequired: z.boolean(),
  expiresAt: time,
  /** Ends earlier than `expiresAt` where nothing is asked. */
  idleMinutes: z.int(),
  /** Names; empty where there is one, which has none. */
  archives: z.array(z.string()),
  version: z.string(),
});

const named = z.object({ id: z.string(), name: z.string().optional() });

/** One file of a recording, as the catalogue has it. */
export const recordingRow = z.object({
  id: z.string(),
  archive: z.string().optional(),
  channel: z.string().optional(),
  /** `null` for an object without a receipt. */
  conversation: z.string().nullable(),
  recordedAt: time,
  /** Of the conversation. */
  seconds: z.number().optional(),
  /** Of the object, encrypted; `null` without one. */
  bytes: z.int().nullable(),
  contentType: z.string().optional(),
  media: z.string().optional(),
  /** Ids, or keyed hashes of them. */
  agents: z.array(z.string()).optional(),
  queues: z.array(named).optional(),
  wrapUps: z.array(named).optional(),
  direction: z.string().optional(),
  /** `null`: not known. */
  divisions: z.array(z.string()).nullable(),
  state: z.enum(ROW_STATES),
  kind: z.string().optional(),
  held: z.boolean(),
  holds: z.array(z.string()).optional(),
});

export const recordingsQuery = z.strictObject({
  archive,
  /** A day, or a time with its zone; both included. */
  from: z.union([day, z.iso.datetime({ offset: true })]).optional(),
  to: z.union([day, z.iso.datetime({ offset: true })]).optional(),
  /** Ids of recordings or conversations, as many as are pasted. */
  id: list(id, 1_000).optional(),
  /** Ids, or names with the grant `reveal`, which is an access entry. */
  agent: list(text, 20).optional(),
  /** Ids or names. */
  queue: list(text, 20).optional(),
  wrapUp: list(text, 20).optional(),
  /** A number or an address of the other side; with the grant `reveal`, and an access entry. */
  customer: list(text, 5).optional(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  media: list(z.enum(['call', 'screen', 'chat', 'email', 'message']), 5).optional(),
  minSeconds: number.optional(),
  maxSeconds: number.optional(),
  held: truth.optional(),
  state: list(z.enum(ROW_STATES), ROW_STATES.length).optional(),
  reason: text.optional(),
  cursor: cursor.optional(),
  limit: z.preprocess(Number, z.int().min(1).max(MAX_PAGE_ROWS)).optional(),
});

const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable(),
    /** Of the first page; counted up to 10,000. */
    total: z.object({ count, exact: z.boolean() }).optional(),
  });

export const recordingsPage = pageOf(recordingRow).extend({
  /** When the catalogue was brought up to date; `null`: not known. */
  asOf: time.nullable(),
});

export const archiveQuery = z.strictObject({ archive });

/** `yes` by its format; a browser may still refuse it. `no-key`: no key is configured. `no-object`: it was not archived, or is gone. */
export const PLAYABLE = ['yes', 'format', 'no-key', 'no-object', 'unknown'] as const;

export const recordingFile = z.object({
  channel: z.string().optional(),
  key: z.string(),
  version: z.int(),
  state: z.enum(ROW_STATES),
  bytes: z.int().nullable(),
  contentType: z.string().optional(),
  playable: z.enum(PLAYABLE),
  /** What it is, by its first bytes: `WAV PCM`, `WAV G.729` …; without a key not known. */
  format: z.string().optional(),
  /** Whether its receipt’s leaves are signed: else the first sound waits until the whole object was read. */
  seekable: z.enum(['leaves', 'whole', 'unknown']),
});

export const recordingDetail = recordingRow.extend({
  files: z.array(recordingFile),
  /** What the platform said of the conversation; absent where none was archived or no key opens it. */
  context: z.record(z.string(), z.unknown()).optional(),
  contextState: z.enum(['read', 'none', 'no-key', 'not-allowed', 'damaged']),
  /** As it stands, of the first file; `null` without one. */
  receipt: z.record(z.string(), z.unknown()).nullable(),
  /** Whether the reference at the platform has been written. */
  links: z.array(z.object({ key: z.string(), written: time })),
});

export const fileQuery = z.strictObject({ archive, channel: z.string().max(32).optional() });

export const DEPTHS = ['head', 'ciphertext', 'full'] as const;
export const verificationQuery = fileQuery.extend({ depth: z.enum(DEPTHS).default('head') });
export const verification = z.object({
  verdict: z.enum(['verified', 'findings', 'unsigned']),
  findings: z.array(z.object({ kind: z.string(), detail: z.string() })),
  depth: z.enum(DEPTHS),
  checkedAt: time,
  ms: z.number(),
  /** Id of the key that signed the receipt. */
  signedBy: z.string().optional(),
});

export const MAX_COLUMNS = 4_096;
const columns = z.preprocess(Number, z.int().min(1).max(MAX_COLUMNS));
/** Seconds. */
export const peaksQuery = fileQuery.extend({
  from: number.optional(),
  to: number.optional(),
  columns: columns.optional(),
});
export const peaksPending = z.object({ retryMs: z.int() });

export const transcriptShape = z.object({
  language: z.string(),
  turns: z.array(
    z.object({
      channel: z.string(),
      start: z.number(),
      end: z.number(),
      text: z.string(),
      confidence: z.number().optional(),
    }),
  ),
});

export const listenBody = z.strictObject({
  recording: id,
  archive,
  channel: z.string().max(32).optional(),
  reason: text.optional(),
});
export const listenGranted = z.object({
  listen: z.string(),
  media: z.string(),
  contentType: z.string(),
  bytes: z.int(),
  expiresInS: z.int(),
  /** Bytes that one answer has at most, and where such pieces begin. */
  leafBytes: z.int(),
});
export const listenQuery = z.strictObject({
  near: z.preprocess(Number, z.number().min(0).max(1)).optional(),
});
export const listenState = z.object({
  refused: z.array(z.object({ first: z.int(), last: z.int(), code: z.string() })),
  expiresInS: z.int(),
});
/** Seconds of the recording that were heard. */
export const listenEndBody = z.strictObject({
  heard: z.array(z.tuple([z.number().min(0), z.number().min(0)])).max(1_000),
});

export type Role = (typeof ROLES)[number];
export type Grant = (typeof GRANTS)[number];
export type ErrorShape = z.output<typeof errorShape>;
export type SessionBody = z.input<typeof sessionBody>;
export type Me = z.output<typeof meShape>;
export type RecordingRow = z.output<typeof recordingRow>;
export type RecordingsQuery = z.output<typeof recordingsQuery>;
export type RecordingsPage = z.output<typeof recordingsPage>;
export type RecordingFile = z.output<typeof recordingFile>;
export type RecordingDetail = z.output<typeof recordingDetail>;
export type Verification = z.output<typeof verification>;
export type PeaksPending = z.output<typeof peaksPending>;
export type Transcript = z.output<typeof transcriptShape>;
export type ListenBody = z.input<typeof listenBody>;
export type ListenGranted = z.output<typeof listenGranted>;
export type ListenState = z.output<typeof listenState>;
export type ListenEndBody = z.input<typeof listenEndBody>;
