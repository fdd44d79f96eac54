import { Readable, Writable } from 'node:stream';
import type { CommandContext } from '../../src/cli/_context.ts';
import { parseCommandLine } from '../../src/cli/_program.ts';
import { runCommand } from '../../src/cli/_run-command.ts';
import { createUi } from '../../src/cli/_ui.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { systemClock } from '../../src/clock.ts';
import { toArchiveError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import type { CliResult, RunOptions } from './run-cli.ts';
import { COMMANDS } from '../../src/cli/specs/commands.ts';

/**
 * Runs a command in this process, in a small part of the time that {@link runCli} takes to start it: for the second and further
 * things that a test asks of a command, and for what waits, on another clock. Not for what depends on the process: its directory, its signals, its standard streams, its
 * log, credentials of AWS in its environment.
 */
export async function runHere(
  args: readonly string[],
  {
    env = {},
    input = '',
    clock = systemClock,
    onOutput,
  }: Pick<RunOptions, 'env' | 'input'> &
    Partial<Pick<CommandContext, 'clock'>> & {
      /** Told of what goes to standard output, as it goes there. */
      readonly onOutput?: (text: string) => void;
    } = {},
): Promise<CliResult> {
  const stdout = collector(onOutput);
  const stderr = collector();
  const open = (json: boolean, quiet: boolean) =>
    createUi({ stdout, stderr, env, json, quiet, debug: false, color: true });
  let ui = open(args.includes('--json'), false);
  let code: number;
  try {
    const invocation = await parseCommandLine(args);
    if (invocation.kind === 'text') throw new Error('there is no command to run');
    const { globals, flags } = invocation;
    ui = open(globals.json === true, globals.quiet === true);
    const stdin = Readable.from([Buffer.from(input)]);
    const context = contextHere(ui, env, {
      clock,
      stdin,
      flags,
      configFile: globals.config,
      archive: globals.archive,
    });
    code = await runCommand(invocation, context);
  } catch (error) {
    ui.fail(error);
    code = exitCodeOf(toArchiveError(error).code);
  }
  const text = stdout.text();
  const records = () =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, signal: null, stdout: text, stderr: stderr.text(), records };
}

/** What a command that runs in this process is given. */
export function contextHere(
  ui: CommandContext['ui'],
  env: CommandContext['env'],
  own: Partial<CommandContext> = {},
): CommandContext {
  return {
    ui,
    env,
    clock: systemClock,
    signal: new AbortController().signal,
    logger: silentLogger,
    stdin: Readable.from([]),
    flags: {},
    configFile: undefined,
    commands: COMMANDS,
    program: 'genesys-archive',
    ...own,
  };
}

/** A stream that keeps what is written to it. */
function collector(onWrite?: (text: string) => void): Writable & { readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      onWrite?.(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString('utf8') });
}
