import { ARCHIVE_VARIABLE } from './archives/archive-names.ts';
import { isSettingName, listSettings } from './schema.ts';
import { shortenForMessage } from '../recording/id.ts';

/** Names that begin like this are meant for this program. */
const OUR_PREFIXES = ['ARCHIVE_', 'GENESYS_', 'S3_ARCHIVE', 'S3_FORCE', 'ENCRYPTION_KEY'];

/** Reports whether a variable of the environment looks like a misspelt setting. */
export function isStrayName(name: string): boolean {
  if (name === ARCHIVE_VARIABLE) return false;
  return OUR_PREFIXES.some((prefix) => name.toUpperCase().startsWith(prefix)) && !isSettingName(name);
}

/** `NAME is not a setting of this program; did you mean OTHER?` */
export function describeStray(name: string): string {
  const shown = /^[A-Za-z0-9_]{1,64}$/.test(name) ? name : shortenForMessage(name);
  const [setting = '', archive] = name.split('__');
  if (archive !== undefined && isSettingName(setting))
    return `${shown} belongs to no archive of the config file`;
  const nearest = suggestName(name);
  return `${shown} is not a setting of this program${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
}

/** The setting that `name` is most likely a slip of; `undefined` when it is like none. */
export function suggestName(name: string): string | undefined {
  return nearestName(
    name.toUpperCase(),
    listSettings().map(([known]) => known),
  );
}

/** The one of `known` that `name` is most likely a slip of; `undefined` when it is like none. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 64) return undefined;
  const scored = known
    .map((one) => ({ known: one, distance: countEdits(name.toLowerCase(), one.toLowerCase()) }))
    .toSorted((one, other) => one.distance - other.distance);
  const [best] = scored;
  return best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 4))
    ? best.known
    : undefined;
}

/** Levenshtein distance: how many characters to insert, remove or replace. */
function countEdits(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 0; row < one.length; row += 1) {
    const current = [row + 1];
    for (let column = 0; column < other.length; column += 1) {
      const replaced = (previous[column] ?? 0) + (one[row] === other[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
