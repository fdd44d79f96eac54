import { ArchiveError } from '../errors.ts';

/** Not there, or not for this person: the two are not told apart. */
export function notThere(what: string): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `there is no ${what}`, {
    hint: 'it does not exist, or belongs to a division that you do not see',
  });
}
