import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { describeQuery } from '../../catalogue/people.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { SearchQuery } from '../../catalogue/search-query.ts';
import type { Budget } from '../../clock.ts';
import { type AccessEntry, writeAccessEntry } from '../../record/access-entry.ts';

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
  const entry: AccessEntry = {
    v: 1,
    at: new Date(clock.now()).toISOString(),
    who: whoAsks(),
    session: randomBytes(8).toString('hex'),
    n: 1,
    action,
    query: describeQuery(query),
    ...(reason === undefined ? {} : { reason }),
    outcome: 'granted',
  };
  await writeAccessEntry(archive, entry, randomBytes(6).toString('hex'), budget);
}
