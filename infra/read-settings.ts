import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { type DeploySettings, deploySettings } from '../src/config/deploy-settings.ts';

/** A settings file that cannot be used. The message has a line for each problem, and no value of the file. */
export class SettingsProblem extends Error {
  override readonly name = 'SettingsProblem';
}

/**
 * Reads and checks a file of deploy settings; reports all problems of it at once.
 *
 * @throws SettingsProblem
 */
export function readDeploySettings(file: string): DeploySettings {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new SettingsProblem(
      missing
        ? `${file} does not exist: \`genesys-archive init\` writes one, or name yours with \`-c settings=FILE\``
        : `${file} cannot be read as JSON`,
    );
  }
  const result = z.safeParse(deploySettings, value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `  ${path.length === 0 ? 'the file' : path.join('.')}: ${message}`,
  );
  throw new SettingsProblem([`${file} has ${problems.length} problem(s):`, ...problems].join('\n'));
}
