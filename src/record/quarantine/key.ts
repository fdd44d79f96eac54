/** Where an object lies that waits for a person's decision: `quarantine/` and the key that it has once it is released. Pure. */

/** Everything in quarantine stands under this prefix. What stands beside it is named by its key, as for any other object. */
export const QUARANTINE_PREFIX = 'quarantine/';

/** @param key of the object once it is released. */
export const quarantineKey = (key: string): string => `${QUARANTINE_PREFIX}${key}`;

export const isQuarantineKey = (key: string): boolean => key.startsWith(QUARANTINE_PREFIX);

/** The key that an object has once it is released; of one that is not in quarantine its own. */
export const releasedKey = (key: string): string =>
  isQuarantineKey(key) ? key.slice(QUARANTINE_PREFIX.length) : key;

/** The keys that one file may stand under, the released one first. */
export const bothPlaces = (key: string): readonly [released: string, quarantined: string] => {
  const released = releasedKey(key);
  return [released, quarantineKey(released)];
};

/** Of keys of objects, those in quarantine left out whose released object is named as well: a release that was broken off. */
export function withoutReleased(keys: readonly string[]): readonly string[] {
  const all = new Set(keys);
  return keys.filter((key) => !isQuarantineKey(key) || !all.has(releasedKey(key)));
}
