import type { Search } from '../../catalogue/search/find-recordings.ts';
import type { CommandContext } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { alignColumns } from '../_table.ts';
import { countAll, countGroups, type Grouping } from './count.ts';

/** Columns that a narrow terminal leaves a name at least. */
const LEAST_NAME = 12;

/** Says how many there are, or how many of each. @returns how many were found. */
export async function tellCounts(
  { ui }: Pick<CommandContext, 'ui'>,
  search: Search,
  { groupBy, asOf }: { readonly groupBy: Grouping | undefined; readonly asOf: string | undefined },
): Promise<number> {
  if (groupBy === undefined) {
    const { recordings, bytes } = await countAll(search);
    if (ui.json) ui.record('count', { recordings, bytes, asOf });
    else ui.out(String(recordings));
    ui.say(`${count(recordings, 'recording')}, ${formatBytes(bytes)}`);
    return recordings;
  }
  const groups = await countGroups(search, groupBy);
  if (ui.json) {
    for (const { group, recordings, bytes } of groups)
      ui.record('group', { by: groupBy, group, recordings, bytes, asOf });
    return groups.length;
  }
  const columns = [
    { title: groupBy, least: LEAST_NAME, cells: groups.map(({ group }) => printable(group)) },
    { title: 'recordings', isNumber: true, cells: groups.map(({ recordings }) => String(recordings)) },
    { title: 'size', isNumber: true, cells: groups.map(({ bytes }) => formatBytes(bytes)) },
  ] as const;
  const { heading, lines } = alignColumns(columns, ui.columns);
  if (lines.length > 0) ui.out(ui.style('bold', heading));
  for (const line of lines) ui.out(line);
  await ui.drained();
  return groups.length;
}
