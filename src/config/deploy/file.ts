import type { Stats } from 'node:fs';
import * as z from 'zod';
import { findProblems } from '../read-settings.ts';
import { DEPLOY_SETTINGS_FILE, type DeploySettings, deploySettings } from './settings.ts';
import { requireOwnFile } from '../file.ts';
import { findMissingParts } from './hardening.ts';
import { findHomeProblems } from './home.ts';
import { isStrayName, nearestName, suggestName } from '../names.ts';
import { isSettingName, SETTINGS, type Setting } from '../schema.ts';
import { INLINE_PUBLIC_KEY } from '../values/values.ts';
import { isKnownAwsRegion } from '../../aws-regions.ts';
import { ArchiveError, describeForeign, systemCodeOf } from '../../errors.ts';
import { describeJsonFault } from '../../json-places.ts';
import { shortenForMessage } from '../../recording/id.ts';
import { GENESYS_REGIONS, isKnownRegionDomain, isPlatformDomain } from '../../regions.ts';
import { readTextFile } from '../../text-file.ts';

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
  'ARCHIVE_KEY_PLACEMENT',
  'ARCHIVE_KEY_RECORDS',
  'ARCHIVE_KMS_KEY_ID',
  'ARCHIVE_QUEUE_URL',
  'ARCHIVE_DEAD_LETTER_QUEUE_URL',
  'ARCHIVE_RATE_SHARE',
  'ARCHIVE_RETENTION_AT_WRITE',
  'ARCHIVE_SIGNING_KMS_KEY_ID',
  'GENESYS_ENVIRONMENT',
  'GENESYS_ORGANIZATION_ID',
]);
const SECRET_ARN = /^(?:ARCHIVE|GENESYS)_[A-Z_]*SECRET_ARN$/;

/** A function has no files and no loopback services. */
const NOT_ON_LAMBDA = /_FILE$|^ARCHIVE_ALLOW_LOOPBACK$/;

/** Of the settings of this program: a deployed function talks to the region's own hosts, and takes no unsigned requests. */
const REFUSED: Readonly<Record<string, string>> = {
  GENESYS_LOGIN_URL: 'decides where the client secret goes: it follows from environment',
  GENESYS_API_URL: 'decides where tokens go: it follows from environment',
  ARCHIVE_WEBHOOK_OPEN: 'would archive calls for unsigned requests of anyone',
};

/** Variables of others that a function may be given; any other one can change which code it runs, or where it sends data. */
const ALLOWED_OF_OTHERS: Readonly<Record<string, RegExp>> = {
  AWS_USE_FIPS_ENDPOINT: /^(?:true|false)$/,
  AWS_USE_DUALSTACK_ENDPOINT: /^(?:true|false)$/,
  AWS_RETRY_MODE: /^(?:standard|adaptive)$/,
  AWS_MAX_ATTEMPTS: /^[1-9]\d?$/,
};

/** Bytes. Deploy settings fill one or two KiB. */
const MAX_FILE_BYTES = 64 * 1024;

/** Checks all deploy settings and finds every problem at once. Pure. */
export function checkDeploySettings(value: unknown): CheckedDeploySettings {
  const result = z.safeParse(deploySettings, value);
  const { environment, environmentVariables, eventSourceName, organizationId } = fieldsOf(value);
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => describeIssue(issue, value));
  const reported = new Set(problems.map(({ name }) => name));
  if (!reported.has('environment') && environment !== undefined) {
    problems.push(...describeEnvironment(environment));
  }
  const variables = Object.entries(fieldsOf(environmentVariables));
  for (const [name, text] of variables) {
    if (reported.has(`environmentVariables.${name}`)) continue;
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
  if (result.success) problems.push(...findMissingParts(result.data), ...findHomeProblems(result.data));
  if (result.success && problems.length === 0) problems.push(...findContradictions(result.data));
  return result.success && problems.length === 0
    ? { settings: result.data, warnings: findWarnings(result.data) }
    : { problems };
}

