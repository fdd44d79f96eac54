import { hostname, userInfo } from 'node:os';
import { ArchiveError } from '../errors.ts';

/** The name that `--by` gives, or the user of this machine. @throws `USAGE` where neither says who it is. */
export function whoActs(by: string | undefined): string {
  if (by !== undefined && by.trim() !== '' && by.length <= MAX_NAME) return by;
  if (by !== undefined)
    throw new ArchiveError(
      'USAGE',
      by.trim() === '' ? '--by is empty' : `--by is longer than ${MAX_NAME} characters`,
    );
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // a container may run as a user that has no name
    throw new ArchiveError('USAGE', 'this machine does not say who you are', { hint: '--by NAME' });
  }
}

/** Characters: what tombstones and access entries have room for. */
const MAX_NAME = 256;
