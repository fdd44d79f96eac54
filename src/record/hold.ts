/** Legal holds as they stand in the archive (`docs/holds.md`): what is held, for which matter, by whom, and that it was let go. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { SIGNATURE } from './receipt/schema.ts';

export const HOLD_PREFIX = 'holds/';

/** Named in every hold and release; another version of the schema has another name. */
export const HOLD_SCHEMA = 'genesys-media-archive/hold/v1';
export const RELEASE_SCHEMA = 'genesys-media-archive/hold-release/v1';

/** Keys in one list of a hold: as many as are read at a time. */
export const MAX_KEYS_IN_LIST = 10_000;
/** Bytes; keys have at most 512. */
export const MAX_LIST_BYTES = MAX_KEYS_IN_LIST * 513;
/** Bytes; a hold of ten million recordings has 1,000 lists of 100 bytes each. */
export const MAX_HOLD_BYTES = 1_048_576;

const HOLD_ID = /^h-[0-9]{8}-[0-9a-f]{12}$/;

const text = z.string().min(1).max(1024);
const time = z.iso.datetime({ precision: 3 });
const holdId = z.string().regex(HOLD_ID);

const hold = z.strictObject({
  schema: z.literal(HOLD_SCHEMA),
  id: holdId,
  matter: text,
  reason: text.exactOptional(),
  placedBy: text,
  times: z.strictObject({ issued: time }),
  /** How the recordings were chosen, in words; what is held are the keys. */
  selection: text,
  objects: z.int().min(1),
  /** Of each list, in order: how many keys, and SHA-256 of its bytes. */
  lists: z.array(
    z.strictObject({
      objects: z.int().min(1).max(MAX_KEYS_IN_LIST),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

const release = z.strictObject({
  schema: z.literal(RELEASE_SCHEMA),
  id: holdId,
  reason: text.exactOptional(),
  releasedBy: text,
  times: z.strictObject({ issued: time }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: text }),
  signature: SIGNATURE.exactOptional(),
});

export type Hold = z.output<typeof hold>;
export type HoldRelease = z.output<typeof release>;

export const isHoldId = (id: string): boolean => HOLD_ID.test(id);

/** `h-YYYYMMDD-` and 48 random bits. @param random 6 bytes. */
export function newHoldId(now: number, random: Uint8Array): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
  return `h-${day}-${Buffer.from(random.subarray(0, 6)).toString('hex')}`;
}

/** `holds/{id}.json`: written last, so a hold is placed when it is there. */
export const holdKey = (id: string): string => `${HOLD_PREFIX}${id}.json`;
/** `holds/{id}/released.json` */
export const releaseKey = (id: string): string => `${HOLD_PREFIX}${id}/released.json`;
/** `holds/{id}/keys-000001.txt`, from 1. */
export const heldKeysKey = (id: string, list: number): string =>
  `${HOLD_PREFIX}${id}/keys-${String(list).padStart(6, '0')}.txt`;

/** The id of a hold, from the key that {@link holdKey} gave it; `undefined` for any other key. */
export function holdOfKey(key: string): string | undefined {
  const [, id] = /^holds\/([^/]+)\.json$/.exec(key) ?? [];
  return id !== undefined && isHoldId(id) ? id : undefined;
}

/** One key a line, in byte order, each once. */
export function formatHeldKeys(keys: readonly string[]): Buffer {
  return Buffer.from(`${keys.join('\n')}\n`);
}

/** `undefined` when the bytes are not the list that the hold names. */
export function parseHeldKeys(
  bytes: Uint8Array,
  { objects, sha256 }: Hold['lists'][number],
): readonly string[] | undefined {
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) return undefined;
  const keys = Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1);
  return keys.length === objects ? keys : undefined;
}

/** `undefined` when the text is no hold, or not in the one form that a hold has. */
export function parseHold(json: string): Hold | undefined {
  return parseCanonical(hold, json);
}

export function parseRelease(json: string): HoldRelease | undefined {
  return parseCanonical(release, json);
}

function parseCanonical<T extends Json>(schema: z.ZodType<T>, json: string): T | undefined {
  const result = z.safeParse(schema, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}
