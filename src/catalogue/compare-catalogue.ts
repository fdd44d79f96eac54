/** Holds the catalogue to the archive, file by file. It is no evidence, so nothing that is found says anything of a recording. */
import type { Budget } from '../clock.ts';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import type { ErrorCode } from '../error-codes.ts';
import { compareDay } from './day/compare-day.ts';
import { listDayFiles, type ListedDay } from './day/list-days.ts';
import type { CataloguePorts } from './ports.ts';
import { readRunInputs } from './update-catalogue.ts';

/** `none`: there is no catalogue, or none of these days. `forbidden`: these permissions do not show it. */
export interface CatalogueOutcome {
  readonly status: 'compared' | 'none' | 'forbidden' | 'not-ended';
  readonly days: number;
  readonly rows: number;
  /** Recordings that the catalogue cannot know yet. */
  readonly behind: number;
}

/** Which rows are compared. */
export interface ChosenRows {
  /** @param day `YYYY-MM-DD`. */
  readonly isDayMeant: (day: string) => boolean;
  /** @param key of an object. */
  readonly isMeant: (key: string) => boolean;
}

export interface CatalogueWatcher {
  /** Of a row that says something else than the archive, or of a file that cannot be read, which has a code. */
  readonly onDifference: (key: string, message: string, code?: ErrorCode) => Promise<void> | void;
  /** Of a file that could not be compared: nothing is known of its rows. */
  readonly onFailed: (key: string, error: ArchiveError) => void;
}

/** @throws what the archive throws. */
export async function compareCatalogue(
  ports: CataloguePorts,
  { isDayMeant, isMeant }: ChosenRows,
  watcher: CatalogueWatcher,
  budget: Budget,
): Promise<CatalogueOutcome> {
  const outcome = { days: 0, rows: 0, behind: 0 };
  let files: readonly ListedDay[];
  // of those who only read recordings it is no duty to see the catalogue
  const isForbidden = ({ code }: ArchiveError) => code === 'STORE_DENIED' || code === 'STORE_MISSING';
  try {
    files = (await listDayFiles(ports, budget)).filter(({ day }) => isDayMeant(day));
  } catch (error) {
    if (isForbidden(toArchiveError(error))) return { status: 'forbidden', ...outcome };
    throw error;
  }
  if (files.length === 0) return { status: 'none', ...outcome };
  const plain = { ...ports, options: { ...ports.options, facts: 'none' as const } };
  const { erased, held } = await readRunInputs(plain, budget);
  for (const file of files) {
    if (budget.signal.aborted) return { status: 'not-ended', ...outcome };
    try {
      const { rows, behind, disagreements } = await compareDay(
        plain,
        file,
        { erased, held, isMeant },
        budget,
      );
      outcome.days += 1;
      outcome.rows += rows;
      outcome.behind += behind;
      for (const { key, message } of disagreements) await watcher.onDifference(key, message);
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (budget.signal.aborted) return { status: 'not-ended', ...outcome };
      if (error.code === 'CATALOGUE_UNREADABLE')
        await watcher.onDifference(file.key, error.message, error.code);
      else watcher.onFailed(file.key, error);
    }
  }
  return { status: 'compared', ...outcome };
}
