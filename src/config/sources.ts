import { ARCHIVES, archiveVariable, type ChosenArchive, variableOf } from './archives/archive-names.ts';
import { isOwnSetting } from './archives/own-settings.ts';
import { describeStray, isStrayName } from './names.ts';
import { withSharedNames } from './rules/network.ts';
import { isSettingName, listSettings, type Purpose, type Setting, type SettingName } from './schema.ts';
import { isKnownRegionDomain } from '../regions.ts';

const NOT_IN_A_FILE = 'is not a setting of a config file; set it in the environment';

/** A config file, parsed: an object of the same names as the environment. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** `--config` named it. Without it the file was found in the working directory: it is weaker, and decides less. */
  readonly isNamed?: boolean;
}

/** Where settings come from, the strongest first: flags, a named file, environment, a file that was found. */
export interface ConfigSources {
  /** By setting name, e.g. `{ ARCHIVE_STORE: 'file:./archive' }`. */
  readonly flags?: Readonly<Record<string, string | undefined>> | undefined;
  /** `process.env`, or what stands for it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | undefined;
  /** `--archive` or `GENESYS_ARCHIVE`: which of the archives of the file. */
  readonly archive?: string | undefined;
}

export interface Problem {
  readonly name: string;
  /** Continues the sentence "NAME …"; never repeats the value. */
  readonly text: string;
}

export interface GatheredSettings {
  readonly values: Readonly<Partial<Record<SettingName, string>>>;
  /** Of the source of each value: the smaller, the stronger. Values of one rank come from one source. */
  readonly ranks: Readonly<Partial<Record<SettingName, number>>>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Stands for a value that is not read. */
const JSON_VALUE = '{}';

/**
 * Names that change where any program of this machine sends data or which code it runs. None is a setting of this program; in a
 * file that was found they are refused, not ignored, since its author meant them to work.
 */
const REROUTES =
  /^(?:AWS_|NODE_|NPM_|LD_|DYLD_|SSL_CERT_)|PROXY|ENDPOINT|COMMAND|(?:^|_)(?:URL|URI|HOST|HOSTS)$|^(?:PATH|HOME|SHELL)$/i;

const NAMED_ONLY = 'is not taken from a config file that was found here; name the file with --config';

type Layer = Readonly<Record<string, string | undefined>>;

/**
 * Takes each setting from the strongest source that has it. A value that is empty counts as not set.
 *
 * @param archive the one of several that is read: what is said of it alone wins over what is said of all.
 */
export function gatherSettings(
  sources: ConfigSources,
  purpose: Purpose,
  archive: ChosenArchive | undefined,
): GatheredSettings {
  const problems: Problem[] = [];
  const outside = readLayer(sources.file?.values ?? {}, problems);
  const section = readLayer(archive?.section ?? {}, problems);
  const file: Layer = { ...outside, ...section };
  const isFound = sources.file?.isNamed !== true;
  const flags: Layer = sources.flags ?? {};
  const env: Layer = withSharedNames(sources.env);
  const variables: Layer = archive?.variables ?? {};
  const [general, shared] = archive === undefined ? [env, outside] : [withoutOwn(env), withoutOwn(outside)];
  const layers: readonly Layer[] = isFound
    ? [flags, variables, section, general, shared]
    : [flags, section, variables, shared, general];
  const values: Partial<Record<SettingName, string>> = {};
  const ranks: Partial<Record<SettingName, number>> = {};
  for (const [name, setting] of listSettings()) {
    const inFile = readName(file, name);
    if (setting.secret === true && inFile !== undefined) {
      problems.push({ name, text: 'is a secret and must not stand in a config file; use the environment' });
      continue;
    }
    const rank = layers.findIndex((layer) => readName(layer, name) !== undefined);
    const layer = layers[rank];
    if (layer === undefined) continue;
    if (setting.secret === true && rank === 0) {
      problems.push({
        name,
        text: 'is a secret and is not taken from the command line; use the environment',
      });
    } else if (isFound && inFile !== undefined && needsNamedFile(name, setting, inFile)) {
      problems.push({ name, text: NAMED_ONLY });
    } else if (setting.usedFor.includes(purpose)) {
      values[name] = readName(layer, name) ?? '';
      ranks[name] = rank;
    }
  }
  const stated = archive === undefined ? [] : describeUnused(archive.name, env, outside);
  const named = [
    ...new Set(layers.flatMap((layer) => Object.keys(layer).filter((name) => readName(layer, name)))),
  ];
  const stray = named.filter((name) => {
    // All programs share the environment; a flag or an entry of the file can only be meant for this program.
    const onlyInEnv = readName(flags, name) === undefined && readName(file, name) === undefined;
    return onlyInEnv ? isStrayName(name) && !isOfArchive(name, sources.file) : !isSettingName(name);
  });
  const rerouting = isFound
    ? Object.keys(file).filter((name) => !isSettingName(name) && REROUTES.test(name))
    : [];
  problems.push(...rerouting.map((name) => ({ name, text: NOT_IN_A_FILE })));
  const strange = stray.filter((name) => !rerouting.includes(name));
  return { values, ranks, problems, warnings: [...stated, ...strange.map(describeStray)] };
}

/** `SETTING__ARCHIVE` of an archive that the file has. */
function isOfArchive(variable: string, file: ConfigFile | undefined): boolean {
  const archives: unknown = file?.values[ARCHIVES];
  return Object.keys(typeof archives === 'object' && archives !== null ? archives : {}).some((archive) =>
    isSettingName(archiveVariable(variable, archive) ?? ''),
  );
}

function withoutOwn(layer: Layer): Layer {
  return Object.fromEntries(Object.entries(layer).filter(([name]) => !isOwnSetting(name)));
}

/** What looks like the archive's, and is not used for it. */
function describeUnused(archive: string, env: Layer, outside: Layer): string[] {
  const say = (name: string, where: string) =>
    `${name} ${where} is not used for archive ${archive}: write it into the archive’s part of the file, or set ${variableOf(name, archive)}`;
  return listSettings().flatMap(([name]) => {
    if (!isOwnSetting(name)) return [];
    return [
      ...(readName(outside, name) === undefined ? [] : [say(name, `outside ${ARCHIVES}`)]),
      ...(readName(env, name) === undefined ? [] : [say(name, 'in the environment')]),
    ];
  });
}

/** The client secret goes to the environment's domain: a file that was found may only name one of the platform's own. */
function needsNamedFile(name: SettingName, { namedFileOnly }: Setting, text: string): boolean {
  return namedFileOnly === true || (name === 'GENESYS_ENVIRONMENT' && !isKnownRegionDomain(text));
}

function readName(layer: Layer, name: string): string | undefined {
  const value = Object.hasOwn(layer, name) ? layer[name] : undefined;
  return value === '' ? undefined : value;
}

/** JSON has more types than the environment: `true` is `1`, and a list is its items with commas between them. */
function readLayer(values: Readonly<Record<string, unknown>>, problems: Problem[]): Layer {
  const layer = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    // An editor's `$schema` is not a setting; any other unknown name is kept for a warning.
    if (value === null || name === '$schema' || name === ARCHIVES) continue;
    const text = readJsonValue(value) ?? (isSettingName(name) ? undefined : JSON_VALUE);
    if (text !== undefined) layer.set(name, text);
    else problems.push({ name, text: 'must be text, a number, true, false, or a list of texts' });
  }
  return Object.fromEntries(layer);
}

function readJsonValue(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  return undefined;
}
