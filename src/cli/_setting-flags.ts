import { type Command, Help, Option } from 'commander';
import { listSettings, type Purpose, type Setting, type SettingName } from '../config/schema.ts';
import { flagOf, wrapWords } from './_topics.ts';

/** A flag for every setting that is no secret, e.g. `--store` for `ARCHIVE_STORE`. */
export function settingOptions(purpose: Purpose | undefined): Option[] {
  return settingsOf(purpose).flatMap(([name, { meaning, default: byDefault }]) => {
    const flag = flagOf(name);
    if (flag === undefined) return [];
    // a switch needs no value, yet takes one: --allow-loopback 0 overrules the environment
    const value = byDefault === '0' ? '[0|1]' : '<VALUE>';
    return [new Option(`${flag} ${value}`, `${meaning.replaceAll('`', '')} (${name})`).helpGroup(HEADING)];
  });
}

/** Takes the flags of settings out of the options of a command. */
export function separateSettings(
  options: Record<string, unknown>,
  purpose: Purpose | undefined,
): { readonly options: object; readonly flags: Readonly<Record<string, string | undefined>> } {
  const own: Record<string, unknown> = { ...options };
  const flags: Partial<Record<SettingName, string>> = {};
  // of another purpose it is no flag of this command, and may be an option of its own
  for (const [name] of settingsOf(purpose)) {
    const flag = flagOf(name);
    if (flag === undefined) continue;
    const attribute = new Option(flag).attributeName();
    const value = own[attribute];
    // a switch without its value
    if (value === true) flags[name] = '1';
    else if (typeof value === 'string') flags[name] = value;
    delete own[attribute];
  }
  return { options: own, flags };
}

/** Only marks the options; {@link formatHelp} has a heading of its own. */
const HEADING = 'Settings:';

/**
 * The help of a command, in which settings are named and not explained: there are up to sixty of them, among which the command's own
 * options would be lost.
 */
export function formatHelp(command: Command, helper: Help): string {
  const isSetting = ({ helpGroupHeading }: Option) => helpGroupHeading === HEADING;
  const brief: Help = Object.assign(Object.create(helper) as Help, {
    visibleOptions: (of: Command) => helper.visibleOptions(of).filter((option) => !isSetting(option)),
  });
  const text = Help.prototype.formatHelp.call(brief, command, brief);
  const flags = command.options.filter(isSetting).map(({ long }) => long ?? '');
  if (flags.length === 0) return text;
  const words = flags.join(', ').split(' ');
  const list = wrapWords(words, (helper.helpWidth ?? 80) - 2).map((line) => `  ${line}`);
  return `${text}\nSettings as flags; genesys-archive help environment explains each:\n${list.join('\n')}\n`;
}

function settingsOf(purpose: Purpose | undefined): readonly (readonly [SettingName, Setting])[] {
  return purpose === undefined ? [] : listSettings().filter(([, { usedFor }]) => usedFor.includes(purpose));
}
