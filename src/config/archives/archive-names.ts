/** The member of a config file that holds several archives, by their names. */
export const ARCHIVES = 'archives';

/** Chooses one of them, as `--archive` does. */
export const ARCHIVE_VARIABLE = 'GENESYS_ARCHIVE';

/** Also part of a path (`POST /events/NAME`), of folders, and, in upper case, of names of variables. */
export const ARCHIVE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** Between the name of a setting and that of an archive, in the environment. */
const SEPARATOR = '__';

/** The variable of the environment that sets `setting` for one archive: `ENCRYPTION_KEY_HEX__EMEA`. */
export function variableOf(setting: string, archive: string): string {
  return `${setting}${SEPARATOR}${archive.toUpperCase().replaceAll('-', '_')}`;
}

/** The setting that `variable` sets for `archive`; `undefined` where it sets none, or that of another one. */
export function archiveVariable(variable: string, archive: string): string | undefined {
  const at = variable.indexOf(SEPARATOR);
  const setting = variable.slice(0, Math.max(0, at));
  return at > 0 && variable === variableOf(setting, archive) ? setting : undefined;
}

/** One of several archives, and what only it says. */
export interface ChosenArchive {
  readonly name: string;
  /** Its part of the file. */
  readonly section: Readonly<Record<string, unknown>>;
  /** The environment's variables of its own, by the names of the settings. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}
