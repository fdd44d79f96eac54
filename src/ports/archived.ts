/** What the archive has already. */
import type { Budget } from '../clock.ts';

export interface ArchivedRecordings {
  /**
   * Which of these recordings the archive has, on any day, in the spelling in which they were asked about. One that is missing from the
   * answer may be there all the same: who archives it finds it.
   *
   * @throws what the store throws.
   */
  which(recordingIds: readonly string[], budget: Budget): Promise<ReadonlySet<string>>;
}
