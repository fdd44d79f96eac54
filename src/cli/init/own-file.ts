/** The settings file of this program, with one archive or several. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ARCHIVE_NAME, ARCHIVES } from '../../config/archives/archive-names.ts';
import { DEPLOY_SETTINGS_FILE, type DeploySettings } from '../../config/deploy/settings.ts';
import { readConfigFile } from '../../config/file.ts';
import { isSettingName, type Setting, SETTINGS } from '../../config/schema.ts';
import { ArchiveError } from '../../errors.ts';
import { printable } from '../_format.ts';

/** Deploy settings of one of several archives have its name in theirs. @throws `USAGE` for a name that none can have. */
export function deployFileOf(archive: string | undefined): string {
  if (archive === undefined) return DEPLOY_SETTINGS_FILE;
  if (!ARCHIVE_NAME.test(archive)) {
    throw new ArchiveError('USAGE', `${printable(archive.slice(0, 40))} is not a name of an archive`, {
      hint: 'it has 1 to 32 of a-z, 0-9 and -, and begins with a letter',
    });
  }
  return DEPLOY_SETTINGS_FILE.replace(/(\.[a-z]+\.json)$/, `.${archive}$1`);
}

/** Two stacks of one account and region have two names. */
export function stackNameOf(archive: string): string {
  const words = archive.split('-').map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`);
  return `GenesysMediaArchive${words.join('')}`;
}

/**
 * The content of the settings file: the settings of the archive, or, for one of several, all that the file holds and this one added.
 *
 * @param file where it stands already, maybe.
 * @throws `USAGE` where the file has settings of a single archive, or has this one; `CONFIG_INVALID` for a file that is none.
 */
export async function ownSettings(
  settings: DeploySettings,
  {
    archive,
    file,
    force,
  }: { readonly archive: string | undefined; readonly file: string; readonly force: boolean },
): Promise<object> {
  const own = settingsOf(settings);
  if (archive === undefined) return own;
  const found = await readExisting(file);
  const { [ARCHIVES]: sections = {}, ...others } = found ?? {};
  const single = Object.keys(others).find((name) => name in own);
  if (single !== undefined) {
    throw new ArchiveError('USAGE', `${printable(file)} has the settings of one archive (${single})`, {
      hint: `move them below "${ARCHIVES}": { "NAME": { … } } first, or name another file with --config; docs/configuration.md, "Several archives"`,
    });
  }
  const known: object = typeof sections === 'object' && sections !== null ? sections : {};
  if (Object.hasOwn(known, archive) && !force) {
    throw new ArchiveError('USAGE', `${printable(file)} has an archive ${archive} already`, {
      hint: '--force replaces its settings, and those of no other archive',
    });
  }
  return { ...others, [ARCHIVES]: { ...known, [archive]: own } };
}

async function readExisting(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  return existsSync(file) ? (await readConfigFile(path.resolve(file), process.cwd()))?.values : undefined;
}

/**
 * Names of docs/configuration.md; none is secret, and none that a file of the working directory may not hold. Bucket and key are known
 * when the stack stands: `doctor` tells them.
 */
function settingsOf({
  environment,
  organizationId,
  environmentVariables,
}: DeploySettings): Record<string, unknown> {
  return {
    GENESYS_ENVIRONMENT: environment,
    GENESYS_ORGANIZATION_ID: organizationId,
    ...Object.fromEntries(Object.entries(environmentVariables).filter(([name]) => isForFoundFile(name))),
  };
}

function isForFoundFile(name: string): boolean {
  if (!isSettingName(name)) return false;
  const { namedFileOnly }: Setting = SETTINGS[name];
  return namedFileOnly !== true;
}
