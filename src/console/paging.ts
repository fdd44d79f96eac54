import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { PAGE_ROWS } from './api-schema.ts';

/** A cursor that is one text: the last key, or a position. */
export const sealText = (text: string): string => Buffer.from(JSON.stringify(text)).toString('base64url');

/** @throws `REQUEST_INVALID`. */
export function openTextCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const text = parseForeignJson(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (typeof text === 'string' && text.length <= 1_024) return text;
  throw new ArchiveError('REQUEST_INVALID', 'the cursor is not one that this address gave', {
    hint: 'begin again without a cursor',
  });
}

/** Takes a page of what follows the cursor. @param keyOf the text that a cursor is made of, another one for each item. */
export async function takePage<T>(
  items: AsyncIterable<T> | Iterable<T>,
  {
    cursor,
    limit = PAGE_ROWS,
  }: { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  keyOf: (item: T) => string,
): Promise<{ readonly items: T[]; readonly next: string | null }> {
  const after = openTextCursor(cursor);
  const taken: T[] = [];
  let isPast = after === undefined;
  for await (const item of items) {
    if (!isPast) {
      isPast = keyOf(item) === after;
      continue;
    }
    if (taken.length === limit) {
      const last = taken.at(-1);
      return { items: taken, next: last === undefined ? null : sealText(keyOf(last)) };
    }
    taken.push(item);
  }
  return { items: taken, next: null };
}
