import { ArchiveError } from '../errors.ts';
import type { JobKindSource } from './kind-source.ts';

export const SOURCE_DELETE = 'source-delete';

/** In the list of all kinds: says how such a job is run, and has nothing that could change anything at the platform. */
export const unnamedSourceDeleteJobs: JobKindSource = {
  name: SOURCE_DELETE,
  attended: true,
  open: () =>
    Promise.reject(
      new ArchiveError('USAGE', 'a plan to delete at the source is worked on by who has its whole name', {
        hint: 'genesys-archive source-delete run PLAN --yes COUNT',
      }),
    ),
};
