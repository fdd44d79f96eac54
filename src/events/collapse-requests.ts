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
