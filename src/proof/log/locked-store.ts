/** Locks what a log writes once, for as long as the settings say: also its own sealer cannot remove it. */
import type { ObjectStore } from '../../ports.ts';
import { DAY_MS } from '../../recording/time.ts';
import type { LogKeys } from '../formats/log-keys.ts';

export interface LogLock {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

/** Reports whether an object of the log is written once, and holds no id: what else is below its prefix has to stay removable. */
export function isLockable({ prefix, checkpoint, counting, lists }: LogKeys, key: string): boolean {
  const isRemovable = key === checkpoint || key.startsWith(counting) || key.startsWith(lists);
  return key.startsWith(prefix) && !isRemovable;
}

/** @returns the same store, in which new objects of the log are locked. */
export function lockLog(
  store: ObjectStore,
  keys: LogKeys,
  { mode, days }: LogLock,
  now: () => number,
): ObjectStore {
  return {
    ...store,
    put: (key, body, options, budget) => {
      const isLocked = isLockable(keys, key);
      const keep = { lock: mode, until: now() + days * DAY_MS } as const;
      return store.put(key, body, isLocked ? { ...options, keep } : options, budget);
    },
  };
}
