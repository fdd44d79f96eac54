import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

/** What the S3 Encryption Client specification appends to the key of an object. */
const SUFFIX = '.instruction';

/** Bytes; a real one has about 600. */
const LARGEST = 65_536;

/**
 * The body of the instruction file beside an object.
 *
 * @returns `undefined` when there is none.
 * @throws `OBJECT_MALFORMED` when it is too long to be one; what the store throws.
 */
export async function readInstruction(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<string | undefined> {
  const found = await store.head(`${key}${SUFFIX}`, budget);
  if (found === undefined) return undefined;
  const { stat, body } = await store.get(`${key}${SUFFIX}`, budget);
  if (stat.size > LARGEST) {
    throw new ArchiveError('OBJECT_MALFORMED', `the instruction file of ${key} is too long to be one`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
