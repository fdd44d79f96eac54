import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface Answer {
  /** Of the plaintext, hex. */
  readonly sha256?: string;
  readonly error?: string;
}

/** Runs a client of somebody else's on a list of jobs. */
export async function ask(
  command: readonly [string, ...string[]],
  settings: object,
  jobs: readonly object[],
): Promise<readonly Answer[]> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: foreignEnvironment() });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.on('error', () => {}); // it has ended early, which its exit code tells
  child.stdin.end([settings, ...jobs].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const answers: Answer[] = [];
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line) as Answer);
  const code = await ended;
  if (code !== 0 || answers.length !== jobs.length) {
    throw new Error(`${program}: exit ${code}, ${answers.length} of ${jobs.length} answers\n${complaints}`);
  }
  return answers;
}

/** Why a program cannot be used here; `undefined` when it can. */
export function whyMissing(what: string, ...command: [string, ...string[]]): string | undefined {
  const [program, ...args] = command;
  const { status, error } = spawnSync(program, args, { env: foreignEnvironment(), timeout: 60_000 });
  return error === undefined && status === 0 ? undefined : absent(what);
}

/** Says what is missing. @throws Error where nothing may be missing (`REQUIRE_INTEROP=1`, as continuous integration sets it). */
function absent(what: string): string {
  if (process.env['REQUIRE_INTEROP'] === '1') throw new Error(`not installed here: ${what}`);
  return what;
}

/** Builds the Go client against Debian's packaged sources. @returns its path, or why there is none. */
export function buildGoClient(): { readonly program: string; readonly remove: () => void } | string {
  const dir = mkdtempSync(path.join(tmpdir(), 'go-client-'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  const program = path.join(dir, 'go-client');
  const source = path.resolve('test/interop/go-client.go');
  const env = {
    ...foreignEnvironment(),
    GO111MODULE: 'off',
    GOPATH: `${dir}/go:/usr/share/gocode`,
    GOCACHE: `${dir}/cache`,
    GOFLAGS: '',
  };
  const { status, error, stderr } = spawnSync('go', ['build', '-o', program, source], {
    env,
    timeout: 540_000,
  });
  if (error === undefined && status === 0) return { program, remove };
  remove();
  const complaints = String(stderr);
  if (error === undefined && !complaints.includes('cannot find package'))
    throw new Error(complaints.slice(0, 2000));
  return absent('golang-go and golang-github-aws-aws-sdk-go-dev');
}

/** Nobody's own AWS settings may leak in. */
function foreignEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
  return { PATH, HOME, LANG, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' };
}
