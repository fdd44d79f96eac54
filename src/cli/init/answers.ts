import { checkDeploySettings, organizationOf } from '../../config/deploy/file.ts';
import type { DeploySettings } from '../../config/deploy/settings.ts';
import type { HardeningSetting } from '../../config/deploy/hardening.ts';
import { ArchiveError } from '../../errors.ts';
import type { InitOptions } from '../options/start.ts';

/** Deploy settings before any check. */
export type Answers = Readonly<Partial<Record<keyof DeploySettings, unknown>>>;

/** What only the file has is added there, see docs/deployment.md. */
const FLAGS: Readonly<
  Record<Exclude<keyof DeploySettings, HardeningSetting>, readonly [flag: string, meaning: string]>
> = {
  stackName: ['--stack-name', 'name of the CloudFormation stack'],
  region: ['--region', 'AWS region to deploy to, e.g. eu-central-1'],
  account: ['--account', 'AWS account, 12 digits'],
  environment: ['--environment', 'region domain of Genesys Cloud, e.g. mypurecloud.de'],
  organizationId: ['--organization', 'id of the Genesys Cloud organization'],
  eventSourceName: ['--event-source', 'partner event source, aws.partner/genesys.com/cloud/…'],
  existingEventBus: ['--existing-event-bus', 'the event source is associated with an event bus already'],
  tutorialEvents: ['--tutorial-events', 'takes events of the tutorial’s shape'],
  webhook: ['--webhook', 'a URL that takes signed webhooks'],
  signingKey: ['--signing-key', 'secret or kms: where the key that signs receipts is'],
  objectLock: ['--object-lock', 'governance:DAYS or compliance:DAYS'],
  alarmEmail: ['--alarm-email', 'address that receives the alarms'],
  logRetentionDays: ['--log-retention', 'days'],
  maxConcurrency: ['--max-concurrency', 'concurrent invocations, 2 to 100'],
  environmentVariables: ['--set', 'NAME=VALUE'],
};

/**
 * What the flags say, as deploy settings; and what follows: an event source names its organization, and `AWS_REGION` is where the
 * AWS SDK would go.
 * @throws `USAGE` for a `--set` that is no assignment.
 */
export function readAnswers(
  options: InitOptions,
  env: Readonly<Record<string, string | undefined>>,
): Answers {
  const { objectLock, set = [] } = options;
  const region = options.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  const stated: Answers = {
    stackName: options.stackName,
    region,
    account: options.account,
    environment: options.environment,
    organizationId: options.organization ?? organizationOf(options.eventSource),
    eventSourceName: options.eventSource,
    existingEventBus: options.existingEventBus,
    tutorialEvents: options.tutorialEvents,
    webhook: options.webhook,
    signingKey: options.signingKey,
    objectLock: objectLock === undefined || objectLock === 'none' ? undefined : parseLock(objectLock),
    alarmEmail: options.alarmEmail,
    logRetentionDays: options.logRetention === undefined ? undefined : Number(options.logRetention),
    maxConcurrency: options.maxConcurrency === undefined ? undefined : Number(options.maxConcurrency),
    environmentVariables: set.length === 0 ? undefined : Object.fromEntries(set.map(parseAssignment)),
  };
  return Object.fromEntries(Object.entries(stated).filter(([, value]) => value !== undefined));
}

/** `governance:365`; what is wrong with the parts, the schema says. */
function parseLock(text: string): { readonly mode: string; readonly days: number } {
  const [mode = '', days = ''] = text.split(':', 2);
  return { mode, days: /^\d{1,6}$/.test(days) ? Number(days) : Number.NaN };
}

function parseAssignment(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new ArchiveError('USAGE', '--set takes NAME=VALUE', {
    hint: 'for example --set ARCHIVE_WRITE_BACK=annotation',
  });
}

/**
 * The answers as settings, with their warnings.
 * @throws `USAGE` that names every flag that is missing or wrong; it repeats no value.
 */
export function settle(answers: Answers): {
  readonly settings: DeploySettings;
  readonly warnings: readonly string[];
} {
  const checked = checkDeploySettings(answers);
  if ('settings' in checked) return checked;
  const lines = [...new Set(checked.problems.map(({ name, text }) => describeSetting(name, text)))];
  const number = lines.length === 1 ? '1 answer is' : `${lines.length} answers are`;
  throw new ArchiveError('USAGE', `${number} missing or wrong:\n${lines.join('\n')}`, {
    hint: 'give them as flags; in a terminal, without --yes and --no-input, init asks for them',
  });
}

/** What is wrong with one answer; `undefined` when nothing is. */
export function problemOf(name: keyof DeploySettings, answers: Answers): string | undefined {
  const checked = checkDeploySettings(answers);
  if ('settings' in checked) return undefined;
  return checked.problems.find((problem) => problem.name.split('.')[0] === name)?.text;
}

function describeSetting(name: string, text: string): string {
  const [first = '', ...rest] = name.split('.');
  const [flag, meaning] = Object.entries(FLAGS).find(([field]) => field === first)?.[1] ?? [name, ''];
  const variable = rest.join('.');
  if (first === 'environmentVariables') return `  ${flag} ${variable}: ${text}`;
  // of an object lock the parts are one flag
  return `  ${flag} ${rest.length > 0 ? 'is not valid' : text} (${meaning})`;
}
