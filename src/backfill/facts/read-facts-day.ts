import type { Budget } from '../../clock.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import { factsIds, factsKey, type FactsHeader, type FactsLine, readFacts } from '../../record/facts-file.ts';
import { getSealed } from '../day-object.ts';

/**
 * The facts of one day, conversation by conversation; `undefined` for a day without facts. Parts of another writing than the first one's are
 * left out.
 *
 * @throws `OBJECT_MALFORMED`, `DECRYPT_FAILED`, and what store and key service throw.
 */
export async function readFactsDay(
  source: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  day: string,
  budget: Budget,
): Promise<
  { readonly header: FactsHeader; readonly lines: AsyncGenerator<FactsLine, void, undefined> } | undefined
> {
  const open = async (part: number) => {
    const key = factsKey(day, part);
    const plaintext = await getSealed(source, { key, ids: factsIds(day) }, budget);
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
