import type { ArchivePorts } from '../../archive/archive-ports.ts';
import { archiveRequest, type ArchiveResult } from '../../archive/archive-request.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { openExported } from './exported-media.ts';

/**
 * Archives one file of an export by the use case of a live event: same key, checks, receipt and reference. A recording that the API has
 * brought already is found.
 *
 * @throws as {@link openExported}; `EXPORT_ENCRYPTED`, `MEDIA_TRUNCATED`, `MEDIA_NOT_AUDIO`, and what the store throws.
 */
export async function archiveExported(
  ports: Omit<ArchivePorts, 'resolver' | 'opener'>,
  source: ObjectStore,
  { file, bytes }: { readonly file: string; readonly bytes: number },
  budget: Budget,
): Promise<readonly ArchiveResult[]> {
  const { item, resolver, opener } = await openExported(source, file, bytes, budget);
  const { conversationId, recordingId } = item.ids;
  let wasOpened = false;
  const once: typeof resolver = {
    resolve: (request, within) => {
      // asked anew only where the bytes were wrong, and they stay so
      if (wasOpened) {
        throw new ArchiveError('MEDIA_TRUNCATED', `${file} is not whole`, { retryable: false });
      }
      return resolver.resolve(request, within);
    },
  };
  const noting: typeof opener = {
    open: (...given) => {
      wasOpened = true;
      return opener.open(...given);
    },
  };
  const request = { dialect: 'recordings', conversationId, recordingId } as const;
  return archiveRequest({ ...ports, resolver: once, opener: noting }, request, budget);
}
