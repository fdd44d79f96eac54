import { stableUuid } from '../catalogue.ts';
import { errorReply, jsonReply } from '../genesys-errors.ts';
import type { Reply } from '../reply.ts';
import type { Call } from '../service.ts';
import { pageOf } from './paging.ts';

/** Divisions, queues, wrap-up codes and agents of an organization: few, and the same in each. */

export interface Named {
  readonly id: string;
  readonly name: string;
}

const named = (kind: string, names: readonly string[]): readonly Named[] =>
  names.map((name, at) => ({ id: stableUuid(at === 0 ? kind : `${kind}/${name}`), name }));

export const DIVISIONS = named('division', ['Home', 'Claims', 'Retail']);
/** The OAuth client has no role in it. */
export const HIDDEN_DIVISION: Named = { id: stableUuid('division/hidden'), name: 'Board' };
export const QUEUES = named('queue', ['Support', 'Billing', 'Claims', 'Orders', 'Escalations']);
export const WRAP_UP_CODES = named('wrap-up', [
  'Resolved',
  'Callback promised',
  'Complaint',
  'Wrong number',
  'Sale',
  'Transferred',
]);

const FIRST_NAMES = ['Ada', 'Bruno', 'Chiara', 'David', 'Elif'];
const LAST_NAMES = ['Okafor', 'Lindqvist', 'Novak', 'Tanaka'];
export const AGENTS = named(
  'agent',
  LAST_NAMES.flatMap((last) => FIRST_NAMES.map((first) => `${first} ${last}`)),
);

/** The entry at a place of a list, counted from its start again after its end. */
export function entryAt(list: readonly Named[], at: number): Named {
  const entry = list[at % list.length];
  if (entry === undefined) throw new RangeError('the list has no entries');
  return entry;
}

/** Entries of one page at most, by the platform's listings. */
const MAX_PAGE_ITEMS = 500;
const DEFAULT_PAGE_ITEMS = 25;

export function listQueues(call: Call): Reply {
  const division = divisionRef(DIVISIONS[0]);
  return listing(call, '/api/v2/routing/queues', QUEUES, (one) => ({
    division,
    memberCount: AGENTS.length,
    ...one,
  }));
}

export function listWrapUpCodes(call: Call): Reply {
  return listing(call, '/api/v2/routing/wrapupcodes', WRAP_UP_CODES, (one) => one);
}

export function listUsers(call: Call): Reply {
  const division = divisionRef(DIVISIONS[0]);
  return listing(call, '/api/v2/users', AGENTS, (one) => ({
    ...one,
    division,
    email: `${one.name.toLowerCase().replace(' ', '.')}@example.com`,
    state: 'active',
    version: 1,
  }));
}

function divisionRef(division: Named | undefined): object {
  return { ...division, selfUri: `/api/v2/authorization/divisions/${division?.id}` };
}

function listing(call: Call, path: string, list: readonly Named[], describe: (one: Named) => object): Reply {
  const ids = call.query.getAll('id').flatMap((text) => text.split(','));
  const found = ids.length === 0 ? list : list.filter(({ id }) => ids.includes(id));
  const page = pageOf(call, path, found, { largest: MAX_PAGE_ITEMS, byDefault: DEFAULT_PAGE_ITEMS });
  if (page === undefined) {
    return errorReply('genesys', 400, {
      code: 'bad.request',
      message: 'pageSize or pageNumber is not valid',
    });
  }
  const entities = page.entities.map((one) => ({ ...describe(one), selfUri: `${path}/${one.id}` }));
  return jsonReply(200, { ...page, entities });
}
