import { isSafeId } from './recording/id.ts';
import { isPlausibleTime, parseDay } from './recording/time.ts';

/**
 * Names of objects by a template of one's own. Pure: the same file has the same key on every machine and at every attempt, two
 * files never have the same one, and a template can read back every key it has written. That is why a template is no free text:
 * the file name is given, ids stand apart from each other, and the whole day is in it.
 */

/** What a template may name. Times are UTC, and with leading zeros. */
export interface TemplateFile {
  readonly recordingId: string;
  readonly channel?: string | undefined;
  readonly conversationId: string;
  readonly organizationId?: string | undefined;
  /** Epoch ms of an immutable time of the recording or its event. */
  readonly at: number;
}

export interface TemplateName {
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, UTC. */
  readonly date: string;
}

export interface KeyTemplate {
  readonly source: string;
  /** Whether `{organizationId}` is in it. */
  readonly namesOrganization: boolean;
  /** @returns the key, or what about the file is not fit for one. */
  expand(file: TemplateFile): { readonly key: string } | { readonly problem: string };
  /** The inverse; `undefined` for every key it could not have written. */
  parse(key: string): TemplateName | undefined;
  /** What all keys of one UTC day (epoch ms within it) begin with, as far as the template says. */
  prefixOf(day: number): string;
}

const DATE_PARTS = ['yyyy', 'mm', 'dd', 'hh'] as const;
const ID_PARTS = ['recordingId', 'conversationId', 'organizationId'] as const;
const PARTS: readonly string[] = [...DATE_PARTS, ...ID_PARTS, 'channel'];
/** Without these a day could not be listed, nor a key be read back. */
const WANTED_PARTS = ['yyyy', 'mm', 'dd'] as const;

const ROOT = 'archive/';
const FILE_NAME = '{recordingId}{channel}.enc';
/** Characters of the template itself. A key has 512 bytes at most, and two ids of UUIDs' length are still to come. */
const MAX_TEMPLATE_CHARS = 200;
const CHANNEL = /^[A-Za-z0-9_-]{1,32}$/;

type Piece = { readonly text: string } | { readonly part: string };

/**
 * Checks a template whole: only known placeholders, each once; `archive/` first, `{recordingId}{channel}.enc` as the file name;
 * `{yyyy}`, `{mm}`, `{dd}`; one id per folder; legal characters of keys.
 *
 * @returns the template, or what is wrong with it, as the end of the sentence "NAME …".
 */
export function compileKeyTemplate(
  source: string,
): { readonly template: KeyTemplate } | { readonly problem: string } {
  const problem = findProblem(source);
  return problem === undefined ? { template: build(source) } : { problem };
}

function findProblem(source: string): string | undefined {
  if (source.length > MAX_TEMPLATE_CHARS) return `must have ${MAX_TEMPLATE_CHARS} characters at most`;
  const named = [...source.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  const unknown = named.find((name) => !PARTS.includes(name));
  if (unknown !== undefined) return `has a placeholder that is none of ${list(PARTS)}`;
  const literal = source.replaceAll(/\{[A-Za-z]+\}/g, '');
  if (/[{}]/.test(literal)) return 'has a brace that belongs to no placeholder';
  if (!/^[A-Za-z0-9._=+@:/-]*$/.test(literal))
    return 'has a character that keys must not have; letters, digits and ._=+@:/- are allowed';
  if (!source.startsWith(ROOT)) return `must begin with ${ROOT}, where everything expects objects`;
  const segments = source.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment)))
    return 'has an empty folder, or one named "." or ".."';
  if (segments.at(-1) !== FILE_NAME) return `must end with /${FILE_NAME}, which tells files apart`;
  const repeated = named.find((name, at) => named.indexOf(name) !== at);
  if (repeated !== undefined) return `has {${repeated}} twice`;
  const missing = WANTED_PARTS.filter((name) => !named.includes(name));
  if (missing.length > 0) return `lacks ${list(missing)}: recordings are listed and verified by day`;
  const crowded = segments.some(
    (segment) => ID_PARTS.filter((name) => segment.includes(`{${name}}`)).length > 1,
  );
  return crowded ? 'has two ids in one folder, which could not be told apart' : undefined;
}

