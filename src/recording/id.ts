/**
 * Which ids may ever reach a URL path, an object key or a file name. The alphabet is fixed: no setting can widen it, so no
 * id can hold a slash, a percent sign, a query or a control character. `.` and `..` are path segments, not ids.
 */
const SAFE_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** What Genesys Cloud issues. Either case is accepted, and the platform is asked in it: it might be case sensitive. */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The one spelling that the archive uses: a UUID in lower case (RFC 9562, section 4), any other id as it is. */
export function canonicalId(id: string): string {
  return UUID_PATTERN.test(id) ? id.toLowerCase() : id;
}

/** Is `id` made of 1 to 128 characters of `[A-Za-z0-9._-]`, and neither `.` nor `..`? */
export function isSafeId(id: unknown): id is string {
  return typeof id === 'string' && SAFE_ID.test(id) && id !== '.' && id !== '..';
}

/** Reports whether two ids name the same thing. A UUID is the same in either letter case (RFC 9562, section 4); other ids are not. */
export function isSameId(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false;
  return canonicalId(one) === canonicalId(other);
}

/** At most 24 printable ASCII characters of anything, quoted, for messages: an id that was refused may be hostile. */
export function shortenForMessage(value: string): string {
  const head = value.slice(0, 24).replace(/[^\x20-\x7e]|["\\]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${head}${value.length > 24 ? '…' : ''}"`;
}

/** More freedom than these would let a pattern try millions of ways to match one id of 128 characters. */
const MAX_PATTERN_LENGTH = 200;
const MAX_REPEATS = 3;
const MAX_ALTERNATIVES = 4;

/** Ids look like words; these are the parts of a pattern that describe words, and none of those that can hang. */
const PATTERN_PART =
  /\[\^?(?:[A-Za-z0-9._-]|\\[wd.-])+\]|\\[wd.-]|[A-Za-z0-9._-]|\((?:\?:)?|\)(?![*+?{])|\||[*+?]|\{\d{1,3}(?:,\d{0,3})?\}|[\^$]/y;

/**
 * Turns a setting into a pattern for whole ids. Allowed are letters, digits, `.`, `_`, `-`, `\d`, `\w`, character classes,
 * groups, up to four `|`, and up to three of `*`, `+`, `?`, `{m,n}` (a fixed `{n}` counts for nothing), none of them after a
 * group: such a pattern answers within a fraction of a second for any id.
 *
 * @returns the pattern, anchored at both ends and case sensitive, or what is wrong with it.
 */
export function compileIdPattern(
  source: string,
): { readonly pattern: RegExp } | { readonly problem: string } {
  if (source.length === 0 || source.length > MAX_PATTERN_LENGTH) {
    return { problem: `must have 1 to ${MAX_PATTERN_LENGTH} characters` };
  }
  let repeats = 0;
  let alternatives = 0;
  PATTERN_PART.lastIndex = 0;
  while (PATTERN_PART.lastIndex < source.length) {
    const at = PATTERN_PART.lastIndex;
    const part = PATTERN_PART.exec(source)?.[0];
    if (part === undefined) return { problem: `has something at character ${at + 1} that is not allowed` };
    if (/^(?:[*+?]|\{\d+,)/.test(part)) repeats += 1;
    if (part === '|') alternatives += 1;
  }
  if (repeats > MAX_REPEATS || alternatives > MAX_ALTERNATIVES) {
    return {
      problem: `may have ${MAX_REPEATS} of *, +, ?, {m,n} and ${MAX_ALTERNATIVES} of | at most, so that no id can stall it`,
    };
  }
  try {
    return { pattern: new RegExp(`^(?:${source})$`) };
  } catch {
    return { problem: 'is not a regular expression' };
  }
}
