import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../../src/cli/_context.ts';
import { defineCommand } from '../../../src/cli/specs/command-spec.ts';
import type { OptionsOf } from '../../../src/cli/options/option-types.ts';
import { collect, oneOf, wholeNumber } from '../../../src/cli/options/option-values.ts';

const FORMAT = oneOf('csv', 'jsonl');
const OPTIONS = [
  { flags: '-o, --output-file <FILE>', description: 'text' },
  { flags: '--dry-run', description: 'a switch' },
  { flags: '--no-input', description: 'a switch that is on' },
  { flags: '--again [ID]', description: 'text or none' },
  { flags: '--limit <N>', description: 'a number', parse: wholeNumber(1, 9) },
  { flags: '--set <NAME=VALUE>', description: 'several', parse: collect },
  { flags: '--format <WORD>', description: 'a word', parse: FORMAT },
] as const;

const OUTLINE = { name: 'sample', summary: 'a sample', examples: [], exitCodes: [0] } as const;
type Run<Options> = (context: CommandContext, args: readonly string[], options: Options) => Promise<number>;
const takesDryRun: Run<{ readonly dryRun?: boolean }> = (_context, _args, { dryRun }) =>
  Promise.resolve(Number(dryRun));
const takesDryrun: Run<{ readonly dryrun?: boolean }> = (_context, _args, { dryrun }) =>
  Promise.resolve(Number(dryrun));
const takesText: Run<{ readonly limit?: string }> = (_context, _args, { limit }) =>
  Promise.resolve(Number(limit));

describe('the options of a command', () => {
  it('have names and types by their specs (`npm run typecheck` is the check)', () => {
    const options: OptionsOf<typeof OPTIONS> = {
      outputFile: 'a.csv',
      dryRun: true,
      input: false,
      again: true,
      limit: 3,
      set: ['a=1'],
      format: 'csv',
    };
    // @ts-expect-error: a number, not text
    const wrong: OptionsOf<typeof OPTIONS> = { input: true, limit: '3' };
    // @ts-expect-error: no such word
    const odd: OptionsOf<typeof OPTIONS> = { input: true, format: 'xml' };
    expect([options.limit, wrong.limit, odd.format]).toEqual([3, '3', 'xml']);
  });

  it('cannot be taken under a misspelt name or as another type', () => {
    const fits = defineCommand({
      ...OUTLINE,
      options: OPTIONS,
      load: () => Promise.resolve({ run: takesDryRun }),
    });
    const misspelt = defineCommand({
      ...OUTLINE,
      options: OPTIONS,
      // @ts-expect-error: it is dryRun
      load: () => Promise.resolve({ run: takesDryrun }),
    });
    const ofOtherType = defineCommand({
      ...OUTLINE,
      options: OPTIONS,
      // @ts-expect-error: it is a number
      load: () => Promise.resolve({ run: takesText }),
    });
    expect([fits, misspelt, ofOtherType].map(({ options }) => options.length)).toEqual([7, 7, 7]);
  });

  it('are checked so for every command, against a type that comes from the table of its options', () => {
    const textsIn = (dir: string) =>
      readdirSync(dir).map((file) => readFileSync(path.join(dir, file), 'utf8'));
    const specs = textsIn('src/cli/specs');
    const checked = specs.flatMap((text) => text.match(/^ {2}defineCommand\(\{$/gm) ?? []);
    const loaded = specs.flatMap((text) => text.match(/^ {4}load: /gm) ?? []);
    expect(checked.length).toBeGreaterThan(25);
    expect(loaded).toHaveLength(checked.length);
    const commands = textsIn('src/cli/commands');
    expect(commands.length).toBeGreaterThan(25);
    const ofTheirOwn = commands.filter((text) => /^(?:export )?(?:interface|type) \w+Options\b/m.test(text));
    expect(ofTheirOwn.map((text) => /\w+Options\b/.exec(text)?.[0])).toEqual([]);
  });
});