/**
 * Reads the deploy settings from a file.
 *
 * @param isFound the file was found in the working directory, not named: it must be the caller's own.
 * @throws `CONFIG_INVALID` (not retryable) with every problem; never with what the file holds.
 */
export async function readDeploySettings(
  file: string,
  { isFound = false }: { readonly isFound?: boolean } = {},
): Promise<DeploySettings> {
  return (await readCheckedSettings(file, { isFound })).settings;
}

/** The same, with what is only worth a warning. */
export async function readCheckedSettings(
  file: string,
  { isFound = false }: { readonly isFound?: boolean } = {},
): Promise<{ readonly settings: DeploySettings; readonly warnings: readonly string[] }> {
  const checked = checkDeploySettings(parseDeployFile(await readText(file, isFound), file));
  if ('settings' in checked) return checked;
  const lines = checked.problems.map(({ name, text: problem }) => `  ${name}: ${problem}`);
  const number = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  throw new ArchiveError('CONFIG_INVALID', `${number} with ${file}:\n${lines.join('\n')}`, {
    hint: 'mend the file, or make another one with genesys-archive init --force',
  });
}

async function readText(file: string, isFound: boolean): Promise<string> {
  let facts: Stats | undefined;
  try {
    const text = await readTextFile(file, {
      what: file,
      code: 'CONFIG_INVALID',
      maxBytes: MAX_FILE_BYTES,
      onlyRegular: isFound,
      check: (stats) => {
        facts = stats;
      },
    });
    if (isFound && facts !== undefined)
      await requireOwnFile(file, facts, { shown: file, flag: '--settings' });
    return text;
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const isMissing = systemCodeOf(error) === 'ENOENT';
    const problem = isMissing ? 'does not exist' : `cannot be read: ${describeForeign(error)}`;
    throw new ArchiveError('CONFIG_INVALID', `${file} ${problem}`, {
      hint: `\`genesys-archive init\` writes ${DEPLOY_SETTINGS_FILE}; another file is named with --settings FILE, or -c settings=FILE for cdk`,
    });
  }
}

/** `aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX` names the organization it belongs to. */
export function organizationOf(eventSourceName: unknown): string | undefined {
  return /^aws\.partner\/genesys\.com\/cloud\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\//i
    .exec(typeof eventSourceName === 'string' ? eventSourceName : '')?.[1]
    ?.toLowerCase();
}

