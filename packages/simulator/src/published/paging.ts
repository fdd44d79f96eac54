import { errorReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';

/** One page of a listing by number, as `…EntityListing` models have it. */
export interface Page<T> {
  readonly entities: readonly T[];
  readonly pageSize: number;
  readonly pageNumber: number;
  readonly total: number;
  readonly pageCount: number;
  readonly firstUri: string;
  readonly lastUri: string;
  readonly selfUri: string;
  readonly nextUri?: string;
  readonly previousUri?: string;
}

export interface PageLimits {
  readonly largest: number;
  readonly byDefault: number;
}

/** Returns the page that `pageSize` and `pageNumber` name; `undefined` where they name none. */
export function pageOf<T>(
  call: Call,
  path: string,
  all: readonly T[],
  { largest, byDefault }: PageLimits,
): Page<T> | undefined {
  const pageSize = Number(call.query.get('pageSize') ?? byDefault);
  const pageNumber = Number(call.query.get('pageNumber') ?? 1);
  const isWhole = Number.isInteger(pageSize) && Number.isInteger(pageNumber);
  if (!isWhole || pageSize < 1 || pageSize > largest || pageNumber < 1) return undefined;
  const pageCount = Math.ceil(all.length / pageSize);
  const uri = (page: number) => {
    const query = new URLSearchParams(call.query);
    query.set('pageSize', String(pageSize));
    query.set('pageNumber', String(page));
    return `${path}?${query.toString()}`;
  };
  return {
    entities: all.slice((pageNumber - 1) * pageSize, pageNumber * pageSize),
    pageSize,
    pageNumber,
    total: all.length,
    pageCount,
    firstUri: uri(1),
    lastUri: uri(Math.max(1, pageCount)),
    selfUri: uri(pageNumber),
    ...(pageNumber < pageCount ? { nextUri: uri(pageNumber + 1) } : {}),
    ...(pageNumber > 1 ? { previousUri: uri(pageNumber - 1) } : {}),
  };
}

/** 400, saying which part of the request is wrong. */
export function badRequest(message: string, code = 'bad.request'): Reply {
  return errorReply('genesys', 400, { code, message });
}

export interface Interval {
  /** Epoch ms; the end is exclusive. */
  readonly begin: number;
  readonly end: number;
}

/** Reads `FROM/TO`. */
export function parseInterval(value: unknown): Interval | undefined {
  const [, from = '', to = ''] = /^([^/]+)\/([^/]+)$/.exec(String(value)) ?? [];
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  return Number.isFinite(begin) && Number.isFinite(end) && begin < end ? { begin, end } : undefined;
}

/** Reads a page size of a listing by cursor. */
export function pageSizeOf(call: Call, { largest, byDefault }: PageLimits): number | undefined {
  const size = Number(call.query.get('pageSize') ?? byDefault);
  return Number.isInteger(size) && size >= 1 && size <= largest ? size : undefined;
}
