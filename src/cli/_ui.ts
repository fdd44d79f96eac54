import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { type ArchiveError, toArchiveError } from '../errors.ts';
import { printableJson, printableLines } from '../printable.ts';
import { exitCodeOf, nextStep } from './exit-codes.ts';

/** Version of the `--json` records. Fields and types may be added under the same number; nothing is taken away. */
export const SCHEMA_VERSION = 1;

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** How commands speak. stdout is data; everything else is stderr. */
export interface Ui {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether stderr is a terminal that can redraw a line. */
  readonly live: boolean;
  /** Of the terminal that stdout is; `undefined` where it is none. */
  readonly columns?: number | undefined;
  /** One line of data. */
  out(line: string): void;
  /** One line of a file that goes to stdout, as it is; on a terminal as {@link Ui.out}. */
  copy(line: string): void;
  /** One line of data as JSON, with `type` and `schemaVersion`. */
  record(type: string, fields: object): void;
  /** Resolves when the reader of stdout has caught up, or is gone. */
  drained(): Promise<void>;
  /** A message for people; not with `--quiet`. With `--json` a JSON line of type `message`. */
  say(line: string): void;
  /** With `--json` a JSON line of type `warning`. */
  warn(text: string): void;
  /** The error in at most three lines, or one JSON line; with `--debug`, where it came from. */
  fail(error: unknown): void;
  /** Draws the line that is redrawn in place; `undefined` takes it away. */
  status(line: string | undefined): void;
  /** Colours text for stdout. */
  style(style: Style, text: string): string;
  /** Colours text for stderr. */
  styleMessage(style: Style, text: string): string;
}

export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface UiOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** False with `--no-color`. */
  readonly color: boolean;
}

/** The sequences of {@link Ui.style}: the only ones that reach a terminal. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const OWN_STYLES = /(\u001B\[(?:1|2|22|31|32|33|36|39)m)/;

/** Columns of a terminal that does not say how many it has. */
const DEFAULT_COLUMNS = 80;

export function createUi(options: UiOptions): Ui {
  const { stdout, stderr, env, json, quiet, debug } = options;
  const smart = env['TERM'] !== 'dumb';
  // https://no-color.org: present and not empty, with any value
  const mayColor = options.color && smart && (env['NO_COLOR'] ?? '') === '';
  const live = stderr.isTTY === true && smart && !quiet;
  const paint = (stream: OutputStream) => (style: Style, text: string) =>
    mayColor && stream.isTTY === true ? styleText(style, text, { validateStream: false }) : text;
  const styleMessage = paint(stderr);
  const foot = new StatusLine(stderr);
  const write = (stream: OutputStream, line: string) => foot.writeAbove(stream, line);
  const writeText = (stream: OutputStream, line: string) =>
    write(stream, mayColor ? harmlessInColor(line) : printableLines(line));
  const writeJson = (stream: OutputStream, type: string, fields: object) =>
    write(stream, printableJson({ type, schemaVersion: SCHEMA_VERSION, ...fields }));

  return {
    json,
    quiet,
    live,
    columns: stdout.isTTY === true ? (stdout.columns ?? DEFAULT_COLUMNS) : undefined,
    style: paint(stdout),
    styleMessage,
    out: (line) => writeText(stdout, line),
    copy: (line) => (stdout.isTTY === true ? writeText : write)(stdout, line),
    record: (type, fields) => writeJson(stdout, type, fields),
    drained: () => drainOf(stdout),
    say(line) {
      if (quiet) return;
      if (json) writeJson(stderr, 'message', { message: line });
      else writeText(stderr, line);
    },
    warn(text) {
      if (json) writeJson(stderr, 'warning', { message: text });
      else write(stderr, `${styleMessage('yellow', 'warning:')} ${printableLines(text)}`);
    },
    fail(thrown) {
      const error = toArchiveError(thrown);
      const origin = debug ? describeOrigin(thrown, error) : undefined;
      if (json) {
        const exitCode = exitCodeOf(error.code);
        writeJson(stderr, 'error', { ...error.toJSON(), exitCode, origin });
        return;
      }
      for (const line of describeError(error, styleMessage)) write(stderr, line);
      if (origin !== undefined) write(stderr, styleMessage('dim', printableLines(origin.join('\n'))));
    },
    status(line) {
      if (live) foot.show(line === undefined ? undefined : printableLines(line));
    },
  };
}

/** The last line of a terminal, redrawn in place below all that is written. */
class StatusLine {
  readonly #terminal: OutputStream;
  #shown: string | undefined;

  constructor(terminal: OutputStream) {
    this.#terminal = terminal;
  }

  /** @param line `undefined` takes it away. */
  show(line: string | undefined): void {
    this.#clear();
    this.#shown = line;
    this.#draw();
  }

  writeAbove(stream: OutputStream, line: string): void {
    this.#clear();
    stream.write(`${line}\n`);
    this.#draw();
  }

  #clear(): void {
    if (this.#shown !== undefined) this.#terminal.write('\r\u001B[2K');
  }

  #draw(): void {
    if (this.#shown === undefined) return;
    this.#terminal.write(this.#shown.slice(0, (this.#terminal.columns ?? DEFAULT_COLUMNS) - 1));
  }
}

/** Commands make foreign text printable where they print it; this is for what one of them has forgotten. */
function harmlessInColor(line: string): string {
  const parts = line.split(OWN_STYLES);
  return parts.map((part, at) => (at % 2 === 1 ? part : printableLines(part))).join('');
}

/** A stream that was destroyed never drains. */
function drainOf(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => {
    const ends = ['drain', 'close', 'error'];
    const done = () => {
      for (const end of ends) stream.off(end, done);
      resolve();
    };
    if (stream.writableNeedDrain) for (const end of ends) stream.on(end, done);
    else resolve();
  });
}

function describeError(error: ArchiveError, style: (style: Style, text: string) => string): string[] {
  const [first = '', ...rest] = printableLines(error.message).split('\n');
  const lines = [`${style('red', 'error:')} ${first}  [${error.code}]`, ...rest];
  if (error.hint !== undefined) lines.push(`${style('cyan', 'hint:')}  ${printableLines(error.hint)}`);
  const next = nextStep(error.code, error.hint !== undefined);
  if (next !== undefined) lines.push(`${style('cyan', 'next:')}  ${next}`);
  return lines;
}

/** Frames, codes and details only: the messages of foreign errors may hold addresses with signatures. */
function describeOrigin(thrown: unknown, error: ArchiveError): string[] {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  const frames = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  const lines = [`details: ${printableJson(error.details)}`, ...frames];
  for (let cause = error.cause; cause !== undefined; cause = cause.cause) {
    lines.push(`caused by: ${cause.message}  [${cause.code}]`);
  }
  return lines;
}
