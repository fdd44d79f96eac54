/** Items of finished shards that could not be done. */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import { failedKey, type ShardTurn } from './keys.ts';
import type { PatientStore } from './patient-store.ts';
import { packLines, unpackLines } from './shards/lines.ts';

const failureSchema = z.object({
  name: z.string(),
  code: z.string(),
  reason: z.string(),
  retryable: z.boolean(),
  attempts: z.number(),
  details: z.unknown().optional(),
  item: z.unknown(),
});

/** One line of a failed list. */
export interface Failure {
  /** Names the item: ids, no personal data. */
  readonly name: string;
  readonly code: string;
  readonly reason: string;
  readonly retryable: boolean;
  readonly attempts: number;
  /** The kind's own, where it says more. */
  readonly details?: unknown;
  /** The item itself, as the shard has it. */
  readonly item?: unknown;
}

export async function writeFailures(
  store: PatientStore,
  { id, at }: { readonly id: string; readonly at: ShardTurn },
  failures: readonly Failure[],
  budget: Budget,
): Promise<void> {
  const packed = packLines(failures.map((failure) => JSON.stringify(failure)));
  await store.put(failedKey(id, at), packed, budget);
}

/** @throws `OBJECT_MALFORMED` when the list is damaged; `STORE_*`. */
export async function readFailures(
  store: PatientStore,
  id: string,
  at: ShardTurn,
  budget: Budget,
): Promise<Failure[]> {
  const key = failedKey(id, at);
  const bytes = await store.get(key, budget);
  if (bytes === undefined) return [];
  return unpackLines(key, bytes).flatMap((value) => {
    const parsed = failureSchema.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}
