import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { DEPLOY_SETTINGS_FILE, type DeploySettings, deploySettings } from './deploy-settings.ts';
import { describeStray } from './names.ts';
import { isSettingName, SETTINGS, type Setting } from './schema.ts';
import { INLINE_PUBLIC_KEY } from './values.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import { isKnownRegionDomain } from '../regions.ts';

/** What is wrong with one of the deploy settings. */
export interface DeployProblem {
  /** As in the file, e.g. `organizationId`. */
  readonly name: string;
  /** Repeats no value. */
  readonly text: string;
}

export type CheckedDeploySettings =
  | { readonly settings: DeploySettings; readonly warnings: readonly string[] }
  | { readonly problems: readonly DeployProblem[] };

/** The stack sets these itself: from its own parts, or from the settings beside `environmentVariables`. */
const SET_BY_STACK: ReadonlySet<string> = new Set([
  'ARCHIVE_STORE',
  'S3_ARCHIVE_BUCKET',
  'ARCHIVE_KMS_KEY_ID',
  'ARCHIVE_QUEUE_URL',
  'ARCHIVE_DEAD_LETTER_QUEUE_URL',
  'ARCHIVE_RATE_SHARE',
  'ARCHIVE_SIGNING_KMS_KEY_ID',
  'GENESYS_ENVIRONMENT',
  'GENESYS_ORGANIZATION_ID',
]);
const SECRET_ARN = /^(?:ARCHIVE|GENESYS)_[A-Z_]*SECRET_ARN$/;

/** A function has no files and no loopback services. */
const NOT_ON_LAMBDA = /_FILE$|^ARCHIVE_ALLOW_LOOPBACK$/;

/** Checks all deploy settings and finds every problem at once. Pure. */
export function checkDeploySettings(value: unknown): CheckedDeploySettings {
  const result = z.safeParse(deploySettings, value);
  const { environment, environmentVariables, eventSourceName, organizationId } = fieldsOf(value);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => describeIssue(issue, value));
  const reported = new Set(problems.map(({ name }) => name));
  if (!reported.has('environment')) problems.push(...describeEnvironment(environment));
  for (const [name, text] of Object.entries(fieldsOf(environmentVariables))) {
    for (const problem of describeVariable(name, String(text))) {
      problems.push({ name: `environmentVariables.${name}`, text: problem });
    }
  }
  const organization = organizationOf(eventSourceName);
  if (organization !== undefined && typeof organizationId === 'string') {
    if (!reported.has('organizationId') && organization !== organizationId.toLowerCase()) {
      problems.push({ name: 'eventSourceName', text: 'belongs to another organization than organizationId' });
    }
  }
  return result.success && problems.length === 0
    ? { settings: result.data, warnings: findWarnings(result.data) }
    : { problems };
}

/**
 * Reads the deploy settings from a file.
 * @throws `CONFIG_INVALID` (not retryable) with every problem; never with what the file holds.
 */
export async function readDeploySettings(file: string): Promise<DeploySettings> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ArchiveError('CONFIG_INVALID', `${file} cannot be read: ${describeForeign(error)}`, {
      hint: `genesys-archive init makes ${DEPLOY_SETTINGS_FILE}`,
    });
  }
  const checked = checkDeploySettings(parseJson(text, file));
  if ('settings' in checked) return checked.settings;
  const lines = checked.problems.map(({ name, text: problem }) => `  ${name}: ${problem}`);
  throw new ArchiveError('CONFIG_INVALID', `problems with ${file}:\n${lines.join('\n')}`, {
    hint: 'mend the file, or make another one with genesys-archive init --force',
  });
}

/** `aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX` names the organization it belongs to. */
export function organizationOf(eventSourceName: unknown): string | undefined {
  return /^aws\.partner\/genesys\.com\/cloud\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//i
    .exec(typeof eventSourceName === 'string' ? eventSourceName : '')?.[1]
    ?.toLowerCase();
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the parser's own words quote the text
    throw new ArchiveError('CONFIG_INVALID', `${file} is not JSON`);
  }
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): DeployProblem[] {
  const name = issue.path.map(String).join('.') || 'the whole';
  if (issue.code === 'unrecognized_keys') {
    const prefix = issue.path.length === 0 ? '' : `${name}.`;
    return issue.keys.map((key) => ({ name: `${prefix}${key}`, text: 'is no deploy setting' }));
  }
  if (issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined) {
    return [{ name, text: 'is missing' }];
  }
  // the schema's own messages say what a good value is
  const stated = /^(?:is|has|starts) /.test(issue.message);
  return [{ name, text: stated ? `is not valid: it ${issue.message}` : `is not valid: ${issue.message}` }];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

function describeEnvironment(environment: unknown): DeployProblem[] {
  const result = z.safeParse(SETTINGS.GENESYS_ENVIRONMENT.schema, environment);
  if (result.success) return [];
  return [{ name: 'environment', text: result.error.issues[0]?.message ?? 'is malformed' }];
}

function describeVariable(name: string, text: string): string[] {
  if (SET_BY_STACK.has(name) || SECRET_ARN.test(name)) return ['is set by the stack itself'];
  if (NOT_ON_LAMBDA.test(name)) return ['has no use on Lambda'];
  if (!isSettingName(name)) {
    // AWS_*, NODE_OPTIONS and the like are other people's names
    const ours = /^(?:ARCHIVE|GENESYS|S3|ENCRYPTION)_/.test(name);
    return ours ? [describeStray(name).slice(`${name} `.length)] : [];
  }
  const { schema, secret }: Setting = SETTINGS[name];
  if (secret === true) return ['is a secret: it belongs in Secrets Manager, see docs/quickstart.md'];
  const result = z.safeParse(schema, text);
  if (result.success && name === 'ARCHIVE_RECEIPT_PUBLIC_KEYS' && namesFiles(result.data)) {
    return ['names a file, and a function has none: set the keys themselves in base64, see docs/keys.md'];
  }
  return result.success ? [] : [result.error.issues[0]?.message ?? 'is malformed'];
}

function namesFiles(keys: unknown): boolean {
  return !Array.isArray(keys) || keys.some((key) => !INLINE_PUBLIC_KEY.test(String(key)));
}

function findWarnings({ environment, eventSourceName, tutorialEvents, webhook }: DeploySettings): string[] {
  const warnings: string[] = [];
  if (!isKnownRegionDomain(environment)) {
    warnings.push(
      'the environment is none of the 18 known region domains of Genesys Cloud: the client secret is sent there',
    );
  }
  if (eventSourceName === undefined && !tutorialEvents && !webhook) {
    warnings.push('there is neither an event source nor a webhook: nothing will be archived');
  }
  return warnings;
}
