import type { Budget } from '../clock.ts';
import { toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ObjectStat, RecordingIds, ReferenceWriter } from '../ports.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import type { ArchivePorts } from './archive-ports.ts';
import { linkKey } from '../record/object-key.ts';
import { putSmall } from '../record/small-object.ts';

export interface LinkPorts extends Pick<ArchivePorts, 'store' | 'clock' | 'logger' | 'afterwards'> {
  readonly references: ReferenceWriter;
}

/**
 * Writes the reference back to the platform and then a marker that says so. Between the two an interruption makes the next
 * delivery write the very same reference again, which changes nothing there. For the same reason the marker may be left to
 * `afterwards`, and lost there.
 *
 * @param fresh the object was stored just now, by this very attempt, so that nobody can have linked it yet: nothing is asked for.
 */
export async function linkOnce(
  { references, store, clock, logger, afterwards }: LinkPorts,
  ids: RecordingIds,
  stat: ObjectStat,
  budget: Budget,
  fresh = false,
): Promise<void> {
  const marker = linkKey(stat.key);
  if (!fresh && (await store.head(marker, budget)) !== undefined) return;
  const { key, lastModified: archivedAt } = stat;
  await references.write(ids, { key, archivedAt, algorithm: 'AES-256-GCM' }, budget);
  const linked = canonicalJson({
    conversation: ids.conversationId,
    key,
    linked: new Date(clock.now()).toISOString(),
  });
  const marking = putSmall(store, marker, Buffer.from(`${linked}\n`), budget);
  if (afterwards === undefined) {
    await marking;
    return;
  }
  afterwards(orWarn(marking, logger, { recordingId: ids.recordingId, key }));
}

async function orWarn(
  marking: Promise<unknown>,
  logger: Logger,
  which: { readonly recordingId: string; readonly key: string },
): Promise<void> {
  try {
    await marking;
  } catch (error) {
    const { code } = toArchiveError(error);
    logger.log('warn', 'no link marker: another delivery would write the reference again', {
      ...which,
      code,
    });
  }
}
