import { ARCHIVE_VARIABLE } from '../config/archives/archive-names.ts';
import { listArchives } from '../config/config.ts';
import { isOwnSetting } from '../config/archives/own-settings.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { ErrorCode } from '../error-codes.ts';
import { type CommandContext, readSettingsFile } from './_context.ts';
import type { Invocation } from './_program.ts';
import type { AllArchives } from './specs/command-spec.ts';
import { flagOf } from './_topics.ts';
import type { Ui } from './_ui.ts';
import { exitCodeOf } from './exit-codes.ts';

/** The gravest first: of several archives that end differently, the gravest end is that of the command. */
const GRAVEST_FIRST = [130, 5, 4, 1, 2, 7, 3, 6] as const;

/** Of a command that looks for something: the archives that do not have it are no failures while one has. */
const NOT_THERE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['OBJECT_NOT_FOUND', 'NOTHING_FOUND']);

/**
 * Runs a command: once, or once for each archive of the settings with `--all-archives`, one after the other and each with settings
 * of its own. One that fails keeps none of the others from being done.
 *
 * @returns the exit code.
 * @throws what the command throws, and `USAGE` where `--all-archives` stands beside what belongs to one archive.
 */
export async function runCommand(
  { spec, args, options }: Extract<Invocation, { readonly kind: 'command' }>,
  context: CommandContext,
): Promise<number> {
  const command = await spec.load();
  const { allArchives } = spec;
  const names = allArchives && (await archivesToRun(context, options, allArchives));
  if (allArchives === undefined || names === undefined) return command.run(context, args, options);
  const codes: number[] = [];
  for (const name of names) {
    const own = { ...context, archive: name, ui: uiOfArchive(context.ui, name) };
    codes.push(await runOne(() => command.run(own, args, options), own, allArchives));
    if (context.signal.aborted) return codes.at(-1) ?? 130;
  }
  return endOf(codes, allArchives);
}

/** Names of all archives, where the command runs for all; `undefined` for one run with what is chosen. */
async function archivesToRun(
  context: CommandContext,
  options: object,
  how: AllArchives,
): Promise<readonly string[] | undefined> {
  const { env } = context;
  const { allArchives: asked = false }: { readonly allArchives?: boolean } = options;
  const belongsToOne = findOfOne(context, options, how);
  if (!asked) {
    const isChosen = [context.archive, env[ARCHIVE_VARIABLE]].some((name) => (name ?? '') !== '');
    if (isChosen || how.byDefault !== true || belongsToOne !== undefined) return undefined;
    // what is wrong with the file is told by the command itself
    const file = await readSettingsFile(context).catch(() => undefined);
    const names = quietly(() => listArchives({ file, env }));
    return names.length > 1 ? names : undefined;
  }
  if (context.archive !== undefined) {
    throw new ArchiveError('USAGE', '--archive and --all-archives contradict each other', {
      hint: 'name one of them',
    });
  }
  if (belongsToOne !== undefined) {
    throw new ArchiveError(
      'USAGE',
      `${belongsToOne} belongs to one archive, and --all-archives asks for all`,
      {
        hint: 'run the command for each archive, with --archive NAME',
      },
    );
  }
  const names = listArchives({ file: await readSettingsFile(context), env });
  if (names.length > 0) return names;
  throw new ArchiveError('USAGE', '--all-archives: the settings have no archives', {
    hint: 'leave it out, or name the archives in the config file; docs/configuration.md, "Several archives"',
  });
}

function quietly(read: () => readonly string[]): readonly string[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** A flag that only one archive can have. */
function findOfOne(
  { flags }: CommandContext,
  options: object,
  { notWith = [] }: AllArchives,
): string | undefined {
  const own = Object.keys(flags).find((name) => flags[name] !== undefined && isOwnSetting(name));
  const given: Readonly<Record<string, unknown>> = { ...options };
  return own === undefined ? notWith.find(([attribute]) => given[attribute] !== undefined)?.[1] : flagOf(own);
}

async function runOne(
  work: () => Promise<number>,
  { ui }: CommandContext,
  { isSearch = false }: AllArchives,
): Promise<number> {
  try {
    return await work();
  } catch (thrown) {
    const error = toArchiveError(thrown);
    ui.status(undefined);
    if (isSearch && NOT_THERE.has(error.code)) ui.say(error.message);
    else ui.fail(thrown);
    return exitCodeOf(error.code);
  }
}

function endOf(codes: readonly number[], { isSearch = false }: AllArchives): number {
  const counted = isSearch && codes.includes(0) ? codes.filter((code) => code !== 6) : codes;
  return GRAVEST_FIRST.find((code) => counted.includes(code)) ?? counted.find((code) => code !== 0) ?? 0;
}

/** Each record says of which archive it is; for people, a line above says so. */
function uiOfArchive(ui: Ui, archive: string): Ui {
  if (!ui.json) ui.out(ui.style('bold', `archive ${archive}`));
  return { ...ui, record: (type, fields) => ui.record(type, { archive, ...fields }) };
}
