import { openDayFile } from '../../catalogue/day/day-file.ts';
import type { Search } from '../../catalogue/search/find-recordings.ts';
import { listDayFiles } from '../../catalogue/day/list-days.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { Budget } from '../../clock.ts';
import { requireArchive } from '../_nothing-found.ts';

/**
 * A search that asks no file has not seen whose catalogue it is: nothing at a wrong place must not pass for an answer.
 *
 * @throws `NOTHING_FOUND` where there is no archive; `CATALOGUE_UNREADABLE` where the catalogue is of another one.
 */
export async function requireRightPlace(
  ports: CataloguePorts,
  { files }: Pick<Search, 'files'>,
  budget: Budget,
): Promise<void> {
  if (files.asked > 0) return;
  const { archive, catalogue, tables, layout } = ports;
  const newest = (await listDayFiles(ports, budget)).at(-1);
  if (newest === undefined) {
    await requireArchive(archive, { layout }, ['present', 'other-days'], budget);
    return;
  }
  const file = await openDayFile(
    { catalogue, tables, location: archive.location },
    newest.key,
    newest,
    budget,
  );
  await file?.close();
}
