import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveFixture, FIRST, makeArchive } from '../cli/archive-fixture.ts';
import { runCli } from '../cli/run-cli.ts';

let archive: ArchiveFixture;
beforeEach(async () => {
  archive = await makeArchive(100);
});
afterEach(() => archive.remove());

/** Runs the command line in a shell; `"$@"` is the program itself. */
const inShell = (shell: string, env: Readonly<Record<string, string>> = archive.env) =>
  runCli([], { shell, env });

/** As many objects as fill a pipe, and the name of each on a line. */
async function fillArchive(): Promise<void> {
  const day = path.dirname(archive.objectFile(FIRST));
  await mkdir(day, { recursive: true });
  const names = Array.from({ length: 3_000 }, (_, at) => `recording-${String(at).padStart(60, '0')}.enc`);
  for (const name of names) await writeFile(path.join(day, name), 'x');
}

const HAS_FULL = existsSync('/dev/full');

describe('output to a full device', () => {
  it
    .skipIf(!HAS_FULL)
    .each([
      'list',
      'list --json',
      'inspect ID',
      '--help',
      '--version',
      'help exit-codes',
      'help list',
      'completion bash',
      'verify --all',
      'verify --all --json',
    ])('%s: a message, and the exit code of output that was lost', async (line) => {
    const command = line.replace('ID', FIRST);
    const { code, stderr } = await inShell(`exec "$@" ${command} > /dev/full`);
    expect(stderr).toContain('writing to standard output failed: Error ENOSPC');
    expect(stderr).toContain('OUTPUT_FAILED');
    expect(code).toBe(1);
  });

  it.skipIf(!HAS_FULL)('work that fails keeps its own exit code', async () => {
    await archive.flipBit(FIRST, 5);
    expect((await inShell('exec "$@" verify --all > /dev/full')).code).toBe(5);
  });

  it.skipIf(!HAS_FULL)('messages that cannot be shown change nothing', async () => {
    const lost = await inShell('exec "$@" list 2> /dev/full');
    expect(lost).toMatchObject({ code: 0, stderr: '' });
    expect(lost.stdout.trimEnd().split('\n')).toHaveLength(3);
    expect((await inShell('exec "$@" list --nonsense 2> /dev/full')).code).toBe(2);
    expect((await inShell('exec "$@" 2> /dev/full')).code).toBe(2);
  });
});

describe('a reader that closes the pipe', () => {
  it.each(['list', 'list --json', '--help', 'help environment', 'inspect ID', 'completion bash'])(
    '%s: ends quietly with 0',
    async (line) => {
      if (line.startsWith('list')) await fillArchive();
      const command = line.replace('ID', FIRST);
      // the status of the command goes to stderr, since its output is closed
      const { stderr } = await inShell(`{ "$@" ${command} -q; echo "status $?" >&2; } | head -n 1`);
      expect(stderr).toBe('status 0\n');
    },
  );

  it('is gone before the first byte: quiet, and 0', async () => {
    const { stderr } = await inShell('{ sleep 0.2; "$@" --help; echo "status $?" >&2; } | true');
    expect(stderr).toBe('status 0\n');
  });

  it('verify goes on, and its exit code tells what it has found', async () => {
    await archive.flipBit(FIRST, 5);
    const { stderr } = await inShell('{ sleep 0.2; "$@" verify --all; echo "status $?" >&2; } | true');
    expect(stderr).toContain('2 recordings verified');
    expect(stderr).toContain('status 5\n');
  });

  it('restore -o - was cut: exit 1', async () => {
    const command = `restore ${FIRST} -o - --allow-unverified`;
    const { stderr } = await inShell(`{ sleep 0.2; "$@" ${command}; echo "status $?" >&2; } | true`);
    expect(stderr).toContain('[OUTPUT_FAILED]');
    expect(stderr).toContain('status 1\n');
  });
});

describe('streams that are closed', () => {
  it('a closed stderr takes messages away, not data', async () => {
    const { code, stdout } = await inShell('exec "$@" list 2>&-');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    expect((await inShell('exec "$@" nonsense 2>&-')).code).toBe(2);
  });
});

describe('--json', () => {
  it.each([
    ['a warning', ['list'], { GENESYS_ENVIROMENT: 'mypurecloud.de' }],
    ['messages', ['list', '--from', '2026-05-20'], {}],
    ['an error and where it comes from', ['inspect', 'nothing', '--debug'], {}],
    ['no command', [], {}],
    ['a wrong command', ['nonsense'], {}],
  ])('%s: nothing but JSON lines on stderr', async (_name, args, env) => {
    const { stderr } = await runCli([...args, '--json'], { env: { ...archive.env, ...env } });
    const lines = stderr.trimEnd().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('schemaVersion', 1);
    expect(lines.length).toBeGreaterThan(0);
  });
});
