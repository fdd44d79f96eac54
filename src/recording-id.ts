/**
 * Which ids may ever reach a URL path, an object key or a file name. The alphabet is fixed: no setting can widen it, so no
 * id can hold a slash, a percent sign, a query or a control character. `.` and `..` are path segments, not ids.
 */
const SAFE_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** What Genesys Cloud issues. Either case is accepted and kept as sent: the platform might be case sensitive. */
export const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Is `id` made of 1 to 128 characters of `[A-Za-z0-9._-]`, and neither `.` nor `..`? */
export function isSafeId(id: unknown): id is string {
  return typeof id === 'string' && SAFE_ID.test(id) && id !== '.' && id !== '..';
}

/** At most 24 printable ASCII characters of anything, quoted, for messages: an id that was refused may be hostile. */
export function shortenForMessage(value: string): string {
  const head = value.slice(0, 24).replace(/[^\x20-\x7e]|["\\]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${head}${value.length > 24 ? '…' : ''}"`;
}
