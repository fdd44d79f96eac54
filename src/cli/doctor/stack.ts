import { wantsFips } from '../../aws-regions.ts';
import { existsSync } from 'node:fs';
import type { Budget } from '../../clock.ts';
import { type ArchiveConfig, loadConfig } from '../../config/config.ts';
import { readDeploySettings } from '../../config/deploy/file.ts';
import { readProxies } from '../../config/rules/network.ts';
import { DEPLOY_SETTINGS_FILE, type DeploySettings } from '../../config/deploy/settings.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { checkStack, type StackFacts } from '../../stack/check-stack.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed, skip } from './check.ts';
import { checkNode } from './checks.ts';
import { checkClock, checkGenesys } from './genesys.ts';
import type { DoctorOptions } from '../options/start.ts';

/** Where the environment of `doctor` goes before that of the function, as behind a proxy. */
const OVERRIDABLE = ['GENESYS_LOGIN_URL', 'GENESYS_API_URL', 'ARCHIVE_ALLOW_LOOPBACK'] as const;

/** Those of the function lead out of its own network, not out of this one. */
const PROXY_NAME = /^(?:HTTPS?|NO)_PROXY$/i;

/** Set in the function to where the secrets are; here they have been read. */
const SECRET_ARN = /^(?:ARCHIVE|GENESYS)_[A-Z_]*SECRET_ARN$/;

/**
 * Checks a deployed stack: what it is made of in AWS, then, with its own settings and credentials, Genesys Cloud.
 * @returns what the stack has told of itself.
 * @throws `USAGE` when nothing says which stack.
 */
export async function* checkDeployment(
  context: CommandContext,
  options: DoctorOptions,
  budget: Budget,
): AsyncGenerator<DoctorCheck, StackFacts, undefined> {
  const file = options.settings ?? (existsSync(DEPLOY_SETTINGS_FILE) ? DEPLOY_SETTINGS_FILE : undefined);
  const isFound = options.settings === undefined;
  const read =
    file === undefined ? undefined : await readDeploySettings(file, { isFound }).catch(toArchiveError);
  const stated = read instanceof ArchiveError ? undefined : read;
  const stackName = options.stack === true ? stated?.stackName : options.stack;
  if (stackName === undefined) {
    if (read instanceof ArchiveError) throw read;
    throw new ArchiveError('USAGE', 'nothing says which stack is meant', {
      hint: `name it: --stack NAME --region REGION; or run it where ${DEPLOY_SETTINGS_FILE} is`,
    });
  }
  // settings of another stack say nothing about this one
  const settings = stated?.stackName === stackName ? stated : undefined;
  yield checkNode(process.versions.node);
  if (read instanceof ArchiveError) yield failed('settings', read, 'mend the file');
  else yield describeSettings(file, settings);
  const { clock, logger } = context;
  const stack = {
    stackName,
    region: options.region ?? settings?.region,
    settings,
    fips: wantsFips(context.env),
    proxies: readProxies(context.env),
  };
  const facts = yield* checkStack(stack, { clock, logger }, budget);
  if (facts.outputs !== undefined) yield* checkPlatform(context, facts, budget);
  return facts;
}

function describeSettings(file: string | undefined, settings: DeploySettings | undefined): DoctorCheck {
  if (settings === undefined) {
    return skip(
      'settings',
      `without ${DEPLOY_SETTINGS_FILE} of this stack there is nothing to compare it with`,
    );
  }
  return { name: 'settings', status: 'ok', detail: `${file} describes this stack` };
}

/** As the function would: with its variables and its OAuth client. */
async function* checkPlatform(
  context: CommandContext,
  { variables, credentials }: StackFacts,
  budget: Budget,
): AsyncGenerator<DoctorCheck, void, undefined> {
  if (variables === undefined) {
    yield skip('genesys', 'the settings of the function are not known');
    return;
  }
  const own = OVERRIDABLE.map((name) => [name, context.env[name]] as const);
  const env = {
    ...Object.fromEntries(
      Object.entries(variables).filter(([name]) => !SECRET_ARN.test(name) && !PROXY_NAME.test(name)),
    ),
    ...Object.fromEntries(own.filter(([, value]) => (value ?? '') !== '')),
    ...Object.fromEntries(Object.entries(context.env).filter(([name]) => PROXY_NAME.test(name))),
    // without them everything else can be checked all the same
    GENESYS_CLIENT_ID: credentials?.clientId ?? 'unknown',
    GENESYS_CLIENT_SECRET: credentials?.clientSecret.reveal() ?? 'unknown',
  };
  let config: ArchiveConfig;
  try {
    config = loadConfig({ env }, 'archive');
  } catch (error) {
    yield failed('configuration', error, 'mend the settings and deploy again');
    return;
  }
  yield { name: 'configuration', status: 'ok', detail: 'the settings of the function are sound' };
  if (credentials === undefined) yield skip('genesys', 'there are no credentials to ask for a token with');
  else yield* await checkGenesys(context, config, budget);
  yield await checkClock(context, config, budget);
}
