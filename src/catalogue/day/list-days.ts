import type { Budget } from '../../clock.ts';
import { DAYS_PREFIX, parseDayFileKey } from '../places.ts';
import type { CataloguePorts } from '../ports.ts';

/** A file of a day, as listed. */
export interface ListedDay {
  readonly key: string;
  readonly day: string;
  readonly size: number;
  readonly etag: string | undefined;
  readonly lastModified: number;
}

export async function listDayFiles(
  { catalogue }: Pick<CataloguePorts, 'catalogue'>,
  budget: Budget,
  /** How the days begin that are asked for. */
  beginning = '',
): Promise<readonly ListedDay[]> {
  const found: ListedDay[] = [];
  const prefix = beginning === '' ? DAYS_PREFIX : `${DAYS_PREFIX}day=${beginning}`;
  for await (const { key, size, etag, lastModified } of catalogue.list(prefix, budget)) {
    const named = parseDayFileKey(key);
    if (named !== undefined) found.push({ key, day: named.day, size, etag, lastModified });
  }
  return found;
}
