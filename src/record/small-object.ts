import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

/** Stores a small JSON object, unless one stands there. */
export async function putSmall(
  store: ObjectStore,
  key: string,
  body: Buffer,
  budget: Budget,
): Promise<'stored' | 'exists'> {
  const options = {
    metadata: {},
    contentType: 'application/json',
    contentLength: body.length,
    verify: 'answer',
  } as const;
  return (await store.put(key, body, options, budget)).outcome;
}

/**
 * Reads a small object as text; `undefined` when it does not exist.
 * @throws `OBJECT_MALFORMED` when it is larger than `limit` bytes.
 */
export async function getSmall(
  store: ObjectStore,
  key: string,
  limit: number,
  budget: Budget,
): Promise<string | undefined> {
  try {
    const { stat, body } = await store.get(key, budget);
    if (stat.size > limit) throw new ArchiveError('OBJECT_MALFORMED', `${key} is larger than ${limit} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}
