import { describeQuery, namesAgents, resolveAgents } from '../catalogue/people.ts';
import type { SearchQuery } from '../catalogue/search/query.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import type { Call } from './routes/route.ts';

/** No agent has it, and so no row. */
const NO_AGENT = 'no such agent';

/**
 * The query with ids in the place of names of agents. A search for a person opens what is sealed, or shows by its result whose number it
 * was: it is an entry of the access log before it is done.
 *
 * @throws `NOT_ALLOWED`, `ACCESS_LOG_UNAVAILABLE`; `CONFIG_INVALID` without a key.
 */
export async function resolvePeople(
  { state, archive, session, grants, budget, query }: Call<{ readonly reason?: string | undefined }>,
  asked: SearchQuery,
): Promise<SearchQuery> {
  const isByName = namesAgents(asked);
  if (!isByName && asked.customers === undefined) return asked;
  if (!grants.has('reveal')) {
    throw new ArchiveError('NOT_ALLOWED', 'your roles do not grant a search for people by name or number', {
      hint: 'search by the id of the agent, the conversation or the recording',
    });
  }
  const entry = {
    action: 'search',
    query: describeQuery(asked),
    ...present({ reason: query.reason }),
  } as const;
  await state.access.write(archive, session, entry);
  if (!isByName) return asked;
  try {
    return await resolveAgents(archive.catalogue, asked, budget);
  } catch (thrown) {
    if (toArchiveError(thrown).code !== 'NOTHING_FOUND') throw thrown;
    return { ...asked, agents: [NO_AGENT] };
  }
}
