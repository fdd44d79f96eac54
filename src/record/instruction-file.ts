import type { Budget } from '../clock.ts';
import type { InstructionContent, ObjectStore, PutOptions } from '../ports.ts';
import { getSmall } from './small-object.ts';

/** What the S3 Encryption Client specification appends to the key of an object. */
export const INSTRUCTION_SUFFIX = '.instruction';

/** Bytes; a real one has about 600. */
const MAX_INSTRUCTION_BYTES = 65_536;

export function instructionKey(key: string): string {
  return `${key}${INSTRUCTION_SUFFIX}`;
}

/**
 * The body of the instruction file beside an object.
 *
 * @returns `undefined` when the object has no such file.
 * @throws `OBJECT_MALFORMED` when it is too long to be one; what the store throws.
 */
export async function readInstruction(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<string | undefined> {
  return getSmall(store, instructionKey(key), MAX_INSTRUCTION_BYTES, budget);
}

/** Stores the instruction file of an object, unless there is one. */
export async function putInstruction(
  store: ObjectStore,
  key: string,
  instruction: InstructionContent,
  budget: Budget,
): Promise<'stored' | 'exists'> {
  const { body, options } = formatInstruction(instruction);
  return (await store.put(instructionKey(key), body, options, budget)).outcome;
}

/** As it is handed to a store. */
export function formatInstruction({ metadata, body }: InstructionContent): {
  readonly body: Buffer;
  readonly options: PutOptions;
} {
  const bytes = Buffer.from(body, 'utf8');
  const options = { metadata, contentType: 'application/json', contentLength: bytes.length };
  return { body: bytes, options };
}
