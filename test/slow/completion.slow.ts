import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/specs/commands.ts';
import { listSettings } from '../../src/config/schema.ts';
import { flagOf } from '../../src/cli/_topics.ts';
import { CLI, makeDirectory, runCli } from '../cli/run-cli.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Continuous integration installs the shells, so there an absent one is a failure and not a reason to skip. */
const isPresent = (shell: Shell) =>
  spawnSync(shell, ['-c', 'exit 0']).status === 0 || process.env['CI'] === 'true';

let dir: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ dir, remove } = await makeDirectory());
  const place = path.join(dir, 'here');
  await mkdir(path.join(place, 'a folder'), { recursive: true });
  await writeFile(path.join(place, 'a file.json'), '');
  for (const shell of SHELLS) {
    const script = execFileSync(process.execPath, [CLI, 'completion', shell, '--quiet']);
    await writeFile(path.join(dir, shell), script);
  }
});
afterAll(() => remove());

const BASH = `
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"
_genesys_archive || exit 9
((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"
exit 0`;

/** What a shell offers for the last word of a line, in a directory with one file and one folder. */
function offered(shell: Shell, line: string): string[] {
  const script = path.join(dir, shell);
  const run = (args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(shell, args, {
      cwd: path.join(dir, 'here'),
      env: { PATH: process.env['PATH'] ?? '', HOME: dir, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
      encoding: 'utf8',
    });
    expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' });
    return stdout.split('\n').filter((text) => text !== '');
  };
  switch (shell) {
    case 'bash':
      // as readline splits it: = is a word of its own
      return run(['--norc', '--noprofile', '-c', BASH, 'bash', script, ...line.split(/ |(?<==)|(?==)/)]);
    case 'zsh':
      return run(['-f', path.resolve('test/cli/capture-zsh.zsh'), script, line]).map((text) =>
        text.replaceAll('\\', ''),
      );
    case 'fish':
      return run(['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line]).map((text) =>
        (text.split('\t')[0] ?? '')
          .replace(/^--[a-z-]+=/, '')
          .replaceAll('\\', '')
          .replace(/\/$/, ''),
      );
  }
}

const sorted = (words: readonly string[]) => words.toSorted();

describe.each(SHELLS)('completion in %s', (shell) => {
  // oxlint-disable-next-line vitest/no-disabled-tests, vitest/valid-title -- it makes a test function
  const inShell = it.skipIf(!isPresent(shell));

  inShell('offers the commands, and no file', () => {
    expect(sorted(offered(shell, 'genesys-archive re'))).toEqual([
      'reconcile',
      'redrive',
      'reencrypt',
      'rekey',
      'restore',
      'retain',
      'rewrap',
    ]);
    const all = offered(shell, 'genesys-archive ').filter((word) => !word.startsWith('-'));
    expect(sorted(all)).toEqual(sorted([...COMMANDS.map(({ name }) => name), 'help']));
  });

  inShell('offers whole flags: those of the command, global ones and settings', () => {
    expect(sorted(offered(shell, 'genesys-archive list --s'))).toEqual([
      '--s3-archive-bucket',
      '--s3-expected-bucket-owner',
      '--s3-force-path-style',
      '--signing-key-file',
      '--store',
    ]);
    expect(sorted(offered(shell, 'genesys-archive --json --config x.json verify --de'))).toEqual([
      '--debug',
      '--depth',
    ]);
  });

  inShell.each([
    ['verify --depth ', ['ciphertext', 'full', 'head']],
    ['verify --depth=f', ['full']],
    ['keys ', ['check', 'generate', 'list', 'publish', 'receipts']],
    ['keys ge', ['generate']],
    ['completion ', ['bash', 'fish', 'zsh']],
    ['help exit', ['exit-codes']],
    ['help env', ['environment']],
    ['list --s3-force-path-style ', ['0', '1']],
  ])('offers the words that may stand there: %s', (line, words) => {
    // an optional value, which fish completes only after `=`
    const isOptional = shell === 'fish' && line.includes('--s3-');
    expect(sorted(offered(shell, `genesys-archive ${line}`))).toEqual(isOptional ? [] : words);
  });

  inShell.each(['restore ', 'list ', 'inspect a', 'verify a', 'list --from ', 'adopt --wrap ', 'gc '])(
    'offers no file where none can stand: %s',
    (line) => {
      expect(offered(shell, `genesys-archive ${line}`).filter((word) => word.startsWith('a '))).toEqual([]);
    },
  );

  inShell.each(['archive --event ', 'archive -e ', 'restore -o ', 'redrive ', 'list --config ', '--config '])(
    'offers files where a file can stand, whole with their blanks: %s',
    (line) => {
      const words = offered(shell, `genesys-archive ${line}`).filter((word) => !word.startsWith('-'));
      expect(sorted(words)).toEqual(['a file.json', 'a folder']);
    },
  );

  inShell.each(['demo --media ', 'init --out '])('offers folders where a folder can stand: %s', (line) => {
    const words = offered(shell, `genesys-archive ${line}`).filter((word) => !word.startsWith('-'));
    expect(words).toEqual(['a folder']);
  });

  it('knows every command, every flag and every setting', async () => {
    const { code, stdout, stderr } = await runCli(['completion', shell]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^to install it: /);
    expect(stdout).not.toContain('undefined');
    const flags = COMMANDS.flatMap(({ options }) =>
      options.map(({ flags: text }) => /--[a-z0-9-]+/.exec(text)?.[0]),
    );
    const settings = listSettings().map(([name]) => flagOf(name));
    for (const flag of [...flags, ...settings]) {
      if (flag !== undefined) expect(stdout).toContain(shell === 'fish' ? ` -l ${flag.slice(2)} ` : flag);
    }
  });
});

describe('completion', () => {
  it('any other shell: exit 2', async () => {
    for (const shell of ['tcsh', 'constructor']) {
      expect(await runCli(['completion', shell])).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it.skipIf(!isPresent('zsh'))('the script of zsh works from $fpath too, and without compinit', () => {
    const fpath = 'fpath=($1:h $fpath); cp $1 $1:h/_genesys-archive; autoload -Uz compinit; compinit -u -D';
    const found = spawnSync(
      'zsh',
      ['-fc', `${fpath}; print $_comps[genesys-archive]`, 'zsh', path.join(dir, 'zsh')],
      { encoding: 'utf8' },
    );
    expect(found).toMatchObject({ stdout: '_genesys-archive\n', stderr: '' });
    const sourced = spawnSync(
      'zsh',
      ['-fc', 'source $1 && print $_comps[genesys-archive]', 'zsh', path.join(dir, 'zsh')],
      { encoding: 'utf8', env: { ...process.env, HOME: dir } },
    );
    expect(sourced.stdout).toBe('_genesys_archive\n');
  });
});
