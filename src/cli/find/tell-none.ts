import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import { countWithoutFacts } from '../../catalogue/without-facts.ts';
import type { Budget } from '../../clock.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';

const NONE_FOUND = 6;

const passedOver = (recordings: number): string =>
  `${count(recordings, 'recording')} without facts of the platform (queue, agent, number, length) may be meant, and this search cannot tell; docs/catalogue.md, "Without facts"`;

/** Warns of recordings that a choice may mean and cannot name: they are left as they are. @throws what a search throws. */
export async function warnOfPassedOver(
  { ui }: Pick<CommandContext, 'ui'>,
  ports: CataloguePorts,
  query: SearchQuery & { readonly fresh?: boolean },
  budget: Budget,
): Promise<void> {
  const unknown = await countWithoutFacts(ports, query, budget);
  if (unknown > 0) ui.warn(passedOver(unknown));
}

/** Says that nothing was found, and what may be why. @returns the exit code. @throws what a search throws. */
export async function tellNone(
  { ui }: Pick<CommandContext, 'ui'>,
  ports: CataloguePorts,
  query: SearchQuery,
  budget: Budget,
): Promise<number> {
  ui.say('no recording matches');
  const unknown = await countWithoutFacts(ports, query, budget);
  if (unknown > 0) ui.say(passedOver(unknown));
  else if (query.queues !== undefined) ui.say('which queues there are: find --group-by queue');
  return NONE_FOUND;
}
