import * as z from 'zod';
import { variableOf } from './archives/archive-names.ts';
import { chooseArchive } from './archives/choose-archive.ts';
import { isOwnSetting } from './archives/own-settings.ts';
import { findEncryptionProblems } from './rules/encryption.ts';
import { findLayoutProblems } from './rules/layout.ts';
import { findMissing, findStoreProblems, findUrlProblems } from './rules/problems.ts';
import { findSchemaProblems } from './rules/published.ts';
import { listSettings, type Purpose, type SettingValues } from './schema.ts';
import { findSecretProblems } from './rules/secrets.ts';
import { type ConfigSources, gatherSettings, type GatheredSettings, type Problem } from './sources.ts';

/** What `loadConfig` would refuse: every problem at once, none of which repeats a value. */
export function findProblems(sources: ConfigSources, purpose: Purpose): readonly Problem[] {
  return readSources(sources, purpose).problems;
}

export interface ReadSources {
  readonly gathered: GatheredSettings;
  readonly values: SettingValues;
  readonly problems: readonly Problem[];
  /** Which of several archives; `undefined` where the file has none. */
  readonly archive: string | undefined;
}

/** Gathers, parses and checks all settings that `purpose` needs. */
export function readSources(sources: ConfigSources, purpose: Purpose): ReadSources {
  const archive = chooseArchive(sources);
  const gathered = gatherSettings(sources, purpose, archive);
  const { values, invalid, problems } = parseSettings(gathered);
  const onLambda = (sources.env['AWS_LAMBDA_FUNCTION_NAME'] ?? '') !== '';
  const all = [
    ...gathered.problems,
    ...problems,
    ...findMissing(gathered, purpose),
    ...findEncryptionProblems(values, unusable(invalid, gathered.problems), purpose, namesPublicKey(sources)),
    // keys are made without a store
    ...(purpose === 'keys'
      ? []
      : findStoreProblems(values, invalid, gathered.ranks, onLambda || archive !== undefined)),
    ...findUrlProblems(values, invalid),
    ...findSchemaProblems(values, invalid),
    ...findLayoutProblems(values, unusable(invalid, gathered.problems), purpose),
    ...findSecretProblems(values),
  ];
  const told = archive === undefined ? all : all.map((problem) => nameVariable(problem, archive.name));
  return { gathered, values, problems: told, archive: archive?.name };
}

/** What is missing of an archive may stand in the environment under a name of the archive's own, and only there. */
function nameVariable(problem: Problem, archive: string): Problem {
  const { name, text } = problem;
  if (!isOwnSetting(name) || !text.startsWith('is missing')) return problem;
  return {
    name,
    text: `${text} of archive ${archive}, in its part of the file or as ${variableOf(name, archive)}`,
  };
}

/** Also where it is of no use, such as for reading. */
function namesPublicKey({ flags, env, file }: ConfigSources): boolean {
  return [flags, env, file?.values].some((layer) => (layer?.['ARCHIVE_PUBLIC_KEY_FILE'] ?? '') !== '');
}

interface ParsedSettings {
  readonly values: SettingValues;
  readonly invalid: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

function parseSettings(gathered: GatheredSettings): ParsedSettings {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, { schema }] of listSettings()) {
    const text = gathered.values[name];
    if (text === undefined) continue;
    const result = z.safeParse(schema, text);
    if (result.success) values[name] = result.data;
    else problems.push({ name, text: result.error.issues[0]?.message ?? 'is malformed' });
  }
  // Each value came from the schema of its own name just now.
  const parsed = values as SettingValues;
  return { values: parsed, invalid: new Set(problems.map(({ name }) => name)), problems };
}

function unusable(invalid: ReadonlySet<string>, problems: readonly Problem[]): ReadonlySet<string> {
  return new Set([...invalid, ...problems.map(({ name }) => name)]);
}
