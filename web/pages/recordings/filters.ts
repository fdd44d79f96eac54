/** The filters of the search, as the address has them and as the server is asked. Pure. */
import { pastedIds } from '../../route.ts';

export const STATES = [
  'archived',
  'missing',
  'unreceipted',
  'gone',
  'quarantined',
  'erased',
  'expired',
] as const;
export const MEDIA = ['call', 'screen', 'chat', 'email', 'message'] as const;

/** Each has any number of values in the address; one that is met is enough. */
export const LISTS = ['id', 'agent', 'queue', 'wrapUp', 'customer', 'media', 'state'] as const;
const SINGLE = ['from', 'to', 'direction', 'minSeconds', 'maxSeconds', 'held', 'reason'] as const;

export type ListName = (typeof LISTS)[number];
export type FilterName = ListName | (typeof SINGLE)[number];

/** Ids in one request: an address of 6 kB passes every proxy. */
const MAX_IDS = 150;

/** Values of a list, as people type them: separated by semicolons or lines; ids also by spaces and commas. */
export function typedValues(name: ListName, text: string): string[] {
  if (name === 'id') return pastedIds(text);
  return [...new Set(text.split(/[;\n]/).map((value) => value.trim()))].filter((value) => value !== '');
}

/** The state of the search without where it stands. */
export function filtersOf(query: URLSearchParams): URLSearchParams {
  const kept: [string, string][] = [...LISTS, ...SINGLE].flatMap((name) =>
    query.getAll(name).map((value): [string, string] => [name, value]),
  );
  return new URLSearchParams(kept.filter(([, value]) => value !== ''));
}

/** How many filters are set. */
export const countFilters = (query: URLSearchParams): number => new Set(filtersOf(query).keys()).size;

/**
 * What the server is asked for one page. Many ids are asked a portion at a time: `cursor` is `PORTION~CURSOR`, where the second is the
 * server's own.
 */
export function askedOf(query: URLSearchParams): Record<string, string | string[]> {
  const { portion, cursor } = place(query.get('cursor'));
  const asked: Record<string, string | string[]> = {};
  for (const name of LISTS) {
    const values = query.getAll(name).filter((value) => value !== '');
    const own = name === 'id' ? values.slice(portion * MAX_IDS, (portion + 1) * MAX_IDS) : values;
    if (own.length > 0) asked[name] = own;
  }
  for (const name of SINGLE) asked[name] = query.get(name) ?? '';
  asked['cursor'] = cursor;
  return asked;
}

/** The cursor of the page after this one; `undefined` at the end. */
export function nextCursor(query: URLSearchParams, next: string | null): string | undefined {
  const { portion } = place(query.get('cursor'));
  if (next !== null) return `${portion}~${next}`;
  return query.getAll('id').length > (portion + 1) * MAX_IDS ? `${portion + 1}~` : undefined;
}

/** A search over more ids than one request holds has no total of its own. */
export const isPortioned = (query: URLSearchParams): boolean => query.getAll('id').length > MAX_IDS;

function place(stated: string | null): { readonly portion: number; readonly cursor: string } {
  const [, portion = '0', cursor = ''] = /^(\d{1,4})~(.*)$/s.exec(stated ?? '') ?? [];
  return { portion: Number(portion), cursor };
}

/** A day, or a day and a time of it in UTC, as the server takes it. */
export function timeOf(day: string, time: string, isEnd: boolean): string {
  if (day === '' || time === '') return day;
  return `${day}T${time}:${isEnd ? '59' : '00'}Z`;
}

/** The day and the time of a stated filter. */
export function dayAndTime(stated: string | null): readonly [day: string, time: string] {
  const [, day = '', time = ''] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d).*)?$/.exec(stated ?? '') ?? [];
  return [day, time];
}
