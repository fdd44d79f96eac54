/** What of a recording one request is answered with: RFC 9110, section 14, cut at the end of the leaf that the first byte lies in. Pure. */

export type MediaAnswer =
  /** Part of it, both ends included. */
  | { readonly status: 206; readonly first: number; readonly last: number }
  /** All of it. */
  | { readonly status: 200 }
  | { readonly status: 416 };

export interface RangeFacts {
  /** Of the recording. */
  readonly bytes: number;
  readonly leafBytes: number;
  /** Of this recording, in quotes. */
  readonly etag: string;
}

/**
 * @param header of `Range`. What is no range of bytes is passed over, as the RFC asks. Of several ranges the first that can be answered is:
 *   a server may answer a part of what is asked.
 * @param ifRange of `If-Range`: of another recording, the range is passed over.
 */
export function answerRange(
  header: string | undefined,
  ifRange: string | undefined,
  { bytes, leafBytes, etag }: RangeFacts,
): MediaAnswer {
  if (header === undefined || (ifRange !== undefined && ifRange !== etag)) return { status: 200 };
  const ranges = parseRanges(header);
  if (ranges === undefined) return { status: 200 };
  for (const range of ranges) {
    const [first, last] = within(range, bytes);
    if (first > last) continue;
    const endOfLeaf = (Math.floor(first / leafBytes) + 1) * leafBytes - 1;
    return { status: 206, first, last: Math.min(last, endOfLeaf) };
  }
  return { status: 416 };
}

type Asked = { readonly from: number; readonly to?: number } | { readonly suffix: number };

/** Far more than a player asks for; a list that is longer is no request of one. */
const MAX_RANGES = 16;

function parseRanges(header: string): readonly Asked[] | undefined {
  const [, list] = /^bytes=(.*)$/i.exec(header.trim()) ?? [];
  if (list === undefined) return undefined;
  const parts = list.split(',').map((part) => part.trim());
  const asked: Asked[] = [];
  for (const part of parts) {
    // the grammar allows empty elements of a list
    if (part === '') continue;
    const [, from, to] = /^(\d*)-(\d*)$/.exec(part) ?? [];
    if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
    if (from === '') asked.push({ suffix: Number(to) });
    else if (to === '') asked.push({ from: Number(from) });
    else if (Number(to) < Number(from)) return undefined;
    else asked.push({ from: Number(from), to: Number(to) });
  }
  return asked.length === 0 || asked.length > MAX_RANGES ? undefined : asked;
}

/** First and last byte; the first behind the last where there is nothing to answer. */
function within(range: Asked, bytes: number): readonly [first: number, last: number] {
  if ('suffix' in range) {
    return range.suffix === 0 ? [1, 0] : [Math.max(0, bytes - range.suffix), bytes - 1];
  }
  return [range.from, Math.min(range.to ?? bytes - 1, bytes - 1)];
}
