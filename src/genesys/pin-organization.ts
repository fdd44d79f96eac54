import { type Budget, type Clock, startBudget, waitFor } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { isSameId, UUID_PATTERN } from '../recording/id.ts';
import type { ApiRequest, GenesysApi } from './api-client.ts';
import { parseJsonObject, readField } from './responses.ts';

/**
 * What is known of the organization that the OAuth client belongs to. `not-asked`: no organization is configured. `unknown`: the
 * platform does not tell this client.
 */
export type OrganizationStanding = 'not-asked' | 'same' | 'unknown';

/** @throws `ORGANIZATION_MISMATCH` when the client belongs to another one; what the API client throws. */
export type OrganizationPin = (api: GenesysApi, budget: Budget) => Promise<OrganizationStanding>;

export interface PinOptions {
  /** `GENESYS_ORGANIZATION_ID`. */
  readonly organizationId: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called once, when the platform does not tell. */
  readonly onUnknown?: (() => void) | undefined;
}

/** ms for both calls with their retries. */
const PIN_TIME_MS = 60_000;

/** Every token may call the second one: it tells where a policy denies the first. */
const ENDPOINTS: readonly {
  readonly path: ApiRequest['path'];
  readonly read: (answer: unknown) => unknown;
}[] = [
  { path: ['api', 'v2', 'organizations', 'me'], read: (answer) => readField(answer, 'id') },
  {
    path: ['api', 'v2', 'tokens', 'me'],
    read: (answer) => readField(readField(answer, 'organization'), 'id'),
  },
];

/**
 * Compares the configured organization with the one the OAuth client belongs to: asked once for all who wait, and kept permanently.
 * A failure, and the answer that it is another one, are asked again by the next caller: credentials may have been put right by then.
 */
export function pinOrganization({ organizationId, clock, logger, onUnknown }: PinOptions): OrganizationPin {
  let settled: OrganizationStanding | undefined = organizationId === undefined ? 'not-asked' : undefined;
  let inFlight: Promise<OrganizationStanding> | undefined;

  /** Owned by no caller: one that gives up must not take the answer from the others. */
  const look = async (api: GenesysApi, wanted: string): Promise<OrganizationStanding> => {
    const { budget, end } = startBudget(clock, clock.now() + PIN_TIME_MS);
    try {
      const stated = await askOrganization(api, budget);
      if (stated !== undefined && !isSameId(stated, wanted)) throw mismatch(stated);
      settled = stated === undefined ? 'unknown' : 'same';
      if (settled === 'unknown') {
        onUnknown?.();
        const message =
          'the platform does not tell which organization the OAuth client belongs to: GENESYS_ORGANIZATION_ID was not compared';
        logger.log('warn', message, { code: 'ORGANIZATION_UNKNOWN', state: 'unknown' });
      }
      return settled;
    } finally {
      end();
      inFlight = undefined;
    }
  };

  return async (api, budget) => {
    if (settled !== undefined) return settled;
    inFlight ??= look(api, organizationId ?? '');
    return waitFor(inFlight, budget.signal);
  };
}

/** The id as the platform states it; `undefined` when neither endpoint states one. */
async function askOrganization(api: GenesysApi, budget: Budget): Promise<string | undefined> {
  for (const { path, read } of ENDPOINTS) {
    const { status, text } = await api.call({ method: 'GET', path }, budget);
    const id = status === 200 ? read(parseJsonObject(text)) : undefined;
    if (typeof id === 'string' && UUID_PATTERN.test(id)) return id;
  }
  return undefined;
}

function mismatch(stated: string): ArchiveError {
  return new ArchiveError(
    'ORGANIZATION_MISMATCH',
    `the OAuth client belongs to organization ${stated.toLowerCase()}, and GENESYS_ORGANIZATION_ID names another one`,
  );
}

/** The same API, whose calls that may change something wait until the organization is known to be the right one. */
export function gateChanges(api: GenesysApi, allowed: (budget: Budget) => Promise<unknown>): GenesysApi {
  return {
    call: async (request, budget) => {
      if (request.method !== 'GET') await allowed(budget);
      return api.call(request, budget);
    },
  };
}
