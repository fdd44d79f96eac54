import { present } from '../../present.ts';
import { UUID_PATTERN } from '../../recording/id.ts';
import type { Purpose, SettingValues } from '../schema.ts';
import type { Problem } from '../sources.ts';

/** How objects are named. */
export type LayoutConfig =
  | { readonly name: 'date' }
  | { readonly name: 'genesys-export'; readonly organizationId: string }
  | { readonly name: 'template'; readonly template: string; readonly organizationId?: string };

/** What has a default gets it here. Called when {@link findLayoutProblems} has found none. */
export function buildLayout(values: SettingValues): LayoutConfig {
  const { ARCHIVE_LAYOUT: layout = 'date', GENESYS_ORGANIZATION_ID: organizationId } = values;
  if (layout === 'date') return { name: 'date' };
  if (layout === 'genesys-export') return { name: 'genesys-export', organizationId: organizationId ?? '' };
  return {
    name: 'template',
    template: layout,
    ...present({ organizationId }),
  };
}

export function findLayoutProblems(
  values: SettingValues,
  invalid: ReadonlySet<string>,
  purpose: Purpose,
): Problem[] {
  const { ARCHIVE_LAYOUT: layout = 'date', GENESYS_ORGANIZATION_ID: organization } = values;
  const isExport = layout === 'genesys-export';
  const namesOrganization = isExport || layout.includes('{organizationId}');
  if (!namesOrganization || purpose === 'keys') return [];
  const problems: Problem[] = [];
  const name = 'GENESYS_ORGANIZATION_ID';
  if (!invalid.has(name) && organization === undefined) {
    problems.push({ name, text: 'is missing; ARCHIVE_LAYOUT names the organization in every key' });
  } else if (isExport && organization !== undefined && !UUID_PATTERN.test(organization)) {
    // it is the first folder, beside `archive`, `receipts` and the others
    problems.push({ name, text: 'must be a UUID with ARCHIVE_LAYOUT=genesys-export' });
  }
  if (
    isExport &&
    purpose === 'archive' &&
    !invalid.has('GENESYS_API') &&
    values.GENESYS_API !== 'recordings'
  ) {
    const text =
      'must be recordings with ARCHIVE_LAYOUT=genesys-export: events of the tutorial name neither the start of a conversation nor a format';
    problems.push({ name: 'GENESYS_API', text });
  }
  return problems;
}
