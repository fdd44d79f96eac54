import type { Budget, Clock } from '../clock.ts';
import type { ObjectStat, ObjectStore, RecordingIds, ReferenceWriter } from '../ports.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import { linkKey } from '../record/object-key.ts';
import { putSmall } from '../record/small-object.ts';

export interface LinkPorts {
  readonly references: ReferenceWriter;
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/**
 * Writes the reference back to the platform and then a marker that says so. Between the two an interruption makes the next
 * delivery write the very same reference again, which changes nothing there.
 *
 * @param fresh the object was stored just now, by this very attempt, so that nobody can have linked it yet: nothing is asked for.
 */
export async function linkOnce(
  { references, store, clock }: LinkPorts,
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
  await putSmall(store, marker, Buffer.from(`${linked}\n`), budget);
}
