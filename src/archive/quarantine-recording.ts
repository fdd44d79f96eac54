/** Whether a recording that is about to be archived waits for a person's decision. */
import type { Budget, Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { AskedFact, MediaItem, QuarantineFacts, RecordingIds } from '../ports.ts';
import type { QuarantineRules } from '../record/quarantine/file.ts';
import type { QuarantineNote } from '../record/quarantine/note.ts';
import { decideQuarantine, factsNeeded, mediumOfFile } from '../record/quarantine/policy.ts';

export interface QuarantineAtWrite {
  readonly rules: QuarantineRules;
  /**
   * Asks the platform; `undefined` is what it does not tell, or forbids.
   * @throws what keeps from asking: the event is delivered again.
   */
  readonly factsOf: (
    ids: RecordingIds,
    needed: ReadonlySet<AskedFact>,
    budget: Budget,
  ) => Promise<Pick<QuarantineFacts, AskedFact>>;
  /** @throws `QUARANTINE_IMPOSSIBLE` (not retryable) where the store locks every new object by itself; `STORE_*`. */
  readonly requireRemovable: (budget: Budget) => Promise<void>;
}

const NOTHING_ASKED = { queues: undefined, divisions: undefined, annotations: undefined };

/** Returns `undefined` for a recording that no rule marks. @throws as {@link QuarantineAtWrite}. */
export async function markForQuarantine(
  {
    quarantine,
    clock,
    logger,
  }: {
    readonly quarantine?: QuarantineAtWrite | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  { ids, file, mediaType }: MediaItem,
  dialect: QuarantineNote['dialect'],
  budget: Budget,
): Promise<QuarantineNote | undefined> {
  if (quarantine === undefined || quarantine.rules.rules.length === 0) return undefined;
  const media = mediumOfFile(file?.kind, mediaType);
  const needed = factsNeeded(quarantine.rules, media);
  const asked = needed.size === 0 ? NOTHING_ASKED : await quarantine.factsOf(ids, needed, budget);
  const decision = decideQuarantine(quarantine.rules, { media, ...asked });
  if (decision === undefined) return undefined;
  await quarantine.requireRemovable(budget);
  const { recordingId, conversationId } = ids;
  logger.log('info', 'waits in quarantine', { recordingId, conversationId, state: 'quarantined' });
  return { ...decision, since: clock.now(), dialect };
}
