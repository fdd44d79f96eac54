import { Command, CommanderError, Option } from 'commander';
import { nearestName } from '../config/names.ts';
import { ArchiveError } from '../errors.ts';
import { printable } from './_format.ts';
import { formatHelp, separateSettings, settingOptions } from './_setting-flags.ts';
import type { OptionSpec } from './specs/command-outline.ts';
import type { CommandSpec } from './specs/command-spec.ts';
import { COMMAND_GROUPS, COMMANDS } from './specs/commands.ts';
import { GLOBAL_OPTIONS, type GlobalOptions } from './options/global.ts';
import { TOPICS } from './_topics.ts';
import { describeExitStatus } from './exit-codes.ts';

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'text'; readonly text: string; readonly failed: boolean }
  | {
      readonly kind: 'command';
      readonly spec: CommandSpec;
      readonly args: readonly string[];
      readonly options: object;
      readonly globals: GlobalOptions;
      /** By setting name. */
      readonly flags: Readonly<Record<string, string | undefined>>;
    };

/**
 * Understands the command line. Runs and prints nothing.
 * @throws `USAGE`, with the nearest command or option as a hint.
 */
export async function parseCommandLine(argv: readonly string[]): Promise<Invocation> {
  let text = '';
  let invocation: Invocation | undefined;
  const program = new Command('genesys-archive')
    .description('Archives Genesys Cloud recordings: streamed, encrypted, verified, exactly once.')
    .exitOverride()
    .configureOutput({
      writeOut: (part) => {
        text += part;
      },
      writeErr: () => {},
      outputError: () => {},
    })
    .configureHelp({ showGlobalOptions: true, formatHelp })
    .version(PACKAGE_VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .usage('<command> [options]');
  for (const { flags, description } of globalOptionsOf(argv)) program.option(flags, description);
  for (const [heading, specs] of COMMAND_GROUPS) {
    program.commandsGroup(heading);
    for (const spec of specs) {
      const notes = argv.includes(spec.name) ? await spec.loadNotes?.() : undefined;
      declare(program, spec, notes, (args, command) => {
        const { options, flags } = separateSettings(command.opts(), spec.purpose);
        requireNoEmptyValues(args, options, command);
        invocation = { kind: 'command', spec, args, options, flags, globals: program.opts<GlobalOptions>() };
      });
    }
  }
  const topics = Object.entries(TOPICS).map(([name, { summary }]) => `  help ${name.padEnd(12)} ${summary}`);
  program
    .commandsGroup('Help:')
    .command('help [topic]')
    .description('show help for a command or topic')
    .action((topic?: string) => {
      invocation = { kind: 'text', text: renderHelp(program, topic), failed: false };
    });
  program.addHelpText(
    'after',
    `\nTopics:\n${topics.join('\n')}\n\nStart here:\n  genesys-archive demo\n\nEXIT STATUS\n  see genesys-archive help exit-codes`,
  );
  if (argv.length === 0) return { kind: 'text', text: program.helpInformation(), failed: true };
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.help') throw noCommand();
    if (error.exitCode === 0) return { kind: 'text', text, failed: false };
    throw usageError(error, findSpec(argv));
  }
  if (invocation === undefined) throw noCommand();
  return invocation;
}

/** The command that the first word of such a name means. */
function findSpec(argv: readonly string[]): CommandSpec | undefined {
  const named = argv.find((word) => COMMANDS.some(({ name }) => name === word));
  return COMMANDS.find(({ name }) => name === named);
}

/** A command that has had an option of the same name for longer keeps it: `redrive --archive` takes no name. */
function globalOptionsOf(argv: readonly string[]): readonly OptionSpec[] {
  const spec = findSpec(argv);
  const [own, nameOf] = [spec?.options ?? [], (flags: string) => /--[a-z-]+/.exec(flags)?.[0]];
  return GLOBAL_OPTIONS.filter(({ flags }) => !own.some((option) => nameOf(option.flags) === nameOf(flags)));
}

function declare(
  program: Command,
  spec: CommandSpec,
  notes: string | undefined,
  onAction: (args: readonly string[], command: Command) => void,
): void {
  const command = program.command(spec.name).summary(spec.summary);
  const headline = `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.`;
  command.description(spec.details === undefined ? headline : `${headline}\n\n${spec.details}`);
  for (const [name, description] of spec.arguments ?? []) command.argument(name, description);
  for (const { flags, description, parse } of spec.options) {
    const option = new Option(flags, description);
    if (parse !== undefined) option.argParser(parse);
    command.addOption(option);
  }
  for (const option of settingOptions(spec.purpose)) command.addOption(option);
  if (notes !== undefined) command.addHelpText('after', `\n${notes}`);
  const examples = spec.examples.map((example) => `  ${example}`).join('\n');
  command.addHelpText(
    'after',
    `\nExamples:\n${examples}\n\nEXIT STATUS\n${describeExitStatus(spec.exitCodes)}`,
  );
  command.action(() => onAction(command.args, command));
}

/** An empty value is an unset variable of a script. Settings are another matter: there, empty counts as not set. */
function requireNoEmptyValues(args: readonly string[], options: object, command: Command): void {
  const values: Readonly<Record<string, unknown>> = { ...options };
  const option = command.options.find((known) => isEmpty(values[known.attributeName()]));
  const argument = args.findIndex(isEmpty);
  if (option === undefined && argument < 0) return;
  const declared = command.registeredArguments;
  const what = option?.long ?? `the argument <${(declared[argument] ?? declared.at(-1))?.name() ?? ''}>`;
  throw new ArchiveError('USAGE', `${what} is empty`, {
    hint: 'give it a value; in a script, check the variable that should hold it',
  });
}

/** Of an option that may be repeated, one value is enough. */
const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.some(isEmpty) : typeof value === 'string' && value.trim() === '';

function renderHelp(program: Command, topic: string | undefined): string {
  if (topic === undefined) return withAfterText(program);
  const known = TOPICS[topic];
  if (known !== undefined && Object.hasOwn(TOPICS, topic)) return known.render();
  const command = program.commands.find((candidate) => candidate.name() === topic);
  if (command !== undefined) return withAfterText(command);
  const topics = [...COMMANDS.map(({ name }) => name), ...Object.keys(TOPICS)];
  const meant = nearestName(topic, topics);
  throw new ArchiveError('USAGE', `no help for ${printable(topic.slice(0, 40))}`, {
    hint: meant === undefined ? `topics: ${topics.join(', ')}` : `did you mean ${meant}?`,
  });
}

/** `helpInformation` leaves out what `addHelpText` added; `outputHelp` has it. */
function withAfterText(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

function noCommand(): ArchiveError {
  return new ArchiveError('USAGE', 'no command is named', {
    hint: 'genesys-archive --help lists them; genesys-archive demo is a good one to begin with',
  });
}

/** Commander's own words are good; only their frame is ours. */
function usageError({ message }: CommanderError, spec: CommandSpec | undefined): ArchiveError {
  const [first = '', ...rest] = message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.+?)\?\)/.exec(rest.join(' '))?.[1];
  if (suggestion !== undefined)
    return new ArchiveError('USAGE', first, { hint: `did you mean ${suggestion}?` });
  const missing = /^missing required argument '(.+)'$/.exec(first)?.[1];
  const described = spec?.arguments?.find(([name]) => name === `<${missing}>`)?.[1];
  const help = `see genesys-archive ${spec === undefined ? '' : `${spec.name} `}--help`;
  return new ArchiveError('USAGE', first, { hint: described === undefined ? help : `${described}; ${help}` });
}
