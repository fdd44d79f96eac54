import { ArchiveError } from '../../errors.ts';
import { shortenForMessage } from '../../recording/id.ts';
import { nearestName } from '../names.ts';
import type { ConfigFile, ConfigSources } from '../sources.ts';
import {
  ARCHIVE_NAME,
  ARCHIVE_VARIABLE,
  archiveVariable,
  ARCHIVES,
  type ChosenArchive,
} from './archive-names.ts';
import { requireSeparatePlaces } from './separate-places.ts';

/**
 * Names of the archives that the file has, in its order; empty where it has none.
 *
 * @throws `CONFIG_INVALID` (not retryable) when `archives` is no object of archives, or two of them are kept in one place.
 */
export function listArchives({ file, env }: Pick<ConfigSources, 'file' | 'env'>): readonly string[] {
  const sections = readSections(file);
  const all = Object.entries(sections ?? {}).map(([name, section]) => chosen(name, section, env));
  requireSeparatePlaces(all);
  return all.map(({ name }) => name);
}

/**
 * The archive that the sources choose: the one that is named, or the only one there is.
 *
 * @returns `undefined` where the file has no archives: it is then one archive itself.
 * @throws `CONFIG_INVALID` (not retryable) when one is named that is not there, none is named and there are several, and what
 *   {@link listArchives} throws.
 */
export function chooseArchive(sources: ConfigSources): ChosenArchive | undefined {
  const { file, env } = sources;
  const wanted = [sources.archive, env[ARCHIVE_VARIABLE]].find((name) => name !== undefined && name !== '');
  const names = listArchives(sources);
  const known = names.join(', ');
  if (readSections(file) === undefined) {
    if (wanted === undefined) return undefined;
    throw new ArchiveError(
      'CONFIG_INVALID',
      `there is no archive ${printableName(wanted)}: the settings have no ${ARCHIVES}`,
      {
        hint: `name the archives in a config file, { "${ARCHIVES}": { "NAME": { … } } }, and the file with --config`,
      },
    );
  }
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `the settings have ${names.length} archives, and none was named`,
      {
        hint: `choose one with --archive NAME or GENESYS_ARCHIVE: ${known}; some commands take --all-archives`,
      },
    );
  }
  const section = names.includes(name) ? readSections(file)?.[name] : undefined;
  if (section === undefined) {
    const meant = nearestName(name, names);
    throw new ArchiveError(
      'CONFIG_INVALID',
      `there is no archive ${printableName(name)}; there are: ${known}`,
      {
        hint: meant === undefined ? `name one of: ${known}` : `did you mean ${meant}?`,
      },
    );
  }
  return chosen(name, section, env);
}

type Section = Readonly<Record<string, unknown>>;

function readSections(file: ConfigFile | undefined): Readonly<Record<string, Section>> | undefined {
  if (file === undefined || !Object.hasOwn(file.values, ARCHIVES)) return undefined;
  const value: unknown = file.values[ARCHIVES];
  if (!isObject(value)) throw invalid(`${ARCHIVES} is not one JSON object, { "NAME": { … } }`);
  const entries = Object.entries(value);
  if (entries.length === 0) throw invalid(`${ARCHIVES} holds no archive`);
  for (const [name, section] of entries) {
    if (!ARCHIVE_NAME.test(name)) {
      throw invalid(
        `${printableName(name)} is not a name of an archive: 1 to 32 of a-z, 0-9 and -, beginning with a letter`,
      );
    }
    if (!isObject(section)) throw invalid(`archive ${name} is not one JSON object of settings`);
    if (Object.hasOwn(section, ARCHIVES)) throw invalid(`archive ${name} holds ${ARCHIVES} itself`);
  }
  return Object.fromEntries(entries) as Readonly<Record<string, Section>>;
}

function chosen(name: string, section: Section, env: ConfigSources['env']): ChosenArchive {
  const variables: Record<string, string | undefined> = {};
  for (const [variable, value] of Object.entries(env)) {
    const setting = archiveVariable(variable, name);
    if (setting !== undefined) variables[setting] = value;
  }
  return { name, section, variables };
}

function isObject(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const printableName = (name: string) =>
  /^[A-Za-z0-9_.-]{1,64}$/.test(name) ? name : shortenForMessage(name);

function invalid(what: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', `the config file is not valid: ${what}`, {
    hint: 'docs/configuration.md, "Several archives"',
  });
}
