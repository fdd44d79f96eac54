/**
 * That the platform was seen to have a request under the GDPR: `requests/{id}.json`, written once (docs/format.md, "Requests"). It holds no
 * number, address or name, and nothing is done because of it.
 */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import { parseForeignJson } from '../json.ts';
import type { ObjectStore } from '../ports.ts';
import { getSmall, putSmall } from './small-object.ts';

export const REQUESTS_PREFIX = 'requests/';
const REQUEST_SCHEMA = 'genesys-media-archive/gdpr-request/v1';
const MAX_NOTE_BYTES = 4 * 1024;

const noteSchema = z.object({
  schema: z.literal(REQUEST_SCHEMA),
  id: z.string().min(1).max(128),
  /** `GDPR_DELETE`, `GDPR_EXPORT`, `GDPR_UPDATE`. */
  requestType: z.string().max(512),
  /** ISO 8601, as the platform states it. */
  createdAt: z.string().max(512).exactOptional(),
  /** Numbers and addresses that it names. */
  addresses: z.int().min(0),
  /** ISO 8601. */
  seenAt: z.iso.datetime({ precision: 3 }),
});

export type RequestNote = Readonly<z.infer<typeof noteSchema>>;

const noteKey = (id: string) => `${REQUESTS_PREFIX}${id}.json`;

/** Writes it, unless it is there. @param note of an id that is safe in a key. */
export async function putRequestNote(
  store: ObjectStore,
  note: Omit<RequestNote, 'schema'>,
  budget: Budget,
): Promise<void> {
  const body = Buffer.from(`${JSON.stringify({ schema: REQUEST_SCHEMA, ...note })}\n`);
  await putSmall(store, noteKey(note.id), body, budget);
}

/** Ids of the requests that were seen before. One listing. @throws `STORE_*`. */
export async function listRequestNotes(store: ObjectStore, budget: Budget): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { key } of store.list(REQUESTS_PREFIX, budget)) {
    const [, id] = /^requests\/([^/]+)\.json$/.exec(key) ?? [];
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

/** `undefined` without one, and for something else in its place. @throws `STORE_*`. */
export async function readRequestNote(
  store: ObjectStore,
  id: string,
  budget: Budget,
): Promise<RequestNote | undefined> {
  const text = await getSmall(store, noteKey(id), MAX_NOTE_BYTES, budget);
  const parsed = text === undefined ? undefined : noteSchema.safeParse(parseForeignJson(text));
  return parsed?.success === true && parsed.data.id === id ? parsed.data : undefined;
}
