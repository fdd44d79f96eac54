/** Addresses of the page: `#/`, `#/r/ID`, `#/completeness/DAY` …, each with its state as a query. Pure. */

export const PAGES = ['recordings', 'r', 'completeness', 'work', 'holds', 'access', 'about'] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  readonly page: Page;
  /** What follows the page: the id of a recording, a day. */
  readonly id: string;
  readonly query: URLSearchParams;
}

/** Reads the fragment of an address. What names no page is the page of recordings. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [name = '', ...rest] = path.split('/');
  const page = PAGES.find((one) => one === name) ?? 'recordings';
  return { page, id: decode(rest.join('/')), query: new URLSearchParams(search) };
}

/** Writes a fragment; members without a value are left out, so that equal states have equal addresses. */
export function formatRoute(page: Page, id = '', query = new URLSearchParams()): string {
  const kept = new URLSearchParams([...query].filter(([, value]) => value !== ''));
  const path = page === 'recordings' ? '' : page + (id === '' ? '' : `/${encodeURIComponent(id)}`);
  const search = kept.toString();
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

/** A launch token is in the fragment, which no request carries: `#token=…`. */
export function launchToken(hash: string): string | undefined {
  return /^#\/?\??token=([A-Za-z0-9_-]{16,512})$/.exec(hash)?.[1];
}

/** Ids as people paste them: separated by spaces, commas, semicolons or lines, in quotes or not, each once. */
export function pastedIds(text: string): string[] {
  return [...new Set(text.split(/[\s,;"']+/).filter((id) => id !== ''))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
