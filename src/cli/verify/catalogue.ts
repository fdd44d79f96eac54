import { isSampled } from '../../audit/walk-archive.ts';
import type { CatalogueOutcome, ChosenRows } from '../../catalogue/compare-catalogue.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { type DayRange, isWithin } from '../../record/layout.ts';
import { count } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import type { VerifyPlan } from './state.ts';

/** The rows of what was verified: of all recordings that the plan chose, or of some keys. */
export function rowsOf(
  { layout }: Pick<CataloguePorts, 'layout'>,
  chosen:
    | { readonly range: DayRange; readonly plan: Pick<VerifyPlan, 'share' | 'seed'> }
    | { readonly keys: ReadonlySet<string> },
): ChosenRows {
  if ('keys' in chosen) {
    const { keys } = chosen;
    const days = new Set([...keys].map((key) => layout.parse(key)?.date));
    return { isDayMeant: (day) => days.has(day), isMeant: (key) => keys.has(key) };
  }
  const { share, seed } = chosen.plan;
  const sample = share === null ? undefined : { share, seed: seed ?? '' };
  return { isDayMeant: (day) => isWithin(day, chosen.range), isMeant: (key) => isSampled(key, sample) };
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
