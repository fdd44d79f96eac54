import path from 'node:path';
import { type Budget, type Clock, startBudget } from '../clock.ts';
import { readConfigFile } from '../config/file.ts';
import {
  type ConfigFile,
  type ConfigFor,
  type ConfigSources,
  type Purpose,
  loadConfig,
} from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { DAY_MS, parseDay, parseRecordingTime } from '../recording/time.ts';
import type { DayRange, SearchRange } from '../audit/find-recording.ts';
import { createLayout } from '../record/layout.ts';
import { printable } from './_format.ts';
import type { CommandOutline } from './specs/command-outline.ts';
import type { Ui } from './_ui.ts';

/** What a command may use of the world. */
export interface CommandContext {
  readonly ui: Ui;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C, with `INTERRUPTED`. */
  readonly signal: AbortSignal;
  /** Silent unless `--debug`. */
  readonly logger: Logger;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Flags that mirror settings, by the setting's name. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly configFile: string | undefined;
  /** All that this program has, for completion. */
  readonly commands: readonly CommandOutline[];
  /** `--archive`, or the one of `--all-archives` that it is now about. */
  readonly archive?: string | undefined;
  /** How this program was called, for commands to copy. */
  readonly program: string;
}

/** A command's implementation; loaded only when it runs. */
export interface CommandModule<Options = object> {
  /** @returns the exit code. Throws errors for the program to report. */
  run(context: CommandContext, args: readonly string[], options: Options): Promise<number>;
}

/**
 * The settings a command needs, from flags, environment and file; their warnings go to stderr, always.
 * @throws `CONFIG_INVALID`.
 */
export async function readSettings<P extends Purpose>(
  context: CommandContext,
  purpose: P,
): Promise<ConfigFor[P]> {
  const { ui, signal } = context;
  const config = await withRules(loadConfig(await readSources(context), purpose));
  const told = TOLD.get(signal) ?? new Set<string>();
  TOLD.set(signal, told);
  for (const warning of config.warnings) {
    const named = `${context.archive ?? ''} ${warning}`;
    if (!told.has(named)) ui.warn(warning);
    told.add(named);
  }
  return config;
}

/** What archives says with each write how long the object stays. @throws `RETENTION_FILE_INVALID`. */
async function withRules<Config extends object>(config: Config): Promise<Config> {
  if (!('retentionAtWrite' in config && 'retentionFile' in config)) return config;
  const { retentionFile } = config;
  if (typeof retentionFile !== 'string') return config;
  const { rulesAtWrite } = await import('../create/retention.ts');
  return { ...config, retentionAtWrite: await rulesAtWrite(retentionFile) };
}

/** Warnings that a command has told, by its signal: it may read the settings for several purposes. */
const TOLD = new WeakMap<AbortSignal, Set<string>>();

/**
 * Where this command's settings come from.
 * @throws `CONFIG_INVALID`.
 */
export async function readSources(context: CommandContext): Promise<ConfigSources> {
  const { env, flags, archive } = context;
  return { flags, env, archive, file: await readSettingsFile(context) };
}

/** Those that were told already which file was found. */
const told = new WeakSet<Ui>();

/**
 * The config file that `--config` names, or the one of the working directory. The latter is named in the output, once, because it
 * was not asked for.
 * @throws `CONFIG_INVALID`.
 */
export async function readSettingsFile({ ui, configFile }: CommandContext): Promise<ConfigFile | undefined> {
  const file = await readConfigFile(configFile, process.cwd());
  if (file === undefined || file.isNamed === true || told.has(ui)) return file;
  told.add(ui);
  const settings = Object.keys(file.values);
  if (ui.json) ui.record('settings', { file: path.resolve(file.path), found: true, settings });
  else ui.say(`settings from ${path.resolve(file.path)}, found here: ${printable(settings.join(', '))}`);
  return file;
}

/** Ends at Ctrl-C, and after `timeoutS` seconds where that is given. Call `end` when the work is over. */
export function openBudget(
  { clock, signal }: Pick<CommandContext, 'clock' | 'signal'>,
  timeoutS?: number,
): { readonly budget: Budget; readonly end: () => void } {
  const deadline = timeoutS === undefined ? Number.POSITIVE_INFINITY : clock.now() + timeoutS * 1000;
  return startBudget(clock, deadline, 0, signal);
}

/**
 * `--from` and `--to`: a day (`2026-05-20`) or a time with a zone (`2026-05-20T14:00:00Z`), UTC.
 * @throws `USAGE`.
 */
export function readRange({ from, to }: { readonly from?: string; readonly to?: string }): DayRange {
  const range = { from: readTime('--from', from), to: readTime('--to', to) };
  // a day that is named lasts to its end
  const last = range.to === undefined || namesTime(to) ? range.to : range.to + DAY_MS - 1;
  if (range.from !== undefined && last !== undefined && range.from > last) {
    throw new ArchiveError('USAGE', '--from is later than --to');
  }
  return range;
}

/** Reports whether a `--from` or `--to` names a time, rather than a day. */
export function namesTime(text: string | undefined): boolean {
  return text !== undefined && parseDay(text) === undefined;
}

/** Reports whether a time (ISO 8601) is outside of `--from` and `--to`. Only a bound that names a time is held to it: a day means all of it. */
export function isOutsideTimes(
  time: string,
  named: { readonly from?: string; readonly to?: string },
  { from, to }: DayRange,
): boolean {
  const at = Date.parse(time);
  const isEarlier = namesTime(named.from) && from !== undefined && at < from;
  return isEarlier || (namesTime(named.to) && to !== undefined && at > to);
}

/** Recordings are filed by day, and so are chosen by day: says so where a time was named. */
export function noteWholeDays(ui: Ui, { from, to }: { readonly from?: string; readonly to?: string }): void {
  if (namesTime(from) || namesTime(to)) {
    ui.say('recordings are chosen by day: the whole day (UTC) of a time in --from or --to is taken');
  }
}

/** Where to look for recordings of the configured archive. */
export function searchIn({ layout }: Pick<ConfigFor['store'], 'layout'>, range: SearchRange = {}) {
  return { ...range, layout: createLayout(layout) };
}

/** The same for readers of recordings: which version of one is meant, and what makes a successor the current one is held to. */
export function searchVersions(
  config: Pick<ConfigFor['store'], 'layout'>,
  range: DayRange,
  { keys, version, expired }: Pick<SearchRange, 'keys' | 'version' | 'expired'>,
) {
  return searchIn(config, { ...range, keys, version, expired });
}

function readTime(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = parseDay(text) ?? parseRecordingTime(text);
  if (at !== undefined) return at;
  throw new ArchiveError('USAGE', `${flag} is neither a day nor a time with a zone`, {
    hint: 'write 2026-05-20 or 2026-05-20T14:00:00Z',
  });
}
