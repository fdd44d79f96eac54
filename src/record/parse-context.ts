/** Reads the objects beside recordings that say what their conversation was: asked for one by one, or made from facts. */
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';

const id = z.string().min(1).max(128);
const text = z.string().max(1024);
const time = z.iso.datetime({ precision: 3 });

const participant = z.object({
  purpose: text.exactOptional(),
  userId: id.exactOptional(),
  queueId: id.exactOptional(),
  queueName: text.exactOptional(),
  wrapUp: z.object({ code: text.exactOptional(), name: text.exactOptional() }).exactOptional(),
});

const stored = z.object({
  schema: z.literal('genesys-media-archive/context/v1'),
  conversationId: id,
  /** When the platform was asked. */
  takenAt: time,
  startTime: time.exactOptional(),
  endTime: time.exactOptional(),
  direction: text.exactOptional(),
  divisionIds: z.array(id),
  participants: z.array(participant),
  recordings: z.array(z.object({ media: text.exactOptional() })),
});

/** What is read of a context; objects hold more. */
export type StoredContext = z.infer<typeof stored>;

/**
 * @param key names the object in messages.
 * @throws `OBJECT_MALFORMED` (not retryable) for what is none.
 */
export function parseContext(key: string, json: string): StoredContext {
  const { success, data } = stored.safeParse(parseForeignJson(json));
  if (success) return data;
  throw new ArchiveError('OBJECT_MALFORMED', `${key} is not the context of a conversation`);
}
