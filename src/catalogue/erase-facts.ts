import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader } from '../ports.ts';
import { type FactsLine, factsIds, parseFactsKey, readFacts, writeFacts } from '../record/facts-file.ts';
import type { FactsVersion } from './day/facts-of-day.ts';
import type { CataloguePorts } from './ports.ts';
import { openSealed, sealBytes } from '../record/sealed-object.ts';

/**
 * Takes the conversations of erased recordings out of facts. What was taken out does not come back: facts that
 * are fetched again are another version, and so looked at again.
 *
 * @throws `CATALOGUE_CONTENDED` (retryable) when the facts were replaced in between.
 */
export async function eraseFacts(
  ports: CataloguePorts,
  facts: readonly FactsVersion[],
  erased: ReadonlySet<string>,
  budget: Budget,
): Promise<void> {
  const { reader, envelope, facts: store = ports.catalogue } = ports;
  if (reader === undefined || erased.size === 0) return;
  for (const { key } of facts) await eraseFrom(key, reader);

  async function eraseFrom(key: string, opener: EnvelopeReader): Promise<void> {
    const named = parseFactsKey(key);
    const opened =
      named === undefined
        ? undefined
        : await openSealed(store, opener, { key, ids: factsIds(named.day) }, budget);
    if (named === undefined || opened === undefined) return;
    const { header, lines } = await readFacts(key, [opened.bytes]);
    const kept: FactsLine[] = [];
    let taken = 0;
    for await (const line of lines) {
      if (erased.has(line.conversationId)) taken += 1;
      else kept.push(line);
    }
    if (taken === 0) return;
    if (envelope === undefined || store.replace === undefined) {
      throw new ArchiveError('CONFIG_INVALID', `${key} has facts of what was erased, and cannot be written`, {
        hint: 'run `genesys-archive catalogue update` with the keys that recordings are written with',
      });
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeFacts(header, kept)) chunks.push(chunk);
    const { body, options } = await sealBytes(envelope, factsIds(named.day), Buffer.concat(chunks), budget);
    const { outcome } = await store.replace(opened.stat, body, options, budget);
    if (outcome !== 'replaced')
      throw new ArchiveError(
        'CATALOGUE_CONTENDED',
        `${key} was replaced while what was erased was taken out of it`,
      );
  }
}
