import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const CLI = path.resolve('dist/cli.mjs');

export interface CliResult {
  /** `undefined` when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON lines. */
  readonly records: () => Record<string, unknown>[];
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** Run by this shell command line, with the CLI's own as `"$@"`. */
  readonly shell?: string;
  /** Leaves standard input open, for `type`. */
  readonly keepInput?: boolean;
}

export interface RunningCli {
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Writes to its standard input, which `keepInput` has left open. */
  readonly type: (keys: string) => void;
  /** Resolves when stderr or stdout has shown `text`. */
  readonly shows: (text: string) => Promise<void>;
  /** What stdout has shown so far. */
  readonly stdout: () => string;
  /** What stderr has shown so far. */
  readonly stderr: () => string;
  readonly end: Promise<CliResult>;
}

/** Starts the built command line as a user would, in an environment that holds nothing but what the test gives it. */
export function startCli(args: readonly string[], options: RunOptions = {}): RunningCli {
  const command = [process.execPath, CLI, ...args];
  const [file = '', ...rest] =
    options.shell === undefined ? command : ['/bin/sh', '-c', options.shell, 'sh', ...command];
  const child = spawn(file, rest, {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', TZ: 'Pacific/Auckland', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of waiting) check();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  child.stdin.on('error', () => {}); // it may end before it has read everything
  if (options.keepInput !== true) child.stdin.end(options.input ?? '');
  const end = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const records = () =>
        stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      resolve({ code: code ?? undefined, signal, stdout, stderr, records });
    });
  });
  return {
    kill: (signal) => child.kill(signal),
    type: (keys) => child.stdin.write(keys),
    stdout: () => stdout,
    stderr: () => stderr,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!stdout.includes(text) && !stderr.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        child.on('close', () => reject(new Error(`it ended without showing "${text}":\n${stdout}${stderr}`)));
        check();
      }),
    end,
  };
}

export function runCli(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  return startCli(args, options).end;
}

/** A new empty directory, removed by `remove`. */
export async function makeDirectory(): Promise<{
  readonly dir: string;
  readonly remove: () => Promise<void>;
}> {
  const dir = await mkdtemp(path.join(tmpdir(), 'cli-'));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Names in a directory, hidden ones too. */
export async function filesIn(dir: string): Promise<string[]> {
  return (await readdir(dir)).toSorted();
}
