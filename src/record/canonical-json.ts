import { ArchiveError } from '../errors.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** Printable ASCII without the quotation mark and the backslash: what stands for itself (RFC 8785, section 3.2.2.2). */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

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
    if (PLAIN.test(value)) return `"${value}"`;
    if (/\p{Surrogate}/u.test(value)) throw unsayable('text with a lone surrogate');
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let members = '';
  // the default order of sort() is that of UTF-16 code units, which RFC 8785, section 3.2.3, asks for
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined)
      members += `${members === '' ? '' : ','}${canonicalJson(name)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

function isList(
  value: readonly Json[] | { readonly [name: string]: Json | undefined },
): value is readonly Json[] {
  return Array.isArray(value);
}

function unsayable(what: string): ArchiveError {
  return new ArchiveError('UNEXPECTED', `JSON cannot hold ${what}`, { retryable: false });
}
