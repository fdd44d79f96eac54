/**
 * What makes the pages of an answer a listing of what was asked for. A listing that ends early, repeats itself or is about something
 * else would pass for an archive without recordings: all of it is refused.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
import { ArchiveError } from '../../errors.ts';

/** Pages in a row that name nothing; S3 sends a few where much was deleted. */
const MAX_EMPTY_PAGES = 1_000;

/** Bytes; 1,000 keys of 1,024 bytes, each byte escaped, and what stands around them. */
export const MAX_LISTING_BYTES = 16 * 1024 * 1024;

/** `problem` completes "the answer is not a listing of what was asked for: it …". */
export function notAListing(what: string, problem: string): ArchiveError {
  return new ArchiveError(
    'STORE_UNAVAILABLE',
    `${what}: the answer is not a listing of what was asked for: it ${problem}`,
    {
      hint: 'nothing was concluded from it; look for a proxy or gateway that answers in the place of the store, and check AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3',
      details: { reason: 'NotAListing' },
    },
  );
}

/** What every page says of the question it answers. */
export interface PageHead {
  readonly bucket: string | undefined;
  readonly prefix: string | undefined;
  readonly truncated: boolean | undefined;
}

/** @throws `STORE_UNAVAILABLE` when the page is about something else, or does not say whether it is the last. */
export function assertPageHead(
  what: string,
  page: PageHead,
  asked: { bucket: string; prefix: string },
): void {
  if (page.bucket !== asked.bucket) {
    throw notAListing(what, page.bucket === undefined ? 'names no bucket' : 'is about another bucket');
  }
  // some servers leave an empty prefix out
  if ((page.prefix ?? '') !== asked.prefix) throw notAListing(what, 'is about another prefix');
  if (page.truncated === undefined) throw notAListing(what, 'does not say whether more follows');
}

/** Follows one listing from page to page. */
export class ListingPages {
  #last: string | undefined;
  #emptyPages = 0;
  /** Of the pages asked for since a key was named. */
  #marks = new Set<string>();
  readonly #what: string;
  readonly #prefix: string;
  readonly #repeats: boolean;

  /** @param options.repeats a key may be named more than once in a row, as keys of uploads are. */
  constructor(what: string, prefix: string, options: { readonly repeats: boolean }) {
    this.#what = what;
    this.#prefix = prefix;
    this.#repeats = options.repeats;
  }

  /**
   * Checks a page before anything of it is used, and remembers nothing of one that is refused.
   *
   * @param next where the next page begins; `undefined` when this one is the last.
   * @throws `STORE_UNAVAILABLE` for keys outside the prefix or not in ascending order, and for a next page that was seen already.
   */
  accept(keys: readonly string[], next: { readonly mark: string | undefined } | undefined): void {
    let last = this.#last;
    for (const key of keys) {
      if (!key.startsWith(this.#prefix)) throw notAListing(this.#what, 'names keys outside of the prefix');
      const order = last === undefined ? 1 : compareBytes(key, last);
      if (order < 0 || (order === 0 && !this.#repeats)) {
        throw notAListing(this.#what, 'names keys that do not ascend');
      }
      last = key;
    }
    const moved = last !== this.#last;
    if (next !== undefined) this.#assertNext(next.mark, moved);
    this.#last = last;
  }

  #assertNext(mark: string | undefined, moved: boolean): void {
    if (mark === undefined || mark === '') throw notAListing(this.#what, 'ends early, without a next page');
    if (this.#marks.has(mark)) throw notAListing(this.#what, 'goes round in a circle');
    const emptyPages = moved ? 0 : this.#emptyPages + 1;
    if (emptyPages > MAX_EMPTY_PAGES) throw notAListing(this.#what, 'has no end');
    this.#emptyPages = emptyPages;
    if (moved) this.#marks.clear();
    this.#marks.add(mark);
  }
}

/** The order of UTF-8, in which S3 lists; that of JavaScript's strings differs beyond ASCII. */
function compareBytes(one: string, other: string): number {
  if (one === other) return 0;
  let at = 0;
  while (one.charCodeAt(at) === other.charCodeAt(at)) at += 1;
  const [a, b] = [unitOrder(one.charCodeAt(at)), unitOrder(other.charCodeAt(at))];
  return (Number.isNaN(a) ? -1 : a) - (Number.isNaN(b) ? -1 : b);
}

/** Surrogates stand for characters beyond all others. */
function unitOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
