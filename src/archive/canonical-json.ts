import { ArchiveError } from '../errors.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/**
 * JSON in the one form that a signature can be computed over: RFC 8785 (JSON Canonicalization Scheme). Members sorted by the
 * UTF-16 code units of their names, no white space, numbers and strings as ECMAScript writes them. `undefined` members are
 * left out.
 *
 * @throws `UNEXPECTED` for what JSON or I-JSON (RFC 7493) cannot say: NaN, infinities, lone surrogates.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unsayable('a number that is not finite');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw unsayable('text with a lone surrogate');
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter((member): member is [string, Json] => member[1] !== undefined)
    // the default order of sort() is that of UTF-16 code units, which RFC 8785, section 3.2.3, asks for
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${canonicalJson(name)}:${canonicalJson(member)}`).join(',')}}`;
}

function isList(
  value: readonly Json[] | { readonly [name: string]: Json | undefined },
): value is readonly Json[] {
  return Array.isArray(value);
}

function unsayable(what: string): ArchiveError {
  return new ArchiveError('UNEXPECTED', `JSON cannot hold ${what}`, { retryable: false });
}
