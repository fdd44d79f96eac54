/** What an object says of the first wrap of its data key, where it does not carry it: `gca-wrap` (`docs/format.md`, section 4.2). */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** Of the user metadata: the code of the wrap, as `x-amz-w` has it, a dot, and base64url of the hash of the wrap. */
export const FIRST_WRAP = 'gca-wrap';

const FORM = /^(12|02|22)\.([A-Za-z0-9_-]{43})$/;

/** How the data key of an object is wrapped, and for whom: `rewrap` replaces these, and nothing else (`docs/format.md`, section 5). */
export const WRAP_MEMBERS: ReadonlySet<string> = new Set([
  'x-amz-3',
  'x-amz-w',
  'x-amz-t',
  'x-amz-m',
  'x-amz-key-v2',
  'x-amz-wrap-alg',
  'x-amz-matdesc',
]);

/**
 * Hex SHA-256 over the canonical JSON of the members of `metadata` that wrap the data key: an object's user metadata, or what its
 * instruction file or key record holds. `undefined` without such members.
 */
export function hashWrap(metadata: Readonly<Record<string, string>>): string | undefined {
  const wrap = Object.entries(metadata).filter(([name]) => WRAP_MEMBERS.has(name));
  if (wrap.length === 0) return undefined;
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(wrap)))
    .digest('hex');
}

/** The user metadata that an object has in place of `wrap`; none where there is no such wrap. */
export function firstWrapMetadata(
  wrap: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const sha256 = wrap === undefined ? undefined : hashWrap(wrap);
  const code = wrap?.['x-amz-w'];
  if (sha256 === undefined || code === undefined) return {};
  return { [FIRST_WRAP]: `${code}.${Buffer.from(sha256, 'hex').toString('base64url')}` };
}

/** What an object states of the wrap that it was written with; `undefined` for one that says nothing, or not in this form. */
export function firstWrapOf(
  metadata: Readonly<Record<string, string>>,
): { readonly code: '12' | '02' | '22'; readonly sha256: string } | undefined {
  const [, code, encoded = ''] = FORM.exec(metadata[FIRST_WRAP] ?? '') ?? [];
  const hash = Buffer.from(encoded, 'base64url');
  if (hash.toString('base64url') !== encoded) return undefined;
  return code === undefined ? undefined : { code: code as '12' | '02' | '22', sha256: hash.toString('hex') };
}
