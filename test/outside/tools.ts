import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const REQUIRED = process.env['REQUIRE_PROOF'] === '1';

function has(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, [...args], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const GOPATH = '/usr/share/gocode';
const GO_ENV = { GO111MODULE: 'off', GOPATH, GOFLAGS: '', CGO_ENABLED: '0' };

/** Where the packages are not installed, their tests are skipped; REQUIRE_PROOF=1 makes that a failure. */
export const HAS_GO =
  REQUIRED || (has('go', ['version']) && has('ls', [`${GOPATH}/src/golang.org/x/mod/sumdb/note/note.go`]));
export const HAS_PYTHON = REQUIRED || has('python3', ['--version']);
export const HAS_JQ = REQUIRED || has('jq', ['--version']);

/** Builds the Go program. @returns its path, and what removes it. */
export function buildGo(): { readonly program: string; readonly remove: () => void } {
  const dir = mkdtempSync(path.join(tmpdir(), 'outside-go-'));
  const program = path.join(dir, 'verify');
  execFileSync('go', ['build', '-o', program, path.join(import.meta.dirname, 'verify.go')], {
    env: { ...process.env, ...GO_ENV, GOCACHE: path.join(dir, 'cache') },
  });
  return { program, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Gives a program lines, and returns those it writes. */
export function filter(
  program: string,
  args: readonly string[],
  lines: readonly string[],
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', () => resolve(Buffer.concat(chunks).toString().trimEnd().split('\n')));
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
  });
}

export function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { cwd, maxBuffer: 256 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}
