import type { Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { directoryError, isMissing } from './fs-errors.ts';
import { directoryExists, placeOf, rememberDirectories } from './paths.ts';
import { openRegular } from './regular-file.ts';

/** An open file stays the version that it was when another takes its name. */
export function pinFrom(root: string, clock: Clock): NonNullable<ObjectStore['pin']> {
  const seen = rememberDirectories(clock);
  return async (key, budget) => {
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      if (!(await directoryExists(root, place, seen))) return undefined;
      const opened = await openRegular(place.data).catch((error: unknown) => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (opened === undefined) return undefined;
      const { handle, facts } = opened;
      return {
        size: Number(facts.size),
        close: () => handle.close(),
        read: async (first, end) => {
          ensureTimeLeft(clock, budget);
          const bytes = Buffer.allocUnsafeSlow(end - first);
          for (let filled = 0; filled < bytes.byteLength; ) {
            const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, first + filled);
            if (bytesRead === 0) {
              throw new ArchiveError('STORE_UNAVAILABLE', 'the object ended early while it was read', {
                details: { key, expected: end, read: first + filled },
              });
            }
            filled += bytesRead;
          }
          return bytes;
        },
      };
    } catch (error) {
      throw directoryError(error, 'reading', key);
    }
  };
}
