#!/usr/bin/env node
/** The command line: `dist/cli.mjs`, installed as `genesys-archive`. */
import path from 'node:path';
import { systemClock } from '../clock.ts';
import { toArchiveError } from '../errors.ts';
import { jsonLogger, type Logger, silentLogger } from '../log.ts';
import { formatDuration } from './_format.ts';
import { listenForInterrupts } from './_interrupts.ts';
import { watchStandardOutput } from './_standard-output.ts';
import { createUi, type Ui } from './_ui.ts';
import { type Invocation, parseCommandLine } from './_program.ts';
import { runCommand } from './_run-command.ts';
import { exitCodeOf } from './exit-codes.ts';
import { COMMANDS } from './specs/commands.ts';

// `doctor` says which Node.js to have; the SDK would say so in seven lines at every start
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
/** ms */
const NOTABLE_PAUSE_MS = 1_000;

const output = watchStandardOutput(process);
process.exit(await runCommandLine(process.argv.slice(2)));

async function runCommandLine(argv: readonly string[]): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = await parseCommandLine(argv);
  } catch (error) {
    // what exactly was asked for is not understood, so the form of the answer goes by the bare words
    const ui = openUi({
      json: argv.includes('--json'),
      color: !argv.includes('--no-color'),
      debug: argv.includes('--debug'),
    });
    ui.fail(error);
    await output.flush();
    return exitCodeOf(toArchiveError(error).code);
  }
  if (invocation.kind === 'text') {
    const { failed, text } = invocation;
    (failed ? process.stderr : process.stdout).write(text);
    await output.flush();
    return failed ? exitCodeOf('USAGE') : afterOutput(openUi({ color: !argv.includes('--no-color') }), 0);
  }
  const { globals, spec, flags } = invocation;
  const ui = openUi(globals);
  if (spec.isForReading === true) {
    output.onLost((error) => {
      ui.status(undefined);
      if (error !== undefined) ui.fail(error);
      // a pager that was left, or `head`, has what it wanted
      process.exit(error === undefined ? 0 : exitCodeOf(error.code));
    });
  }
  const signal = listenForInterrupts(ui, process);
  try {
    const code = await runCommand(invocation, {
      ui,
      env: process.env,
      clock: systemClock,
      signal,
      logger: openLogger(
        globals.debug === true ? 'debug' : (flags['ARCHIVE_LOG_LEVEL'] ?? process.env['ARCHIVE_LOG_LEVEL']),
        { narrator: spec.expectsRetries === true ? undefined : ui, json: globals.json === true },
      ),
      stdin: process.stdin,
      flags,
      configFile: globals.config,
      archive: globals.archive,
      commands: COMMANDS,
      program: programName(process.argv[1]),
    });
    await output.flush();
    return afterOutput(ui, code);
  } catch (error) {
    ui.status(undefined);
    ui.fail(error);
    await output.flush();
    return exitCodeOf(toArchiveError(error).code);
  }
}

/** Work that was done and could not be reported is not a success. */
function afterOutput(ui: Ui, code: number): number {
  if (output.lost === undefined || code !== 0) return code;
  ui.status(undefined);
  ui.fail(output.lost);
  return exitCodeOf(output.lost.code);
}

function openUi(globals: { json?: boolean; quiet?: boolean; debug?: boolean; color: boolean }): Ui {
  const { stdout, stderr, env } = process;
  return createUi({
    stdout,
    stderr,
    env,
    json: globals.json === true,
    quiet: globals.quiet === true,
    debug: globals.debug === true,
    color: globals.color,
  });
}

/**
 * Log lines are for machines: on stderr, and only on request. Otherwise long pauses are shown to people.
 */
function openLogger(
  wanted: string | undefined,
  { narrator, json }: { readonly narrator: Ui | undefined; readonly json: boolean },
): Logger {
  const level = (['debug', 'info', 'warn', 'error'] as const).find((known) => known === wanted);
  if (level === undefined) return narrator === undefined ? silentLogger : narrateRetries(narrator);
  // with --json every line says what it is
  const marked = (line: string) => (json ? `{"type":"log","schemaVersion":1,${line.slice(1)}` : line);
  return jsonLogger((line) => process.stderr.write(`${marked(line)}\n`), Date.now, level);
}

function narrateRetries(ui: Ui): Logger {
  return {
    log(_level, message, { code = '', attempt = '?', delayMs, reason } = {}) {
      if (delayMs === undefined || delayMs < NOTABLE_PAUSE_MS) return;
      // most reasons begin with what is tried again, as the message does
      const [what = ''] = message.split(': ');
      const why = reason === undefined ? code : `${reason.replace(`${what}: `, '')}  [${code}]`;
      ui.say(`${message} in ${formatDuration(delayMs)}, attempt ${attempt} failed: ${why}`);
    },
  };
}

/** As it was called, so that a command that is printed can be copied. */
function programName(script: string | undefined): string {
  if (script === undefined || !script.endsWith('.mjs')) return 'genesys-archive';
  const relative = path.relative(process.cwd(), script);
  return `node ${relative.startsWith('..') ? script : relative}`;
}
