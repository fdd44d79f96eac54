import { hostname, userInfo } from 'node:os';
import { describeQuery, namesAgents, resolveAgents } from '../../catalogue/people.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { type AccessEntry, noteAct } from '../../record/access-entry.ts';
import { type Layout, objectOfReceipt } from '../../record/layout.ts';
import { isSafeId, shortenForMessage } from '../../recording/id.ts';

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

/** Reports whether the files of people are opened for a query: for names of agents, where there is a key. */
export const opensPeople = ({ reader }: Pick<CataloguePorts, 'reader'>, query: SearchQuery): boolean =>
  namesAgents(query) && reader !== undefined;

/**
 * A query as it is looked up: with ids in place of keys and of names of agents. What opens the files of people is written down first.
 *
 * @param access.always writes it down also where no name is asked for.
 * @throws `USAGE` for a key of another layout; `CONFIG_INVALID` for a name where no key opens the files of people; `NOTHING_FOUND` for
 *   one that no agent has; what the stores and the key service throw.
 */
export async function resolveQuery(
  ports: CataloguePorts,
  stated: SearchQuery,
  access: Pick<AccessEntry, 'action'> & { readonly reason: string | undefined; readonly always?: boolean },
  budget: Budget,
): Promise<SearchQuery> {
  const query = withoutKeys(ports.layout, stated);
  const opens = opensPeople(ports, query);
  const name = query.agents?.find((agent) => !isSafeId(agent));
  if (!opens && name !== undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'names of agents are sealed, and no key is configured', {
      hint: 'set the key that recordings are read with, such as ARCHIVE_KMS_KEY_ID or ARCHIVE_KEYRING_FILE, or name agents by their ids',
    });
  }
  if (opens || access.always === true)
    await noteAccess(ports, { action: access.action, query, reason: access.reason }, budget);
  return opens ? resolveAgents(ports, query, budget) : query;
}

/** A key names its recording, and so does the key of its receipt. */
function withoutKeys(layout: Layout, query: SearchQuery): SearchQuery {
  if (query.ids?.some((id) => id.includes('/')) !== true) return query;
  const idOf = (key: string) => {
    if (!key.includes('/')) return key;
    const named = layout.parse(key) ?? layout.parse(objectOfReceipt(layout, key) ?? '');
    if (named !== undefined) return named.recordingId;
    throw new ArchiveError('USAGE', `${shortenForMessage(key)} is not a key of a recording of this archive`, {
      hint: `its keys are ${layout.source}; ARCHIVE_LAYOUT says how they are made`,
    });
  };
  return { ...query, ids: [...new Set(query.ids.map(idOf))] };
}
