import { stat } from 'node:fs/promises';
import { type Survey, surveyArchive } from '../audit/survey-archive.ts';
import type { DayRange } from '../record/layout.ts';
import { DATE_LAYOUT } from '../record/layout.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

const PLACE =
  'check ARCHIVE_STORE or S3_ARCHIVE_BUCKET (name, prefix, path), and AWS_PROFILE; a new archive is empty until the first recording is archived';

/**
 * Why a command found nothing to do, as an error: an empty look at a wrong place must not pass for success.
 *
 * @param enough states in which nothing is a true answer.
 * @returns the survey in such a state.
 * @throws `NOTHING_FOUND` (not retryable), and `STORE_*` when the store cannot be listed.
 */
export async function requireArchive(
  store: ObjectStore,
  range: DayRange,
  enough: readonly Survey['state'][],
  budget: Budget,
): Promise<Survey> {
  const survey = await surveyArchive(store, range, budget);
  if (enough.includes(survey.state)) return survey;
  const { location } = store;
  const { source } = range.layout ?? DATE_LAYOUT;
  const example = survey.example === undefined ? '' : `, e.g. ${survey.example}`;
  switch (survey.state) {
    case 'present':
    case 'other-days':
      throw nothing(
        `no recordings of these days in ${location}; there are of others${example}`,
        'check --from and --to, which are days in UTC; `genesys-archive list` shows what the archive holds',
      );
    case 'other-layout':
      throw nothing(
        `no recordings in the layout ${source} in ${location}, but of other layouts${example}`,
        'set ARCHIVE_LAYOUT (and GENESYS_ORGANIZATION_ID) as they were when it was written; docs/layouts.md lists the layouts',
      );
    case 'foreign':
      throw nothing(`no archive here: ${location} holds other objects${example}, and no recordings`, PLACE);
    case 'empty':
      throw nothing(`no archive here: ${location} ${await describeEmpty(location)}`, PLACE);
  }
}

async function describeEmpty(location: string): Promise<string> {
  const directory = location.startsWith('file:') ? location.slice('file:'.length) : undefined;
  const isThere = directory === undefined || (await stat(directory).catch(() => undefined)) !== undefined;
  return isThere ? 'is empty' : 'does not exist';
}

/**
 * Reads an archive; a path that cannot be one, such as a regular file, holds nothing.
 *
 * @throws `NOTHING_FOUND` for such a path, and what `work` throws.
 */
export async function readArchive<T>(store: ObjectStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isWrongPath = error instanceof ArchiveError && error.code === 'STORE_MISSING';
    if (!isWrongPath || !store.location.startsWith('file:')) throw error;
    throw nothing(`no archive here: ${error.message}`, error.hint ?? PLACE);
  }
}

/** As {@link readArchive}, for what has more to say before it fails. @returns the `NOTHING_FOUND`. */
export async function noteNothing(
  store: ObjectStore,
  work: () => Promise<void>,
): Promise<ArchiveError | undefined> {
  try {
    await readArchive(store, work);
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'NOTHING_FOUND') return error;
    throw error;
  }
}

export function nothing(message: string, hint: string): ArchiveError {
  return new ArchiveError('NOTHING_FOUND', message, { hint });
}
