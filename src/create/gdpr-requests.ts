/** Wires what reads the platform's requests under the GDPR, and notices new ones. */
import type { Budget, Clock } from '../clock.ts';
import {
  createGdprRequests,
  type GdprRequest,
  type GdprRequests,
} from '../genesys/organization/gdpr-requests.ts';
import type { Logger } from '../log.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { isSafeId } from '../recording/id.ts';
import { listRequestNotes, putRequestNote } from '../record/request-note.ts';
import { openPlatformApi, type PlatformConfig } from './platform-api.ts';

/** Makes no request; the first look compares the organization with `GENESYS_ORGANIZATION_ID`. */
export function openGdprRequests(
  config: PlatformConfig,
  tools: { readonly clock?: Clock; readonly logger?: Logger } = {},
): GdprRequests & { close(): void } {
  const platform = openPlatformApi(config, tools);
  const requests = createGdprRequests(platform.api);
  return {
    async *list(budget) {
      await platform.pin(budget);
      yield* requests.list(budget);
    },
    async find(id, budget) {
      await platform.pin(budget);
      return requests.find(id, budget);
    },
    close: () => platform.close(),
  };
}

/** What a look found. */
export interface RequestsSeen {
  /** All that the platform has. */
  readonly requests: number;
  /** Those that no look before has seen. */
  readonly fresh: readonly GdprRequest[];
}

/**
 * Looks which requests the platform has, and notes those that are new. Nothing is done because of one. A request is told before it is noted: a
 * run that ends in between tells it again.
 *
 * @param onNew told of each request that is new.
 * @throws `GENESYS_*`, `STORE_*`.
 */
export async function watchGdprRequests(
  {
    source,
    store,
    clock,
  }: { readonly source: GdprRequests; readonly store: ObjectStore; readonly clock: Clock },
  onNew: (request: GdprRequest) => void,
  budget: Budget,
): Promise<RequestsSeen> {
  const known = await listRequestNotes(store, budget);
  const fresh: GdprRequest[] = [];
  let requests = 0;
  for await (const request of source.list(budget)) {
    requests += 1;
    const { id, type, createdAt, subject } = request;
    // an id that no key can have is told each time
    if (isSafeId(id) && known.has(id)) continue;
    fresh.push(request);
    onNew(request);
    if (!isSafeId(id)) continue;
    const seenAt = new Date(clock.now()).toISOString();
    const note = { id, requestType: type, addresses: subject.addresses.length, seenAt };
    await putRequestNote(store, { ...note, ...present({ createdAt }) }, budget);
  }
  return { requests, fresh };
}

/** The line of the log that tells of a new request. It names no person. */
export function describeNewRequest({ id, type }: Pick<GdprRequest, 'id' | 'type'>): string {
  const next =
    type === 'GDPR_DELETE' ? `; to plan what it asks for: genesys-archive erase --request ${id}` : '';
  return `the platform has a new request under the GDPR: ${type} ${id}; nothing is done by itself${next}`;
}
