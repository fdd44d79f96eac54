import { ArchiveError } from '../src/errors.ts';

/** The error that `work` fails with; any other outcome than an error of the product fails the test. */
export async function failure(work: Promise<unknown>): Promise<ArchiveError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
