import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Gives the events of a file to the handler of the bundle, one after the other, in a process of its own. */
const RUNNER = `
import { readFileSync } from 'node:fs';
const { handler } = await import(process.argv[2]);
const outcomes = [];
for (const event of JSON.parse(readFileSync(process.argv[3], 'utf8'))) {
  const context = { getRemainingTimeInMillis: () => 840000 };
  outcomes.push(await handler(event, context).catch(({ name }) => ({ error: name })));
}
process.stdout.write('OUTCOMES' + JSON.stringify(outcomes) + '\\n');
process.exit(0);
`;

export interface BundleRun {
  /** A directory for the files of the run. */
  readonly dir: string;
  readonly events: readonly unknown[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs `dist/lambda/NAME.mjs` as it ships. */
export async function runBundle(
  name: string,
  { dir, events, environment }: BundleRun,
): Promise<{
  /** What the function printed, for whoever looks for the reason of a failure. */
  readonly output: string;
  readonly outcomes: readonly Readonly<Record<string, unknown>>[];
}> {
  const [runner, file] = [join(dir, 'runner.mjs'), join(dir, 'events.json')];
  await writeFile(runner, RUNNER);
  await writeFile(file, JSON.stringify(events));
  const child = spawn(process.execPath, [runner, resolve(`dist/lambda/${name}.mjs`), file], {
    env: { PATH: process.env['PATH'] ?? '', ...environment, AWS_LAMBDA_FUNCTION_NAME: 'function' },
    cwd: dir,
  });
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  await once(child, 'close');
  const line = output.split('\n').find((text) => text.startsWith('OUTCOMES'));
  if (line === undefined) throw new Error(`the bundle did not run:\n${output}`);
  return {
    output,
    outcomes: JSON.parse(line.slice('OUTCOMES'.length)) as readonly Readonly<Record<string, unknown>>[],
  };
}
