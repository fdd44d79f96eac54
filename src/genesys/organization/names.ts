import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { NameList, OrganizationNames } from '../../ports.ts';
import { isSafeId } from '../../recording/id.ts';
import type { GenesysApi } from '../api-client.ts';
import { parseJsonObject, readField } from '../responses.ts';

/** Entries of one page, the platform's maximum. */
const PAGE_SIZE = 100;

/** Pages of one list: 50,000 names. What comes behind has no name in a day's facts. */
const MAX_PAGES = 500;

/** Characters of one name. */
const MAX_NAME = 256;

const PATHS = {
  queues: ['routing', 'queues'],
  wrapUps: ['routing', 'wrapupcodes'],
  divisions: ['authorization', 'divisions'],
  users: ['users'],
} as const;

/** What queues, wrap-up codes, divisions and users are called. A list that is refused keeps nothing else back. */
export function createOrganizationNames(api: GenesysApi): OrganizationNames {
  return {
    async list(what, budget) {
      try {
        return await listNames(api, PATHS[what], budget);
      } catch (error) {
        const isAnswer = error instanceof ArchiveError && error.code === 'GENESYS_BAD_RESPONSE';
        if (!isAnswer) throw error;
        return { status: 'failed' };
      }
    },
  };
}

async function listNames(api: GenesysApi, path: readonly string[], budget: Budget): Promise<NameList> {
  const names: Record<string, string> = {};
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const query = { pageSize: String(PAGE_SIZE), pageNumber: String(page) };
    const answer = await api.call({ method: 'GET', path: ['api', 'v2', ...path], query }, budget);
    if (answer.status === 403) return { status: 'forbidden' };
    const entities = answer.status === 200 ? parseJsonObject(answer.text)?.['entities'] : undefined;
    if (!Array.isArray(entities)) return { status: 'failed' };
    for (const entity of entities as readonly unknown[]) {
      const id = readField(entity, 'id');
      const name = readField(entity, 'name');
      if (isSafeId(id) && typeof name === 'string') names[id] = name.slice(0, MAX_NAME);
    }
    if (entities.length < PAGE_SIZE) break;
  }
  return { status: 'known', names };
}
