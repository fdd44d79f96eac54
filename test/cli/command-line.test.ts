import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/error-codes.ts';
import { EXIT_CODES, EXIT_RULES } from '../../src/exit-codes.ts';
import { COMMANDS } from '../../src/cli/specs/commands.ts';
import { parseCommandLine } from '../../src/cli/_program.ts';
import { requireAction } from '../../src/cli/_require-action.ts';
import { runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

describe('the command line', () => {
  it('without a command shows the help as an error', async () => {
    const result = await runCli([]);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('Usage: genesys-archive <command> [options]');
  });

  it('--version', async () => {
    expect(await runCli(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
      stderr: '',
    });
  });

  it('--help lists every command, the topics and where to start', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { name } of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(stdout.slice(stdout.indexOf('\nTopics:'))).toMatchInlineSnapshot(`
      "
      Topics:
        help environment  settings: environment variables, flags and the config file
        help exit-codes   what the exit codes mean

      Start here:
        genesys-archive demo

      EXIT STATUS
        see genesys-archive help exit-codes
      "
    `);
  });

  it.each(COMMANDS.map(({ name }) => name))('%s --help has examples and an EXIT STATUS', async (name) => {
    // in this process: that it is printed and how it ends is shown once, below
    const help = await parseCommandLine([name, '--help']);
    expect(help).toMatchObject({ kind: 'text', failed: false });
    const text = help.kind === 'text' ? help.text : '';
    expect(text).toMatch(/\nExamples:\n {2}genesys-archive /);
    expect(text).toMatch(/\nEXIT STATUS\n {4}0 {2}all of it was done\n/);
    expect(await parseCommandLine(['help', name])).toEqual(help);
    // its own options first, and the settings by name alone: explained in full they took two hundred lines and more
    expect(text.indexOf('\nOptions:\n')).toBeLessThan(text.indexOf('\nGlobal Options:\n'));
    expect(text.split('\n').length).toBeLessThan(125);
  });

  it('names the settings of a command by their flags, which it does not mistake when they are misspelt', async () => {
    const help = await parseCommandLine(['hold', '--help']);
    const text = help.kind === 'text' ? help.text : '';
    const [, rest = ''] = text.split('Settings as flags; genesys-archive help environment explains each:\n');
    const [list = ''] = rest.split('\n\n');
    expect(list.split(/,?\s+/)).toEqual(expect.arrayContaining(['--store', '--hold-two-persons']));
    expect(list).not.toContain('--write-back'); // of archiving alone
    expect(list.split('\n').filter((line) => line.length > 80)).toEqual([]);
    await expect(parseCommandLine(['list', '--stroe', 'x'])).rejects.toThrow(
      expect.objectContaining({ hint: 'did you mean --store?' }),
    );
  });

  it('list --help', async () => {
    const { code, stdout, stderr } = await runCli(['list', '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await runCli(['help', 'list'])).toMatchObject({ code: 0, stdout, stderr: '' });
    // the width of the columns depends on the longest flag
    const shown = stdout.slice(0, stdout.indexOf('\nGlobal')).replaceAll(/ {3,}/g, '  ');
    expect(shown).toMatchInlineSnapshot(`
      "Usage: genesys-archive list [options]

      List the recordings of the archive, oldest day first.

      Each line has the day, the size of the object and its key, and what is known of
      the recording: kind, duration, conversation. That comes from the receipt, and in
      the layout genesys-export from its sidecar, so it costs a request or two for
      each recording. --from and --to also take a time, such as 2026-05-20T14:00:00Z,
      which is compared with the receipts.

      Options:
        --all-archives  for each archive of the settings file, one after the other
        --from <DAY>  first day, UTC, e.g. 2026-05-01
        --to <DAY>  last day, UTC, e.g. 2026-05-31
        --brief  read no receipts: only days, sizes and keys, with one
        request for 1,000 of them
        -h, --help  show this help
      "
    `);
  });

  it('help environment names every setting, its flag, and which are secret', async () => {
    const { code, stdout } = await runCli(['help', 'environment']);
    expect(code).toBe(0);
    expect(stdout).toContain('  ARCHIVE_STORE, --store\n');
    expect(stdout).toContain('  ENCRYPTION_KEY_HEX (secret: environment only)\n');
    expect(stdout).not.toContain('--encryption-key-hex');
  });

  it('help exit-codes agrees with the table of errors', async () => {
    const { stdout } = await runCli(['help', 'exit-codes']);
    for (const [code, meaning] of EXIT_CODES) expect(stdout).toContain(`${code}  ${meaning}\n`);
    const listed = new Set<number>(EXIT_CODES.map(([code]) => code));
    expect(Object.values(ERROR_CODES).filter(({ exit }) => !listed.has(exit))).toEqual([]);
  });

  it.each([
    [['lits'], "error: unknown command 'lits'  [USAGE]\nhint:  did you mean list?\n"],
    [['list', '--jsno'], "error: unknown option '--jsno'  [USAGE]\nhint:  did you mean --json?\n"],
    [
      ['restore'],
      'error: say which recordings are meant  [USAGE]\nhint:  ids or keys of recordings, --ids FILE',
    ],
    [['inspect'], 'error: say which recording is meant'],
    [['archive', '--timeout', '0'], 'It must be a whole number from 1 to 604800.  [USAGE]'],
    [['list', 'too', 'many'], 'too many arguments'],
    [['help', 'environmant'], 'error: no help for environmant  [USAGE]\nhint:  did you mean environment?\n'],
    [['help', 'zzzzzzz'], 'error: no help for zzzzzzz  [USAGE]\nhint:  topics: demo, init'],
    [['archive', '--encryption-key-hex', 'ab'], "error: unknown option '--encryption-key-hex'"],
  ])('%j: exit 2 and what to do', async (args, message) => {
    const result = await runCli(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it.each<[string[], string]>([
    [
      ['jobs'],
      "error: missing required argument 'action'  [USAGE]\nhint:  list, show, watch, pause, resume, cancel, failed, retry or run; see genesys-archive jobs --help",
    ],
    [['completion', 'tcsh'], 'error: no completion for tcsh  [USAGE]\nhint:  bash, zsh or fish'],
  ])('%j: tells the words that may stand there', async (args, message) => {
    const result = await runHere(args);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: `${message}\n` });
  });

  it('an unknown action is answered with the actions of the command', () => {
    expect(() => requireAction('keys', 'genrate')).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: 'keys does not know genrate',
        hint: 'keys generate, list, check, publish or receipts',
      }),
    );
    expect(requireAction('keys', 'generate')).toBe('generate');
  });

  it.each([
    [['restore', '', '-o', 'x'], 'the argument <id|key> is empty'],
    [['inspect', ' '], 'the argument <id|key> is empty'],
    [['verify', 'x', ''], 'the argument <id|key> is empty'],
    [['adopt', ''], 'is empty'],
    [['restore', 'x', '-o', ''], '--output is empty'],
    [['archive', '--event', ''], '--event is empty'],
    [['archive', '--media', '', '--interaction', 'x'], '--media is empty'],
    [['list', '--from', ''], '--from is empty'],
    [['redrive', '', '--dry-run'], 'is empty'],
    [['verify', '--all', '--sample', '200%'], 'It must be a percentage above 0% and up to 100%'],
    [['verify', '--all', '--sample', '100.01%'], 'above 0% and up to 100%'],
    [['verify', '--all', '--sample', '0%'], 'above 0% and up to 100%'],
    [['verify', '--all', '--sample', '5'], 'above 0% and up to 100%'],
    [['--quiet'], 'no command is named'],
    [['--json'], 'no command is named'],
  ])('%j: exit 2, and says what is empty or out of range', async (args, message) => {
    const result = await runCli(args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });

  it('the page and the help topic of the exit codes say the same', async () => {
    const page = readFileSync('docs/errors.md', 'utf8');
    const topic = (await runCli(['help', 'exit-codes'])).stdout.replaceAll(/\s+/g, ' ');
    for (const [code, meaning] of EXIT_CODES) {
      expect(page).toContain(`| ${code} | ${meaning} |`);
      expect(topic).toContain(`${code} ${meaning}`);
    }
    for (const rule of EXIT_RULES) {
      expect(page).toContain(rule);
      expect(topic).toContain(rule.replaceAll('`', ''));
    }
    const used = new Set(Object.values(ERROR_CODES).map(({ exit }) => exit));
    expect(EXIT_CODES.map(([code]) => code).filter((code) => code !== 0)).toEqual(
      [...used].toSorted((a, b) => a - b),
    );
  });

  it('the rule on readers that leave early names the commands that end then', () => {
    const rule = EXIT_RULES.find((text) => text.startsWith('A reader that closes the pipe early')) ?? '';
    const named = [...(rule.split(': ')[1]?.split(' end at once')[0] ?? '').matchAll(/`([a-z-]+)`/g)];
    const reading = COMMANDS.filter(({ isForReading }) => isForReading === true).map(({ name }) => name);
    expect(named.map(([, name = '']) => name).toSorted()).toEqual(reading.toSorted());
  });

  it('reports a wrong option as JSON when asked for JSON', async () => {
    const result = await runCli(['list', '--json', '--nonsense']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(JSON.parse(result.stderr)).toMatchObject({
      type: 'error',
      schemaVersion: 1,
      code: 'USAGE',
      exitCode: 2,
    });
  });

  it('lists all problems with the settings at once, without their values', async () => {
    const env = { ENCRYPTION_KEY_HEX: 'not-hex-at-all', GENESYS_ENVIRONMENT: 'http://wrong' };
    const result = await runCli(['archive', '--media', 'a', '--interaction', 'b'], { env });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(
      /^error: 4 problems with the settings: {2}\[CONFIG_INVALID\]\n {2}GENESYS_CLIENT_ID: /,
    );
    expect(result.stderr).not.toContain('not-hex-at-all');
    expect(result.stderr).toContain('next:  genesys-archive help environment\n');
  });

  it('--debug says where an error comes from, and nothing secret', async () => {
    const env = { ENCRYPTION_KEY_HEX: 'ab'.repeat(32), ARCHIVE_STORE: 'file:./nowhere' };
    const plain = await runCli(['restore', 'x', '-o', 'y'], { env });
    const debug = await runCli(['restore', 'x', '-o', 'y', '--debug'], { env });
    expect([plain.code, debug.code]).toEqual([6, 6]);
    expect(plain.stderr).not.toMatch(/^ {4}at /m);
    expect(debug.stderr).toMatch(/^ {4}at /m);
    expect(debug.stderr).not.toContain('abab');
  });

  it('uses no colours and no control sequences off a terminal', async () => {
    const { stdout, stderr } = await runCli(['doctor'], { env: { FORCE_COLOR: '1' } });
    // oxlint-disable-next-line no-control-regex -- they are what must not be there
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000B-\u001F]/);
  });
});
