import { hostname, userInfo } from 'node:os';
import { describeQuery } from '../../catalogue/people.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { SearchQuery } from '../../catalogue/search-query.ts';
import type { Budget } from '../../clock.ts';
import { type AccessEntry, noteAct } from '../../record/access-entry.ts';

/** Who asks, as far as this machine knows. */
export function whoAsks(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `unknown@${hostname()}`;
  }
}

/** Writes down that people are looked at, before they are. @throws what the store throws. */
export async function noteAccess(
  { archive, clock }: Pick<CataloguePorts, 'archive' | 'clock'>,
  {
    action,
    query,
    reason,
  }: Pick<AccessEntry, 'action'> & { readonly query: SearchQuery; readonly reason: string | undefined },
  budget: Budget,
): Promise<void> {
  const act = { who: whoAsks(), action, query: describeQuery(query), reason };
  await noteAct({ store: archive, clock }, act, budget);
}
