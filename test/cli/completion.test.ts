import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/_commands.ts';
import { runCli } from './run-cli.ts';

/** What bash would offer for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const { stdout: script } = await runCli(['completion', 'bash']);
  const shell = `exec bash --norc -c 'eval "$(cat)"; COMP_WORDS=(genesys-archive ${words.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${words.length}; _genesys_archive; printf "%s\\n" "\${COMPREPLY[@]}"'`;
  const { code, stdout, stderr } = await runCli([], { shell, input: script });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  it('of commands', async () => {
    expect(await offered('re')).toEqual(['redrive', 'restore', 'rewrap', 'reencrypt']);
    expect(await offered('')).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
  });

  it('of flags, after global ones too, and of settings that mirror the environment', async () => {
    expect(await offered('--json', 'doctor', '--st')).toEqual(['--stack', '--store']);
    expect(await offered('list', 'x')).toEqual([]);
    expect(await offered('help', 'exit')).toEqual(['exit-codes']);
  });

  it.each(['bash', 'zsh', 'fish'])('%s: a script on stdout, how to install it on stderr', async (shell) => {
    const { code, stdout, stderr } = await runCli(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('complete ');
    expect(stdout).not.toContain('undefined');
    expect(stderr).toMatch(/^to install it: /);
  });

  it('any other shell: exit 2', async () => {
    for (const shell of ['tcsh', 'constructor']) {
      expect(await runCli(['completion', shell])).toMatchObject({ code: 2, stdout: '' });
    }
  });
});
