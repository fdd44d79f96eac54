import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import type { DeploySettings } from '../../config/deploy/settings.ts';
import { listSettings } from '../../config/schema.ts';
import type { AwsClients } from '../aws-clients.ts';
import { fail, type Diagnosis, ok, orOk, skip, warn } from '../diagnosis.ts';

/** Until then AWS keeps them supported; what is older has ended. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
const RUNTIME = 'nodejs24.x';
const SUPPORTED_RUNTIMES: ReadonlySet<string> = new Set([RUNTIME, 'nodejs22.x']);

/** MB and s; with less, a recording of an hour is slow, dear or never done. docs/cost.md has the measurements. */
const MIN_MEMORY_MB = 256;
const MIN_TIMEOUT_S = 120;

const REDEPLOY = 'deploy the stack again: npx cdk deploy -c settings=genesys-archive.deploy.json';

/** What other looks need to know of the function. */
export interface FunctionFacts {
  readonly findings: readonly Diagnosis[];
  readonly timeoutS: number | undefined;
  /** Absent where they may not be seen. */
  readonly variables: Readonly<Record<string, string>> | undefined;
}

/** Throws what the SDK throws. */
export async function readFunction(
  clients: AwsClients,
  functionName: string,
  signal: AbortSignal,
): Promise<FunctionFacts> {
  const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = await clients.lambda();
  const facts: FunctionConfiguration = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName }),
    { abortSignal: signal },
  );
  const { Environment } = facts;
  const hidden = Environment?.Error !== undefined;
  return {
    findings: [
      ...describeFunction(functionName, facts),
      ...(hidden
        ? [skip('environment', 'its variables are encrypted with a key these credentials may not use')]
        : checkVariables(Environment?.Variables ?? {})),
    ],
    timeoutS: facts.Timeout,
    variables: hidden ? undefined : (Environment?.Variables ?? {}),
  };
}

function describeFunction(functionName: string, facts: FunctionConfiguration): readonly Diagnosis[] {
  const name = 'function';
  const { State, LastUpdateStatus, Runtime = 'no runtime', MemorySize = 0, Timeout = 0 } = facts;
  const architecture = facts.Architectures?.join(', ') ?? 'x86_64';
  const problems: Diagnosis[] = [];
  if (State === 'Failed')
    problems.push(fail(name, `its state is Failed: ${facts.StateReasonCode ?? ''}`, REDEPLOY));
  if (State === 'Pending') problems.push(warn(name, 'it is being made', 'wait, and run this again'));
  if (LastUpdateStatus === 'Failed') {
    problems.push(fail(name, `its last update failed: ${facts.LastUpdateStatusReasonCode ?? ''}`, REDEPLOY));
  }
  if (!SUPPORTED_RUNTIMES.has(Runtime)) {
    problems.push(fail(name, `it runs on ${Runtime}`, `deploy a version that runs on ${RUNTIME}`));
  } else if (Runtime !== RUNTIME)
    problems.push(warn(name, `it runs on ${Runtime}, not ${RUNTIME}`, REDEPLOY));
  if (architecture !== 'arm64') {
    problems.push(warn(name, `it runs on ${architecture}; arm64 costs a fifth less`, REDEPLOY));
  }
  if (MemorySize < MIN_MEMORY_MB) {
    problems.push(
      warn(name, `it has ${MemorySize} MB: long recordings are slow`, `give it ${MIN_MEMORY_MB} MB at least`),
    );
  }
  if (Timeout < MIN_TIMEOUT_S) {
    problems.push(
      warn(
        name,
        `it is stopped after ${Timeout} s: long recordings are never done`,
        `give it ${MIN_TIMEOUT_S} s at least`,
      ),
    );
  }
  const changed = facts.LastModified === undefined ? '' : `, last changed ${facts.LastModified}`;
  return orOk(
    name,
    problems,
    `${functionName}: ${Runtime}, ${architecture}, ${MemorySize} MB, ${Timeout} s${changed}`,
  );
}

