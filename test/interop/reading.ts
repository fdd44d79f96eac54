import { randomUUID } from 'node:crypto';
import { unlimited } from '../../src/clock.ts';
import type { Answer } from './foreign-client.ts';
import type { Format, OurObject, startArchive, Wrap } from './our-objects.ts';

/** Returns the objects that a foreign client did not read as they were written, each with its answer. */
export function unread(objects: readonly OurObject[], answers: readonly Answer[]): object[] {
  return objects.flatMap((object, index) =>
    answers[index]?.sha256 === object.sha256 ? [] : [{ ...object, answer: answers[index] }],
  );
}

/**
 * Writes copies of one object of ours, each with one fault that a writer could have: a flipped bit, a byte too few, the IV, message
 * id or wrapped data key of another object. A suite that reads every one of them would prove nothing.
 */
export async function damageEach(
  { store, writeAll }: Pick<Awaited<ReturnType<typeof startArchive>>, 'store' | 'writeAll'>,
  format: Format,
  wrap: Wrap,
): Promise<OurObject[]> {
  const [object, other] = await writeAll(format, wrap, [1000, 1000]);
  if (object === undefined || other === undefined) throw new Error('two objects were to be written');
  const { stat, body } = await store.get(object.key, unlimited);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const { metadata: foreign } = (await store.get(other.key, unlimited)).stat;
  const flipped = Buffer.from(bytes);
  flipped[500] = (flipped[500] ?? 0) ^ 1;
  const borrow = (...names: string[]) => ({
    ...stat.metadata,
    ...Object.fromEntries(names.flatMap((name) => (name in foreign ? [[name, foreign[name] ?? '']] : []))),
  });
  const faults: readonly (readonly [Buffer, Readonly<Record<string, string>>])[] = [
    [flipped, stat.metadata],
    [bytes.subarray(0, -1), stat.metadata],
    [bytes, borrow('iv', 'x-amz-iv', 'x-amz-i')],
    ...(format === 'static-gcm' ? [] : [[bytes, borrow('x-amz-3', 'x-amz-key-v2')] as const]),
  ];
  const damaged: OurObject[] = [];
  for (const [content, metadata] of faults) {
    const key = `archive/2026/05/20/${randomUUID()}.enc`;
    await store.put(key, content, { metadata, contentType: 'application/octet-stream' }, unlimited);
    damaged.push({ ...object, key });
  }
  return damaged;
}
