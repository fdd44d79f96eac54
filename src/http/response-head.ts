/** The head of an HTTP/1.1 response, strictly read: what is malformed in any way ends the connection. RFC 9112. */

/** Bytes; Node's own client takes 16 KiB. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** How the end of a body is told (RFC 9112, section 6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** By the end of the connection. */
  | { readonly kind: 'close' };

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; repeated fields joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: Framing;
  /** The connection may be used for another request once the body has been read. */
  readonly keepAlive: boolean;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- what a field value may hold: RFC 9110, section 5.5
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param text status line and header fields, as Latin-1, without the empty line.
 * @returns `undefined` when it is malformed.
 */
export function parseResponseHead(text: string, method: string): ResponseHead | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const [, minor, code] = STATUS_LINE.exec(statusLine) ?? [];
  if (code === undefined) return undefined;
  const status = Number(code);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of lines) {
    const colon = line.indexOf(':');
    // No colon, or white space before it: also how a folded line looks, which is obsolete (RFC 9112, 5.2).
    if (colon <= 0) return undefined;
    const name = line.slice(0, colon);
    const field = line.slice(colon + 1);
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(field)) return undefined;
    const value = trimBlanks(field);
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  const framing = framingOf(status, headers, method);
  if (framing === undefined) return undefined;
  const connection = (headers['connection'] ?? '').toLowerCase();
  const keepAlive =
    framing.kind !== 'close' &&
    !/\bclose\b/.test(connection) &&
    // Chunks are unknown to HTTP/1.0: what comes after them is undefined (RFC 9112, section 6.1).
    (minor === '1' || (framing.kind !== 'chunked' && /\bkeep-alive\b/.test(connection)));
  return { status, headers, framing, keepAlive };
}

/** Without the spaces and tabs at both ends; `trim` takes more than those. */
function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text, from)) from += 1;
  while (to > from && isBlank(text, to - 1)) to -= 1;
  return text.slice(from, to);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}

function framingOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  method: string,
): Framing | undefined {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  const { 'transfer-encoding': encoding, 'content-length': length } = headers;
  if (encoding !== undefined) {
    // Two ways of telling the end contradict each other: one of them is an attempt at something.
    return length === undefined && encoding.toLowerCase() === 'chunked' ? { kind: 'chunked' } : undefined;
  }
  if (length === undefined) return { kind: 'close' };
  // The same length stated twice is one length (RFC 9110, section 8.6).
  const [first = '', ...others] = length.split(', ');
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) return undefined;
  return { kind: 'length', bytes: Number(first) };
}
