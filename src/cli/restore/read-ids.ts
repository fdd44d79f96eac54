/** Lists of recordings that people and their tools write: lines, CSV, JSON lines. */
import { ArchiveError, describeForeign } from '../../errors.ts';
import { gatherBytes } from '../../gather-bytes.ts';
import { parseForeignJson } from '../../json.ts';
import { isSafeId, shortenForMessage } from '../../recording/id.ts';
import { decodeText, readTextFile } from '../../text-file.ts';

/** Bytes; more than a million ids. */
const MAX_LIST_BYTES = 64 * 1024 * 1024;
/** Bytes of a key in S3. */
const MAX_KEY_BYTES = 1024;
const MAX_NAMED_LINES = 10;

export interface IdList {
  /** In the order of the file, nothing twice. */
  readonly ids: readonly string[];
  /** Sentences that name the line; none of them was taken. */
  readonly malformed: readonly string[];
}

/** Members of a JSON object that name a recording, the most exact first. */
const MEMBERS = ['key', 'recordingId', 'recording_id', 'mediaId', 'id'] as const;
/** For who takes conversations as well, after those. */
const CONVERSATION_MEMBERS = ['conversationId', 'conversation_id', 'interactionId'] as const;
/** First columns of CSV files that name what the column holds. */
const HEADER = /^(?:(?:recording|media)?[ _-]?id|(?:object|s3)?[ _-]?key|recording)s?$/i;
const CONVERSATION_HEADER = /^(?:conversation|interaction)[ _-]?(?:id)?s?$/i;

export interface IdKinds {
  /** Ids of conversations are taken as well. */
  readonly conversations?: boolean;
}

/**
 * Reads ids or keys: one a line; the first column of CSV (`,`, `;` or tab; a header is passed over); JSON lines or a JSON array of
 * strings, or of objects such as `list --json` prints. Empty lines and lines that begin with `#` are passed over.
 *
 * @param file a path, or `-` for standard input. UTF-8, or UTF-16 with its mark.
 * @throws `USAGE` when it cannot be read, is no text, or names nothing at all.
 */
export async function readIds(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  kinds: IdKinds = {},
): Promise<IdList> {
  const what = file === '-' ? 'the list of ids on standard input' : `the list of ids ${file}`;
  const text = file === '-' ? await readStandardInput(stdin, what) : await readFileText(file, what);
  const list = parseIds(text, kinds);
  if (list.ids.length > 0 || list.malformed.length > 0) return list;
  throw new ArchiveError('USAGE', `${what} names no recordings`, {
    hint: 'write one id or key a line, CSV with ids in the first column, or JSON lines',
  });
}

/**
 * The ids of recordings and conversations in a list, for commands without `--skip-invalid`; none without a file.
 *
 * @throws `USAGE` that names the malformed lines, and as {@link readIds} does.
 */
export async function readAskedIds(
  file: string | undefined,
  stdin: AsyncIterable<Uint8Array>,
): Promise<readonly string[]> {
  if (file === undefined) return [];
  const { ids, malformed } = await readIds(file, stdin, { conversations: true });
  if (malformed.length === 0) return ids;
  throw new ArchiveError('USAGE', describeMalformed(malformed), {
    hint: 'mend these lines, or take them out',
  });
}

/** @throws `USAGE` that names the malformed lines, unless they may be passed over. */
export function requireWellFormed({ malformed }: IdList, skipInvalid: boolean): void {
  if (malformed.length === 0 || skipInvalid) return;
  throw new ArchiveError('USAGE', describeMalformed(malformed), {
    hint: 'nothing was done: mend these lines, or pass --skip-invalid to go on without them',
  });
}

export function describeMalformed(malformed: readonly string[]): string {
  const more = malformed.length - MAX_NAMED_LINES;
  const named = malformed.slice(0, MAX_NAMED_LINES).join('; ');
  return `no recording is named in ${named}${more > 0 ? `; and in ${more} more` : ''}`;
}

export function parseIds(text: string, { conversations = false }: IdKinds = {}): IdList {
  const members = conversations ? [...MEMBERS, ...CONVERSATION_MEMBERS] : MEMBERS;
  const ids = new Set<string>();
  const malformed: string[] = [];
  const take = (entry: unknown, place: string, shown: string) => {
    const named = nameIn(entry, members);
    if (named === undefined) malformed.push(`${place} (${shortenForMessage(shown)})`);
    else ids.add(named);
  };
  const whole = /^\s*\[/.test(text) ? parseForeignJson(text) : undefined;
  if (Array.isArray(whole)) {
    for (const [index, entry] of whole.entries()) take(entry, `entry ${index + 1}`, JSON.stringify(entry));
    return { ids: [...ids], malformed };
  }
  let isFirst = true;
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    // files that were joined have a byte order mark where each of them began
    const line = raw.replace(/^\uFEFF/, '').trim();
    // `sep=;` is what Excel writes before everything else
    if (line === '' || line.startsWith('#') || /^sep=.$/i.test(line)) continue;
    const entry = entryOf(line);
    const isHeader =
      isFirst &&
      typeof entry === 'string' &&
      (HEADER.test(entry) || (conversations && CONVERSATION_HEADER.test(entry)));
    isFirst = false;
    if (!isHeader) take(entry, `line ${index + 1}`, line);
  }
  return { ids: [...ids], malformed };
}

function entryOf(line: string): unknown {
  if (/^[{["]/.test(line)) {
    const parsed = parseForeignJson(line);
    if (parsed !== undefined || !line.startsWith('"')) return parsed;
  }
  return firstColumn(line);
}

/** RFC 4180, section 2: a field in quotes holds any character, and a quote as two. */
function firstColumn(line: string): string | undefined {
  if (!line.startsWith('"')) return line.split(/[,;\t]/)[0]?.trim();
  const [, quoted] = /^"((?:[^"]|"")*)"\s*(?:[,;\t]|$)/.exec(line) ?? [];
  return quoted?.replaceAll('""', '"').trim();
}

function nameIn(entry: unknown, names: readonly string[]): string | undefined {
  if (typeof entry === 'string') return isId(entry) || isKey(entry) ? entry : undefined;
  if (Array.isArray(entry)) return typeof entry[0] === 'string' ? nameIn(entry[0], names) : undefined;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const members: Readonly<Record<string, unknown>> = { ...entry };
  const member = names.find((name) => members[name] !== undefined && members[name] !== null);
  const value = member === undefined ? undefined : members[member];
  return typeof value === 'string' ? nameIn(value, names) : undefined;
}

const isId = (text: string) => isSafeId(text);

function isKey(text: string): boolean {
  const isPlain = /^[^\p{Cc}\s/][^\p{Cc}]*$/u.test(text) && Buffer.byteLength(text) <= MAX_KEY_BYTES;
  const segments = text.split('/');
  return isPlain && segments.length > 1 && segments.every((part) => !['', '.', '..'].includes(part));
}

async function readFileText(file: string, what: string): Promise<string> {
  try {
    return await readTextFile(file, { what, code: 'USAGE', maxBytes: MAX_LIST_BYTES });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('USAGE', `${what} cannot be read: ${describeForeign(error)}`, {
      hint: '--ids names a file, or is - for standard input',
    });
  }
}

async function readStandardInput(source: AsyncIterable<Uint8Array>, what: string): Promise<string> {
  const tooLong = () => new ArchiveError('USAGE', `${what} is longer than ${MAX_LIST_BYTES} bytes`);
  return decodeText(await gatherBytes(source, MAX_LIST_BYTES, tooLong), what, 'USAGE');
}
