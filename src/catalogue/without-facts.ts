import type { Budget } from '../clock.ts';
import { present } from '../present.ts';
import type { Cell } from '../ports.ts';
import { findRecordings } from './search/find-recordings.ts';
import type { CataloguePorts } from './ports.ts';
import { ROW_STATES } from './day/row-states.ts';
import type { SearchQuery } from './search/query.ts';

/** Of an erased recording nothing may be known. */
const WITH_FACTS = ROW_STATES.filter((state) => state !== 'erased');

/**
 * How many recordings a search passes over because what the platform knew of them is missing: rows without facts that meet all of its
 * other conditions. With `fresh` also those that the catalogue does not know yet. 0 for a search that asks for nothing of that.
 *
 * @throws what `findRecordings` throws.
 */
export async function countWithoutFacts(
  ports: CataloguePorts,
  { fresh, ...query }: SearchQuery & { readonly fresh?: boolean },
  budget: Budget,
): Promise<number> {
  const { agents, queues, divisions, wrapUps, customers, company, direction, media, ...rest } = query;
  const { minDurationMs, maxDurationMs, ...others } = rest;
  const ofFacts = [agents, queues, divisions, wrapUps, customers, company, direction, media];
  if ([...ofFacts, minDurationMs, maxDurationMs].every((one) => one === undefined)) return 0;
  const search = await findRecordings(ports, { states: WITH_FACTS, ...others }, present({ fresh }), budget);
  // its own type says of some files which medium they are
  const mayBeMeant = (kind: Cell | undefined) => typeof kind !== 'string' || (media?.includes(kind) ?? true);
  let unknown = 0;
  for await (const { hits } of search.days(['facts', 'media']))
    for (const { count, columns } of hits)
      for (let at = 0; at < count; at += 1)
        if (columns.facts?.[at] === 'none' && mayBeMeant(columns.media?.[at])) unknown += 1;
  return unknown;
}
