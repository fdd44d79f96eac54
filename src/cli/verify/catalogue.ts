import { finding, type Finding } from '../../audit/compare-with-receipt.ts';
import { isSampled } from '../../audit/walk-archive.ts';
import { compareDay } from '../../catalogue/compare-day.ts';
import { listDayFiles, type ListedDay } from '../../catalogue/lookup-index.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { readRunInputs } from '../../catalogue/update-catalogue.ts';
import type { Budget } from '../../clock.ts';
import { type ArchiveError, toArchiveError } from '../../errors.ts';
import { type DayRange, isWithin } from '../../record/layout.ts';
import { count } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import type { VerifyPlan } from './state.ts';

/** `none`: there is no catalogue, or none of these days. `forbidden`: these permissions do not show it. */
export interface CatalogueOutcome {
  readonly status: 'compared' | 'none' | 'forbidden' | 'not-ended';
  readonly days: number;
  readonly rows: number;
  /** Recordings that the catalogue cannot know yet. */
  readonly behind: number;
}

/** Which rows: those of all recordings that the plan chose, or of some keys. */
export type ChosenRows =
  | { readonly range: DayRange; readonly plan: Pick<VerifyPlan, 'share' | 'seed'> }
  | { readonly keys: ReadonlySet<string> };

export interface CatalogueWatcher {
  readonly onFinding: (found: Finding) => Promise<void> | void;
  /** Of a file that could not be compared: nothing is known of its rows. */
  readonly onFailed: (key: string, error: ArchiveError) => void;
}

/**
 * Holds the catalogue to the archive, file by file; what a row says otherwise is a finding. The catalogue is no evidence, so none of
 * its findings says anything of a recording.
 *
 * @throws what the archive throws.
 */
export async function compareCatalogue(
  ports: CataloguePorts,
  chosen: ChosenRows,
  watcher: CatalogueWatcher,
  budget: Budget,
): Promise<CatalogueOutcome> {
  const outcome = { days: 0, rows: 0, behind: 0 };
  let files: readonly ListedDay[];
  try {
    files = (await listDayFiles(ports, budget)).filter(({ day }) => isDayChosen(ports, chosen, day));
  } catch (error) {
    const { code } = toArchiveError(error);
    // of those who only read recordings it is no duty to see the catalogue
    if (code === 'STORE_DENIED' || code === 'STORE_MISSING') return { status: 'forbidden', ...outcome };
    throw error;
  }
  if (files.length === 0) return { status: 'none', ...outcome };
  const plain = { ...ports, options: { ...ports.options, facts: 'none' as const } };
  const { erased, held } = await readRunInputs(plain, budget);
  const isMeant = (key: string) => isKeyChosen(chosen, key);
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
      for (const { key, message } of disagreements)
        await watcher.onFinding(finding('catalogue', key, message));
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (budget.signal.aborted) return { status: 'not-ended', ...outcome };
      if (error.code === 'CATALOGUE_UNREADABLE')
        await watcher.onFinding(finding('catalogue', file.key, error.message, { code: error.code }));
      else watcher.onFailed(file.key, error);
    }
  }
  return { status: 'compared', ...outcome };
}

/** Says what of the catalogue was looked at. */
export function tellCatalogue(ui: Ui, { status, days, rows, behind }: CatalogueOutcome): void {
  if (status === 'forbidden') {
    ui.warn('the catalogue was not compared: these permissions do not show it');
    return;
  }
  if (status !== 'compared' || ui.json) return;
  const late = behind === 0 ? '' : `; ${count(behind, 'recording')} newer than it: \`catalogue update\``;
  ui.say(`${count(rows, 'row')} of the catalogue compared, of ${count(days, 'day')}${late}`);
}

function isDayChosen({ layout }: CataloguePorts, chosen: ChosenRows, day: string): boolean {
  if ('range' in chosen) return isWithin(day, chosen.range);
  return [...chosen.keys].some((key) => layout.parse(key)?.date === day);
}

function isKeyChosen(chosen: ChosenRows, key: string): boolean {
  if ('keys' in chosen) return chosen.keys.has(key);
  const { share, seed } = chosen.plan;
  return isSampled(key, share === null ? undefined : { share, seed: seed ?? '' });
}