const list = (names: readonly string[]) => names.map((name) => `{${name}}`).join(', ');

function build(source: string): KeyTemplate {
  const pieces: readonly Piece[] = source
    .split(/(\{[A-Za-z]+\})/)
    .filter((text) => text !== '')
    .map((text) => (text.startsWith('{') ? { part: text.slice(1, -1) } : { text }));
  const pattern = new RegExp(`^${pieces.map(patternOf).join('')}$`);
  const untilId = pieces.findIndex((piece) => 'part' in piece && !isDatePart(piece.part));
  return {
    source,
    namesOrganization: source.includes('{organizationId}'),
    expand: (file) => expand(pieces, file),
    parse: (key) => parse(pattern, key),
    prefixOf: (day) => {
      // an hour says more than the day does
      const until = pieces.findIndex((piece) => 'part' in piece && piece.part === 'hh');
      const known = pieces.slice(0, until === -1 ? untilId : Math.min(until, untilId));
      return known.map((piece) => ('text' in piece ? piece.text : datePart(piece.part, day))).join('');
    },
  };
}

function expand(pieces: readonly Piece[], file: TemplateFile): { key: string } | { problem: string } {
  const { recordingId, channel, conversationId, organizationId, at } = file;
  if (!isPlausibleTime(at)) return { problem: 'the time of the recording is not within 2000 to 2099' };
  if (channel !== undefined && !CHANNEL.test(channel)) return { problem: 'the channel is not fit for a key' };
  // a dot within the id must not be taken for the one before the channel
  const ids: Readonly<Record<string, string | undefined>> = { recordingId, conversationId, organizationId };
  let key = '';
  for (const piece of pieces) {
    if ('text' in piece) key += piece.text;
    else if (isDatePart(piece.part)) key += datePart(piece.part, at);
    else if (piece.part === 'channel') key += channel === undefined ? '' : `.${channel}`;
    else {
      const id = ids[piece.part];
      if (!isSafeId(id)) return { problem: `the ${piece.part} is not fit for a key` };
      key += piece.part === 'recordingId' ? id.replaceAll('.', '=2E') : id;
    }
  }
  return { key };
}

function parse(pattern: RegExp, key: string): TemplateName | undefined {
  const { recordingId: escaped, channel, yyyy, mm, dd, hh, ...folders } = pattern.exec(key)?.groups ?? {};
  if (escaped === undefined) return undefined;
  const date = `${yyyy}-${mm}-${dd}`;
  const recordingId = escaped.replaceAll('=2E', '.');
  const ids = [recordingId, ...Object.values(folders)];
  if (!ids.every(isSafeId) || parseDay(date) === undefined || Number(hh ?? 0) > 23) return undefined;
  return { recordingId, channel, date };
}

function patternOf(piece: Piece): string {
  if ('text' in piece) return piece.text.replaceAll(/[.+]/g, String.raw`\$&`);
  const { part } = piece;
  if (part === 'channel') return '(?:[.](?<channel>[A-Za-z0-9_-]{1,32}))?';
  if (part === 'recordingId') return '(?<recordingId>[A-Za-z0-9_=-]+)';
  return isDatePart(part) ? `(?<${part}>[0-9]{${part.length}})` : `(?<${part}>[A-Za-z0-9._-]+)`;
}

function isDatePart(part: string): part is (typeof DATE_PARTS)[number] {
  return DATE_PARTS.some((name) => name === part);
}

function datePart(part: string, at: number): string {
  const iso = new Date(at).toISOString();
  switch (part) {
    case 'yyyy':
      return iso.slice(0, 4);
    case 'mm':
      return iso.slice(5, 7);
    case 'dd':
      return iso.slice(8, 10);
    default:
      return iso.slice(11, 13);
  }
}
