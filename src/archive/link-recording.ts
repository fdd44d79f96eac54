import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ObjectStat, RecordingIds, ReferenceWriter } from '../ports.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import type { ArchivePorts } from './ports.ts';
import { linkKey } from '../record/object-key.ts';
import { putSmall } from '../record/small-object.ts';

export interface LinkPorts extends Pick<ArchivePorts, 'store' | 'clock' | 'logger' | 'afterwards'> {
  readonly references: ReferenceWriter;
}

/** An object to link. */
export interface Linkable {
  readonly ids: RecordingIds;
  readonly stat: ObjectStat;
  /** This very attempt has stored the object, so that it cannot be linked yet and no marker is looked for. */
  readonly isFresh?: boolean;
}

/** Links what stands under a key, as {@link linkOnce}. @throws `OBJECT_NOT_FOUND`, and what that throws. */
export async function linkStored(
  ports: LinkPorts,
  { ids, key }: Pick<Linkable, 'ids'> & { readonly key: string },
  budget: Budget,
): Promise<void> {
  const { store } = ports;
  const stat = await store.head(key, budget);
  if (stat === undefined) throw new ArchiveError('OBJECT_NOT_FOUND', `no object ${key} in ${store.location}`);
  await linkOnce(ports, { ids, stat }, budget);
}

/**
 * Writes the reference back to the platform and then a marker that says so. Between the two an interruption makes the next
 * delivery write the very same reference again, which changes nothing there. For the same reason the marker may be left to
 * `afterwards`, and lost there.
 */
export async function linkOnce(
  { references, store, clock, logger, afterwards }: LinkPorts,
  { ids, stat, isFresh = false }: Linkable,
  budget: Budget,
): Promise<void> {
  const marker = linkKey(stat.key);
  if (!isFresh && (await store.head(marker, budget)) !== undefined) return;
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
