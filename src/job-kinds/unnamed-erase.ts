import { ArchiveError } from '../errors.ts';
import type { JobKindSource } from './kind-source.ts';

export const ERASE = 'erase';

/** In the list of all kinds: says how such a job is run, and has nothing that could remove an object. */
export const unnamedEraseJobs: JobKindSource = {
  name: ERASE,
  attended: true,
  open: () =>
    Promise.reject(
      new ArchiveError('USAGE', 'a plan to erase is worked on by who has its whole name', {
        hint: 'genesys-archive erase --confirm PLAN --yes COUNT',
      }),
    ),
};
