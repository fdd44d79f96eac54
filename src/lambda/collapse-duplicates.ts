import { requestKey } from '../events/collapse-requests.ts';
import type { ArchiveRequest } from '../ports.ts';

/** Runs the work on a request, or waits for the same work that another record of the batch has begun. */
export type Share = <T>(request: ArchiveRequest, work: () => Promise<T>) => Promise<T>;

/** Every request has work of its own. */
export const shareNothing: Share = (_request, work) => work();

/**
 * Does for each conversation once what several records of one batch ask for: a conversation ends for each of its participants, and
 * EventBridge delivers at least once. Records fail and succeed together with the work they share, and it is reported once.
 */
export function collapseDuplicates(): Share {
  const running = new Map<string, Promise<unknown>>();
  return <T>(request: ArchiveRequest, work: () => Promise<T>): Promise<T> => {
    if (request.dialect === 'media') return work();
    const key = requestKey(request);
    const known = running.get(key);
    // one request has one kind of result, whichever record asks for it
    if (known !== undefined) return known as Promise<T>;
    const begun = work();
    running.set(key, begun);
    return begun;
  };
}
