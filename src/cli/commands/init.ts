import path from 'node:path';
import { DEFAULT_CONFIG_FILE } from '../../config/file.ts';
import { abortReason } from '../../clock.ts';
import { ArchiveError, withHint } from '../../errors.ts';
import { printableJson } from '../../printable.ts';
import type { CommandContext } from '../_context.ts';
import { printable } from '../_format.ts';
import { readAnswers, settle } from '../init/answers.ts';
import { deployFileOf, ownSettings, stackNameOf } from '../init/own-file.ts';
import { nextSteps } from '../init/steps.ts';
import { checkOutput, createFileTarget, type FileTarget } from '../file-target.ts';
import type { InitOptions } from '../options/start.ts';

interface NewFile {
  readonly path: string;
  /** It may stand there already: what it holds is kept. */
  readonly isAddedTo: boolean;
  readonly content: object;
}

/**
 * Writes the settings of a deployment and those of this program, and prints what to do with them. Asks for what
 * no flag says, in a terminal only.
 */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: InitOptions,
): Promise<number> {
  const { ui, env, signal, program, configFile, archive } = context;
  const force = options.force === true;
  const dryRun = options.dryRun === true;
  const directory = options.out ?? '.';
  const deployFile = path.join(directory, deployFileOf(archive));
  const ownFile = configFile ?? path.join(directory, DEFAULT_CONFIG_FILE);
  // before the user answers questions for nothing
  const several = archive !== undefined;
  if (!dryRun) {
    await checkFree(deployFile, force);
    await checkFree(ownFile, force || several);
  }

  const named = several ? { stackName: stackNameOf(archive) } : {};
  const given = { ...named, ...readAnswers(options, env) };
  const asks = options.yes !== true && options.input && isTerminal();
  const terminal = { input: process.stdin, output: process.stderr, signal };
  const questions = asks ? await import('../init/questions.ts') : undefined;
  const answers = (await questions?.askForAnswers(given, terminal)) ?? given;
  const { settings, warnings } = settle(answers);
  for (const warning of warnings) ui.warn(warning);

  const files: NewFile[] = [
    { path: deployFile, isAddedTo: false, content: settings },
    {
      path: ownFile,
      isAddedTo: several,
      content: await ownSettings(settings, { archive, file: ownFile, force }),
    },
  ];
  if (!dryRun) {
    await questions?.askToWrite([deployFile, ownFile], terminal);
    if (signal.aborted) throw abortReason(signal);
    await writeAll(files, force);
  }
  report(context, files, dryRun);
  const steps = nextSteps(settings, deployFile, program);
  for (const [index, { title, commands }] of steps.entries()) {
    if (ui.json) ui.record('step', { number: index + 1, title, commands });
    else for (const line of ['', `# ${index + 1}. ${title}`, ...commands]) ui.out(printable(line));
  }
  return 0;
}

function isTerminal(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Both are complete under other names before the first one appears. */
/** As {@link checkOutput}, for files whose names are not chosen. */
async function checkFree(file: string, force: boolean): Promise<void> {
  try {
    await checkOutput(file, { force });
  } catch (error) {
    throw error instanceof ArchiveError && error.code === 'OUTPUT_EXISTS'
      ? withHint(
          error,
          '--force replaces it; --out DIR writes elsewhere; --archive NAME adds another archive',
        )
      : error;
  }
}

async function writeAll(files: readonly NewFile[], force: boolean): Promise<void> {
  const targets: FileTarget[] = [];
  try {
    for (const { path: file, content, isAddedTo } of files) {
      const target = await createFileTarget(file, { force: force || isAddedTo });
      targets.push(target);
      await target.write(Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`));
    }
    for (const target of targets) await target.commit();
  } catch (error) {
    for (const target of targets) await target.abandon();
    throw error;
  }
}

function report({ ui }: CommandContext, files: readonly NewFile[], dryRun: boolean): void {
  for (const { path: file, content } of files) {
    if (ui.json) ui.record('file', { path: file, written: !dryRun, content });
    else if (dryRun) ui.out(`# ${printable(file)}\n${printableJson(content, 2)}`);
    else ui.say(`wrote ${printable(file)}`);
  }
}