/** Names only: a value that should not be there must not be printed here as well. */
export function checkVariables(variables: Readonly<Record<string, string>>): readonly Diagnosis[] {
  const name = 'environment';
  const isSet = (variable: string) => (variables[variable] ?? '') !== '';
  const secrets = listSettings().filter(([setting, { secret }]) => secret === true && isSet(setting));
  const problems: Diagnosis[] = secrets.map(([setting]) =>
    fail(
      name,
      `${setting} is there in clear: who may look at the function can read it`,
      'put it into Secrets Manager, take the variable away, and exchange the secret: it has been seen',
      'CONFIG_INVALID',
    ),
  );
  if (variables['ARCHIVE_ALLOW_LOOPBACK'] === '1') {
    problems.push(
      fail(name, 'ARCHIVE_ALLOW_LOOPBACK=1 permits http; it is for tests only', REDEPLOY, 'CONFIG_INVALID'),
    );
  }
  if (variables['ARCHIVE_WEBHOOK_OPEN'] === '1') {
    problems.push(
      warn(
        name,
        'ARCHIVE_WEBHOOK_OPEN=1: unsigned requests have calls archived',
        'have webhooks signed (ARCHIVE_WEBHOOK_SECRET_ARN)',
      ),
    );
  }
  const endpoints = Object.keys(variables).filter(
    (variable) => variable.startsWith('AWS_ENDPOINT_URL') && isSet(variable),
  );
  for (const variable of endpoints) {
    problems.push(
      fail(name, `${variable} sends recordings elsewhere than to AWS`, REDEPLOY, 'CONFIG_INVALID'),
    );
  }
  return orOk(name, problems, `${Object.keys(variables).length} variables, no secret among them`);
}

interface FedFunction {
  readonly functionName: string;
  readonly queueArn: string | undefined;
  readonly settings: DeploySettings | undefined;
}

/** Checks that the function is fed from its queue. Throws what the SDK throws. */
export async function checkEventSource(
  clients: AwsClients,
  { functionName, queueArn, settings }: FedFunction,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'event-source';
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
  const client = await clients.lambda();
  const { EventSourceMappings: mappings = [] } = await client.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
    { abortSignal: signal },
  );
  const mapping =
    queueArn === undefined ? mappings[0] : mappings.find(({ EventSourceArn }) => EventSourceArn === queueArn);
  if (mapping === undefined) {
    return [fail(name, 'nothing feeds the function from the queue', REDEPLOY)];
  }
  const { State = 'unknown', BatchSize, FunctionResponseTypes = [], ScalingConfig } = mapping;
  const most = ScalingConfig?.MaximumConcurrency;
  const problems: Diagnosis[] = [];
  if (State.startsWith('Disabl')) {
    problems.push(
      fail(
        name,
        `it is ${State}: the queue only grows`,
        `aws lambda update-event-source-mapping --uuid ${mapping.UUID ?? 'UUID'} --enabled`,
      ),
    );
  } else if (State !== 'Enabled') {
    problems.push(warn(name, `it is ${State}`, 'wait, and run this again'));
  }
  if (!FunctionResponseTypes.includes('ReportBatchItemFailures')) {
    problems.push(
      fail(
        name,
        'it does not report failures one by one: one that fails has the whole batch done again',
        REDEPLOY,
      ),
    );
  }
  if (most === undefined) {
    problems.push(warn(name, 'nothing limits its concurrency: Genesys Cloud will throttle it', REDEPLOY));
  } else if (settings !== undefined && most !== settings.maxConcurrency) {
    problems.push(
      warn(
        name,
        `${most} invocations at a time, not ${settings.maxConcurrency} as in the settings`,
        REDEPLOY,
      ),
    );
  }
  if (problems.length > 0) return problems;
  return [ok(name, `enabled, batches of ${BatchSize ?? '?'}, ${most} invocations at a time at most`)];
}
