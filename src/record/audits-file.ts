/**
 * Audits files: what the platform's own audit says that was done to recordings on one UTC day. Gzipped JSON lines, sealed as a whole, one
 * object a day (docs/format.md, "Audits"). The first line is the header; each further line is an entry as the platform stated it.
 *
 * A file names people of the organization, recordings and conversations.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { parseDay } from '../recording/time.ts';

/** Named in every audits file; another shape has another name. */
export const AUDITS_SCHEMA = 'genesys-media-archive/audits/v1';

export const AUDITS_PREFIX = 'audits/';

/** Entries of one day; a recording has a handful. */
export const MAX_AUDITS_ENTRIES = 1_000_000;

/** Characters of one entry. */
export const MAX_AUDITS_ENTRY_CHARACTERS = 64 * 1024;

/** Bytes of a day, uncompressed. */
const MAX_AUDITS_BYTES = 1024 ** 3;

/** Kinds of entities that are asked for. */
export const AUDITED_ENTITIES = ['Recording', 'ScreenRecording', 'SnippetRecording'] as const;

const header = z.object({
  schema: z.literal(AUDITS_SCHEMA),
  /** `YYYY-MM-DD`, UTC. */
  day: z.string().refine((day) => parseDay(day) !== undefined),
  source: z.enum(['quality-audit-query']),
  /** ISO 8601; the entries are as complete as the platform was then. */
  fetchedAt: z.iso.datetime({ precision: 3 }),
  /** What was asked for; of other entities nothing is known. */
  entityTypes: z.array(z.string()),
  entries: z.int().min(0),
});

export type AuditsHeader = z.infer<typeof header>;

const entry = z.looseObject({ id: z.string().min(1), eventDate: z.string().min(1) });

/** An entry as the platform stated it. */
export type AuditsEntry = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly eventDate: string;
};

const dayFolder = (day: string) => `${AUDITS_PREFIX}${day.replaceAll('-', '/')}/`;

/** @param day `YYYY-MM-DD`, UTC. */
export const auditsKey = (day: string): string => `${dayFolder(day)}recordings.ndjson.gz.enc`;

/** Where it is written down that the platform refused: a day that was not asked has neither. */
export const auditsRefusedKey = (day: string): string => `${dayFolder(day)}forbidden.json`;

/** What a key below {@link AUDITS_PREFIX} is; `undefined` for every other one. */
export function parseAuditsKey(
  key: string,
): { readonly day: string; readonly state: 'read' | 'forbidden' } | undefined {
  const found = /^audits\/(\d{4})\/(\d{2})\/(\d{2})\/(recordings\.ndjson\.gz\.enc|forbidden\.json)$/.exec(
    key,
  );
  if (found === null) return undefined;
  const day = `${found[1]}-${found[2]}-${found[3]}`;
  if (parseDay(day) === undefined) return undefined;
  return { day, state: found[4] === 'forbidden.json' ? 'forbidden' : 'read' };
}

/** What an audits file is sealed for: ids that no recording can have, so that a key policy can tell them apart. */
export function auditsIds(day: string): { readonly conversationId: string; readonly recordingId: string } {
  return { conversationId: 'audits/v1', recordingId: `${AUDITS_PREFIX}${day}` };
}

/** A whole file; `lines` are entries in the form in which they are kept. */
export function packAudits(head: Omit<AuditsHeader, 'entries'>, lines: readonly string[]): Buffer {
  const first = JSON.stringify(header.parse({ ...head, entries: lines.length }));
  return gzipSync([first, ...lines, ''].join('\n'));
}

/** @throws `OBJECT_MALFORMED` (not retryable) for what is no whole file. */
export function readAudits(
  key: string,
  bytes: Uint8Array,
): { readonly header: AuditsHeader; readonly entries: readonly AuditsEntry[] } {
  const [first = '', ...lines] = linesOf(key, bytes);
  const head = header.safeParse(parseForeignJson(first));
  if (!head.success) throw malformed(key, 'its first line is not the header of an audits file');
  if (lines.pop() !== '' || lines.length !== head.data.entries)
    throw malformed(key, `it has not the ${head.data.entries} entries that its header states`);
  const entries = lines.map((line, at) => {
    const parsed = entry.safeParse(parseForeignJson(line));
    if (!parsed.success) throw malformed(key, `line ${at + 2} is not an entry`);
    return parsed.data;
  });
  return { header: head.data, entries };
}

function linesOf(key: string, bytes: Uint8Array): string[] {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_AUDITS_BYTES }).toString('utf8').split('\n');
  } catch {
    throw malformed(key, 'it is not complete gzip');
  }
}

function malformed(key: string, what: string): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', `${key}: ${what}`, { retryable: false });
}