function parseDeployFile(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // the parser's own words quote the text
    throw new ArchiveError('CONFIG_INVALID', `${file} is not JSON: ${describeJsonFault(text)}`, {
      hint: 'mend the file, or make another one with genesys-archive init --force',
    });
  }
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): DeployProblem[] {
  const name = issue.path.map(String).join('.') || 'the whole';
  if (issue.code === 'unrecognized_keys') {
    const prefix = issue.path.length === 0 ? '' : `${name}.`;
    return issue.keys.map((key) => ({ name: printableName(`${prefix}${key}`), text: describeStranger(key) }));
  }
  if (issue.code === 'invalid_type' && valueAt(value, issue.path) === undefined) {
    return [{ name, text: 'is missing' }];
  }
  if (issue.code === 'invalid_type' && issue.path[0] === 'environmentVariables' && issue.path.length === 2) {
    return [{ name, text: 'must be text: write it in quotes' }];
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

/** A mistyped name is a mistyped deploy setting, or a variable of the function in the wrong place. */
function describeStranger(key: string): string {
  if (isSettingName(key)) return 'is not a deploy setting: it belongs into environmentVariables';
  const meant = nearestName(key, Object.keys(deploySettings.shape));
  return `is not a deploy setting${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

const printableName = (name: string) =>
  /^[A-Za-z0-9_.$-]{1,100}$/.test(name) ? name : shortenForMessage(name);

/** The client secret goes to this domain, and nothing but this file says which one it is. */
function describeEnvironment(environment: unknown): DeployProblem[] {
  const name = 'environment';
  const result = z.safeParse(SETTINGS.GENESYS_ENVIRONMENT.schema, environment);
  if (!result.success) return [{ name, text: result.error.issues[0]?.message ?? 'is malformed' }];
  if (isPlatformDomain(result.data)) return [];
  const meant = nearestName(result.data, Object.values(GENESYS_REGIONS));
  const hint = meant === undefined ? 'such as mypurecloud.com or usw2.pure.cloud' : `did you mean ${meant}?`;
  return [{ name, text: `is not a region domain of Genesys Cloud; ${hint}` }];
}

function describeVariable(name: string, text: string): string[] {
  if (SET_BY_STACK.has(name) || SECRET_ARN.test(name)) return ['is set by the stack itself'];
  if (NOT_ON_LAMBDA.test(name)) return ['has no use on Lambda'];
  if (Object.hasOwn(REFUSED, name)) return [REFUSED[name] ?? ''];
  if (!isSettingName(name)) return describeForeignVariable(name, text);
  const { schema, secret }: Setting = SETTINGS[name];
  if (secret === true) return ['is a secret: it belongs in Secrets Manager, see docs/quickstart.md'];
  if (text === '') return ['is empty: leave it out'];
  const result = z.safeParse(schema, text);
  if (result.success && name === 'ARCHIVE_RECEIPT_PUBLIC_KEYS' && namesFiles(result.data)) {
    return ['names a file, and a function has none: set the keys themselves in base64, see docs/keys.md'];
  }
  return result.success ? [] : [result.error.issues[0]?.message ?? 'is malformed'];
}

function namesFiles(keys: unknown): boolean {
  return !Array.isArray(keys) || keys.some((key) => !INLINE_PUBLIC_KEY.test(String(key)));
}

function describeForeignVariable(name: string, text: string): string[] {
  const allowed = Object.hasOwn(ALLOWED_OF_OTHERS, name) ? ALLOWED_OF_OTHERS[name] : undefined;
  if (allowed !== undefined) return allowed.test(text) ? [] : ['has a value that is not known'];
  const meant = suggestName(name) ?? nearestName(name, Object.keys(ALLOWED_OF_OTHERS));
  if (meant !== undefined) return [`is not a setting of this program; did you mean ${meant}?`];
  return isStrayName(name)
    ? ['is not a setting of this program']
    : ['is not among the variables that the deploy file may set, see docs/deployment.md'];
}

/** What the function would say at its start, with the variables that the stack will set. */
function findContradictions({
  environment,
  organizationId,
  webhook,
  signingKey,
  environmentVariables,
}: DeploySettings): DeployProblem[] {
  const secret = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}`;
  const env = {
    ...environmentVariables,
    AWS_LAMBDA_FUNCTION_NAME: 'checked',
    GENESYS_ENVIRONMENT: environment,
    GENESYS_ORGANIZATION_ID: organizationId,
    GENESYS_SECRET_ARN: secret('client'),
    S3_ARCHIVE_BUCKET: 'checked',
    ARCHIVE_KMS_KEY_ID: 'alias/checked',
    ...(signingKey === 'kms'
      ? { ARCHIVE_SIGNING_KMS_KEY_ID: 'alias/checked' }
      : { ARCHIVE_SIGNING_KEY_SECRET_ARN: secret('receipts') }),
    ...(webhook ? { ARCHIVE_WEBHOOK_SECRET_ARN: secret('webhook') } : {}),
  };
  return findProblems({ env }, 'archive').map(({ name, text }) => ({
    name: 'environmentVariables',
    text: `${name} ${text}`,
  }));
}

function findWarnings({
  environment,
  region,
  eventSourceName,
  tutorialEvents,
  webhook,
}: DeploySettings): string[] {
  const warnings: string[] = [];
  if (!isKnownRegionDomain(environment)) {
    warnings.push(
      'the environment is none of the 18 known region domains of Genesys Cloud: the client secret is sent there',
    );
  }
  if (!isKnownAwsRegion(region)) {
    warnings.push('the region is none of those of AWS that this version knows');
  }
  if (eventSourceName === undefined && !tutorialEvents && !webhook) {
    warnings.push('there is neither an event source nor a webhook: nothing will be archived');
  }
  return warnings;
}
