import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import { factsIds, factsKey, type FactsHeader, type FactsLine, readFacts } from '../../record/facts-file.ts';

/** Bytes of one part; more are none that this program writes. */
const MAX_PART_BYTES = 512 * 1024 * 1024;

/**
 * The facts of one day, conversation by conversation; `undefined` for a day without facts. Parts of another writing than the first one's are
 * left out.
 *
 * @throws `OBJECT_MALFORMED`, `DECRYPT_FAILED`, and what store and key service throw.
 */
export async function readFactsDay(
  { store, reader }: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  day: string,
  budget: Budget,
): Promise<
  { readonly header: FactsHeader; readonly lines: AsyncGenerator<FactsLine, void, undefined> } | undefined
> {
  const open = async (part: number) => {
    const key = factsKey(day, part);
    const plaintext = await openPart(store, reader, { day, key }, budget);
    return plaintext === undefined ? undefined : readFacts(key, [plaintext]);
  };
  const first = await open(1);
  if (first === undefined) return undefined;
  const { header } = first;
  async function* lines(): AsyncGenerator<FactsLine, void, undefined> {
    if (first !== undefined) yield* first.lines;
    for (let part = 2; part <= (header.parts ?? 1); part += 1) {
      const next = await open(part);
      if (next?.header.writtenBy === header.writtenBy) yield* next.lines;
    }
  }
  return { header, lines: lines() };
}

/** Decrypted as a whole: nothing of it is used before its tag has been verified. */
async function openPart(
  store: ObjectStore,
  reader: EnvelopeReader,
  { day, key }: { readonly day: string; readonly key: string },
  budget: Budget,
): Promise<Buffer | undefined> {
  try {
    const { stat, body } = await store.get(key, budget);
    if (stat.size > MAX_PART_BYTES) throw new ArchiveError('OBJECT_MALFORMED', `${key} is too large`);
    const unsealer = await reader.unseal(stat, { expected: factsIds(day), budget });
    const parts: Uint8Array[] = [];
    for await (const chunk of body) parts.push(unsealer.update(chunk));
    parts.push(unsealer.final());
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}
