import type { Archiver } from '../create-archiver.ts';
import { requestKey } from '../events/collapse-requests.ts';

/**
 * An archiver that does for each conversation once what several records of one batch ask for: a conversation ends for each of its
 * participants, and EventBridge delivers at least once. Records fail and succeed together with the work they share.
 */
export function collapseDuplicates(archiver: Pick<Archiver, 'archive'>): Pick<Archiver, 'archive'> {
  const running = new Map<string, ReturnType<Archiver['archive']>>();
  return {
    async archive(request, budget) {
      if (request.dialect === 'media') return archiver.archive(request, budget);
      const key = requestKey(request);
      const known = running.get(key);
      if (known !== undefined) return known;
      const work = archiver.archive(request, budget);
      running.set(key, work);
      return work;
    },
  };
}
