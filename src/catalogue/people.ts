/** Names of agents, and what else is known of people, by rows: opened from the sealed files of days, one day at a time. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalId } from '../recording/id.ts';
import { nameMatcher } from './search/name-pattern.ts';
import { readPeople } from './day/people-file.ts';
import { shardOfKey } from './places.ts';
import type { CataloguePorts } from './ports.ts';
import { keyHash } from './day/row.ts';
import type { CatalogueRow, PeopleRow } from './schema.ts';
import { isDayAsked, type SearchQuery } from './search/query.ts';
import { listShards } from './update-catalogue.ts';

/** Files of people that are kept open in memory: results come day by day. */
const MAX_DAYS = 4;

/** Names of the filters, and of those that are not about people their values. */
export function describeQuery(query: SearchQuery): string {
  const aboutPeople = new Set(['customers', 'agents']);
  return Object.entries(query)
    .map(([name, value]) =>
      aboutPeople.has(name) ? name : `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`,
    )
    .join(' ')
    .slice(0, 1000);
}

/** Opens the sealed file of a row’s day, once for the rows of that day that follow. */
export function openPeople(
  ports: CataloguePorts,
  budget: Budget,
): (row: Pick<CatalogueRow, 'key'>) => Promise<PeopleRow | undefined> {
  const open = new Map<string, Promise<ReadonlyMap<bigint, PeopleRow>>>();
  let shards: ReturnType<typeof listShards> | undefined;
  return async ({ key }) => {
    const day = ports.layout.parse(key)?.date ?? '';
    const of = (await (shards ??= listShards(ports, budget))).get(day)?.length ?? 1;
    const shard = { index: shardOfKey(key, of), of };
    const name = `${day} ${shard.index}`;
    const people = open.get(name) ?? readPeople(ports, { day, shard }, budget);
    open.delete(name);
    open.set(name, people);
    const [oldest] = open.keys();
    if (open.size > MAX_DAYS && oldest !== undefined) open.delete(oldest);
    return (await people).get(keyHash(key));
  };
}

const isId = (text: string) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** Agents of which something is looked for that is no id. */
export const namesAgents = ({ agents = [] }: SearchQuery): boolean => agents.some((agent) => !isId(agent));

/**
 * The query with ids in place of names of agents, as the files of people of the asked days have them.
 *
 * @throws `USAGE` for a name that no agent of these days has; `CONFIG_INVALID` without a key.
 */
export async function resolveAgents(
  ports: CataloguePorts,
  query: SearchQuery,
  budget: Budget,
): Promise<SearchQuery> {
  const { agents } = query;
  if (agents === undefined || !namesAgents(query)) return query;
  const patterns = agents.filter((agent) => !isId(agent)).map(nameMatcher);
  const found = new Set<string>();
  const known = new Set<string>();
  for (const [day, shards] of await listShards(ports, budget)) {
    if (!isDayAsked(query, day)) continue;
    for (const shard of shards) {
      for (const { agent_ids: ids, agent_names: names } of (
        await readPeople(ports, { day, shard }, budget)
      ).values()) {
        for (const [at, id] of (ids ?? []).entries()) {
          if (id === null) continue;
          known.add(id);
          const name = names?.[at];
          if (typeof name === 'string' && patterns.some((matches) => matches(name))) found.add(id);
        }
      }
    }
  }
  // what is no name may be an id of another spelling
  const ids = agents.filter((agent) => isId(agent) || known.has(agent) || known.has(canonicalId(agent)));
  const all = [...new Set([...found, ...ids])];
  if (all.length > 0) return { ...query, agents: all };
  throw new ArchiveError('NOTHING_FOUND', 'no agent of these days has that name', {
    hint: 'write the whole name, or its beginning and *, such as "Mar*"; names are known from facts (ARCHIVE_FACTS=analytics)',
  });
}
