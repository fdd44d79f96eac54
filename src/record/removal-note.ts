/**
 * From when on lifecycle rules may remove objects of a day: `removals/YYYY/MM/DD/{time}-{hash}.json`, written before a tag is put on or
 * taken off, never replaced (docs/format.md, "Removals by rule"). Of the notes that name an object the newest counts.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import { parseDay } from '../recording/time.ts';
import { canonicalJson } from './canonical-json.ts';
import { SIGNATURE } from './receipt/schema.ts';

export const REMOVAL_PREFIX = 'removals/';
export const REMOVAL_NOTE_SCHEMA = 'genesys-media-archive/removals/v1';

/** As many as are worked on in one batch; more are several notes. */
export const MAX_OBJECTS_IN_NOTE = 1_000;
/** Bytes; keys have at most 512. */
export const MAX_NOTE_BYTES = MAX_OBJECTS_IN_NOTE * 640;

const time = z.iso.datetime({ precision: 3 });

const note = z.strictObject({
  schema: z.literal(REMOVAL_NOTE_SCHEMA),
  /** Of the objects' keys, `YYYY-MM-DD`. */
  day: z.string().refine((value) => parseDay(value) !== undefined),
  objects: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(1024),
        /** A rule may remove it from then on; absent: no rule may. */
        from: time.exactOptional(),
        /** A person keeps it until then; it stands, also where later notes say nothing of it. */
        until: time.exactOptional(),
        /** Its tag has been taken off by now. */
        off: z.literal(true).exactOptional(),
      }),
    )
    .min(1)
    .max(MAX_OBJECTS_IN_NOTE),
  times: z.strictObject({ issued: time }),
  tool: z.strictObject({ name: z.literal('genesys-media-archive'), version: z.string().min(1).max(1024) }),
  signature: SIGNATURE.exactOptional(),
});

export type RemovalNote = z.output<typeof note>;

/** What the keys of a day's notes begin with. @param day `YYYY-MM-DD`. */
export const removalDayPrefix = (day: string): string => `${REMOVAL_PREFIX}${day.replaceAll('-', '/')}/`;

/** In the order of times within a day. @param bytes of the note. */
export function removalNoteKey(
  { day, times }: Pick<RemovalNote, 'day' | 'times'>,
  bytes: Uint8Array,
): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return `${removalDayPrefix(day)}${times.issued.replaceAll(/[-:.]/g, '')}-${hash}.json`;
}

/** `undefined` for what is no note in its one spelling. */
export function parseRemovalNote(json: string): RemovalNote | undefined {
  const result = z.safeParse(note, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}
