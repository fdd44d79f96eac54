/** Erasures as they stand in the archive (docs/format.md): that something was erased, why and by whom. No personal data. */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import type { ObjectStore } from '../ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { SIGNATURE } from './receipt-schema.ts';
import { getSmall } from './small-object.ts';

export const ERASURE_PREFIX = 'erasures/';

/** Named in every tombstone; another version of the schema has another name. */
export const ERASURE_SCHEMA = 'genesys-media-archive/erasure/v1';

/** Objects that one tombstone names; a larger erasure has several. */
export const MAX_ERASED_OBJECTS = 10_000;
/** Bytes; keys have at most 512. */
export const MAX_ERASURE_BYTES = 2 * MAX_ERASED_OBJECTS * 520;

const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });

const erasure = z.strictObject({
  schema: z.literal(ERASURE_SCHEMA),
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/),
  /** Ids of conversations of which nothing that the platform said may be kept. */
  conversations: z.array(text).max(MAX_ERASED_OBJECTS),
  /** Keys of the erased objects. */
  objects: z.array(text).max(MAX_ERASED_OBJECTS),
  /** Why, in a word or two: the article or the request, never the person. */
  reason: text,
  by: text,
  times: z.strictObject({ issued: time, complete: time.exactOptional() }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

export type Erasure = z.output<typeof erasure>;

/** `erasures/{id}.json` */
export const erasureKey = (id: string): string => `${ERASURE_PREFIX}${id}.json`;

/** The id of an erasure, from the key that {@link erasureKey} gave it; `undefined` for any other key. */
export function erasureOfKey(key: string): string | undefined {
  return /^erasures\/([A-Za-z0-9][A-Za-z0-9-]{0,63})\.json$/.exec(key)?.[1];
}

/** `undefined` when the text is no tombstone, or not in the one form that a tombstone has. */
export function parseErasure(json: string): Erasure | undefined {
  const result = z.safeParse(erasure, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}

/**
 * @returns `undefined` without one.
 * @throws `OBJECT_MALFORMED` (not retryable) when what stands there is no tombstone of that id; what the store throws.
 */
export async function readErasure(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<Erasure | undefined> {
  const json = await getSmall(store, key, MAX_ERASURE_BYTES, budget);
  if (json === undefined) return undefined;
  const found = parseErasure(json);
  if (found !== undefined && found.id === erasureOfKey(key)) return found;
  throw new ArchiveError('OBJECT_MALFORMED', `${key} is not a tombstone of an erasure`);
}
