/** The Lambda function: `dist/lambda/archive.mjs`, handler `handler`. */
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/config.ts';
import { type Archiver, createArchiver } from '../create/archiver.ts';
import { toArchiveError } from '../errors.ts';
import { wantsFips } from '../aws-regions.ts';
import { createSqsQueue } from '../queue/sqs-queue.ts';
import { readWebhookSecrets } from '../secrets/contents.ts';
import { createSecretValues } from '../secrets/values.ts';
import { type BatchAnswer, createHandler, type InvocationContext } from './handle-event.ts';
import type { HttpAnswer } from './http-answer.ts';
import { InvocationFailure } from './invocation-failure.ts';
import { countFailure } from './metrics.ts';
import { createLambdaLogger, createLambdaMetrics, type LambdaContext } from './powertools.ts';

type Handler = ReturnType<typeof createHandler>;

const logger = createLambdaLogger();
const metrics = createLambdaMetrics();
let started: Handler | undefined;

/** Checks the settings, and nothing else: a client of AWS or of the platform is made when something is asked of it. */
function start(env: NodeJS.ProcessEnv): Handler {
  const config = loadConfig({ env }, 'archive');
  logger.setLevel(config.logLevel);
  for (const warning of config.warnings) logger.log('warn', warning);
  const clock = systemClock;
  const secrets = createSecretValues({ clock, logger, proxies: config.proxies });
  const stated = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']);
  const memoryMb = stated > 0 ? stated : undefined;
  let archiver: Promise<Archiver> | undefined;
  const open = () => {
    archiver ??= createArchiver(config, {
      clock,
      logger,
      secrets,
      onOrganizationUnknown: () => metrics.add('organizationUnknown', 1),
    }).catch((error: unknown) => {
      archiver = undefined;
      throw error;
    });
    return archiver;
  };
  return createHandler({
    archiver: {
      archive: async (request, budget, hints) => (await open()).archive(request, budget, hints),
    },
    config,
    webhookSecrets: readWebhookSecrets(config.webhook, secrets),
    clock,
    logger,
    metrics,
    queue: createSqsQueue({
      clock,
      logger,
      region: env['AWS_REGION'],
      fips: wantsFips(env),
      proxies: config.proxies,
    }),
    onLambda: (env['AWS_LAMBDA_FUNCTION_NAME'] ?? '') !== '',
    memoryMb,
  });
}

/** The one line of an invocation that never came as far as a recording. */
function startOrReport(): Handler {
  try {
    return start(process.env);
  } catch (thrown) {
    const error = toArchiveError(thrown);
    logger.log('error', error.message, { code: error.code, retryable: error.retryable, state: 'failed' });
    countFailure(metrics, error);
    throw error;
  }
}

/** Token, connections and clients are made once and live across warm invocations. */
export async function handler(
  event: unknown,
  context: InvocationContext & LambdaContext = {},
): Promise<HttpAnswer | BatchAnswer> {
  logger.setContext(context);
  try {
    started ??= startOrReport();
    return await started(event, context);
  } catch (error) {
    throw new InvocationFailure(toArchiveError(error));
  } finally {
    metrics.flush();
  }
}
