import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ScriptResult {
  readonly code: number;
  readonly output: string;
}

export const HAS_OPENSSL = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].some(
  existsSync,
);

/** Runs a command with standard error within its output. */
export function runScript(command: string, args: readonly string[], cwd: string): Promise<ScriptResult> {
  return new Promise((resolve) => {
    execFile(command, [...args], { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}
