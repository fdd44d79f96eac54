import type { ArchiveRequest } from '../ports.ts';

/** Equal for requests that ask for the same recordings. */
export function requestKey(request: ArchiveRequest): string {
  return JSON.stringify(
    request.dialect === 'media'
      ? ['media', request.interactionId, request.mediaId]
      : ['recordings', request.conversationId, request.recordingId ?? ''],
  );
}

/**
 * One conversation is over for each of its participants, and once more when the wrap-up is done: its events are one request. It
 * keeps the latest end, because the recordings are waited for from there. Requests of the tutorial's dialect stay as they are.
 */
export function collapseRequests(requests: readonly ArchiveRequest[]): readonly ArchiveRequest[] {
  const collapsed = new Map<string, ArchiveRequest>();
  let uncollapsed = 0;
  for (const request of requests) {
    if (request.dialect === 'media') {
      collapsed.set(`media ${uncollapsed}`, request);
      uncollapsed += 1;
      continue;
    }
    const key = requestKey(request);
    const known = collapsed.get(key);
    const knownEnd = known?.dialect === 'recordings' ? known.endedAt : undefined;
    const endedAt = Math.max(knownEnd ?? -Infinity, request.endedAt ?? -Infinity);
    collapsed.set(key, { ...request, ...(Number.isFinite(endedAt) ? { endedAt } : {}) });
  }
  return [...collapsed.values()];
}

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
