import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { claimKey } from './object-key.ts';

/** Bytes; a claim is about 60. */
const LARGEST_CLAIM = 1024;

/**
 * For a recording whose time nobody states: pins the time it was first seen, in one conditional write, so that every retry and
 * redelivery files it under the same day.
 *
 * @param now epoch ms, used only if no claim stands yet.
 * @returns the pinned time, epoch ms.
 */
export async function claimFirstSeen(
  store: ObjectStore,
  recordingId: string,
  now: number,
  budget: Budget,
): Promise<number> {
  const key = claimKey(recordingId);
  const body = Buffer.from(`${JSON.stringify({ firstSeen: new Date(now).toISOString() })}\n`);
  const written = await store.put(
    key,
    once(body),
    { metadata: {}, contentType: 'application/json', contentLength: body.length },
    budget,
  );
  return written.outcome === 'stored' ? now : readClaim(store, key, budget);
}

async function readClaim(store: ObjectStore, key: string, budget: Budget): Promise<number> {
  const { body, stat } = await store.get(key, budget);
  const malformed = () => new ArchiveError('OBJECT_MALFORMED', `${key} is not a claim`);
  if (stat.size > LARGEST_CLAIM) throw malformed();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const [, text] = /^\{"firstSeen":"([0-9TZ:.-]+)"\}\n$/.exec(Buffer.concat(chunks).toString('latin1')) ?? [];
  const at = Date.parse(text ?? '');
  if (!Number.isFinite(at)) throw malformed();
  return at;
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk;
}
