import { existsSync } from 'node:fs';
import { DEPLOY_SETTINGS_FILE } from '../../config/deploy/settings.ts';
import type { StackFacts } from '../../stack/check-stack.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import type { DoctorCheck } from '../doctor/check.ts';
import { checkInstallation } from '../doctor/checks.ts';
import { checkDeployment } from '../doctor/stack.ts';
import { count, printable, printableLines, quoteForShell } from '../_format.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { DoctorOptions } from '../options/start.ts';

/** Long enough for a slow connection, short enough to wait for; one for all checks, s. */
const TIME_LIMIT_S = 30;
/** Some 25 calls to AWS. */
const STACK_TIME_LIMIT_S = 90;

const MARKS = { ok: '✓', warn: '!', fail: '✗', skip: '-' } as const;
const COLORS = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;

/** Checks one thing after the other; exit code 4 when a service refused access, 2 when anything else fails. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: DoctorOptions,
): Promise<number> {
  const { ui, program } = context;
  const deployed = options.stack !== undefined;
  const { budget, end } = openBudget(context, deployed ? STACK_TIME_LIMIT_S : TIME_LIMIT_S);
  const checks: DoctorCheck[] = [];
  const show = (check: DoctorCheck) => {
    checks.push(check);
    showCheck(context, check);
    context.signal.throwIfAborted();
  };
  let facts: StackFacts | undefined;
  try {
    if (deployed) facts = await showAll(checkDeployment(context, options, budget), show);
    else await showAll(checkInstallation(context, budget), show);
  } finally {
    end();
  }
  const failed = checks.filter(({ status }) => status === 'fail');
  const skipped = checks.filter(({ status }) => status === 'skip').length;
  const exitCode =
    failed.length === 0 ? 0 : failed.some(({ code }) => code && exitCodeOf(code) === 4) ? 4 : 2;
  if (ui.json) {
    if (facts?.outputs !== undefined) ui.record('stack', { outputs: facts.outputs });
    ui.record('summary', { ok: failed.length === 0, failed: failed.length, exitCode });
    return exitCode;
  }
  const notMade = deployed && skipped > 0 ? `; ${count(skipped, 'check')} could not be made` : '';
  ui.say(
    failed.length === 0
      ? `all is well${notMade}`
      : `${failed.length} of ${checks.length} checks failed${notMade}`,
  );
  if (facts !== undefined) tellHowToRead(context, facts);
  else if (existsSync(DEPLOY_SETTINGS_FILE)) {
    ui.say(`${DEPLOY_SETTINGS_FILE} names a stack; to check it: ${program} doctor --stack`);
  }
  return exitCode;
}

async function showAll<T>(
  checks: AsyncGenerator<DoctorCheck, T, undefined>,
  show: (check: DoctorCheck) => void,
): Promise<T> {
  for (;;) {
    const next = await checks.next();
    if (next.done === true) return next.value;
    show(next.value);
  }
}

function showCheck({ ui }: CommandContext, { name, status, detail, fix, code }: DoctorCheck): void {
  if (ui.json) {
    ui.record('check', { name, status, detail, fix, code });
    return;
  }
  ui.out(`${ui.style(COLORS[status], MARKS[status])} ${name.padEnd(14)} ${printableLines(detail)}`);
  if (fix !== undefined) ui.out(`  ${' '.repeat(14)} ${ui.style('cyan', 'fix:')} ${printable(fix)}`);
}

/** Of an archive that shares its bucket, the prefix is in the variables of the function. */
function placeOf(bucket: string | undefined, store: string | undefined) {
  return store === undefined ? { S3_ARCHIVE_BUCKET: bucket } : { ARCHIVE_STORE: store };
}

const catalogueOf = (bucket: string | undefined) => (bucket === undefined ? undefined : `s3://${bucket}`);

/** What `list`, `find`, `verify` and `restore` need; the auditor's role may use both. */
function tellHowToRead({ ui }: CommandContext, { outputs, variables }: StackFacts): void {
  const settings = {
    ...placeOf(outputs?.BucketName, variables?.['ARCHIVE_STORE']),
    ARCHIVE_CATALOGUE: catalogueOf(outputs?.CatalogueBucketName),
    ARCHIVE_ATHENA_WORK_GROUP: outputs?.AthenaWorkGroupName,
    ARCHIVE_ATHENA_DATABASE: outputs?.AthenaTableName?.split('.')[0],
    ARCHIVE_KMS_KEY_ID: outputs?.KeyArn,
    GENESYS_ORGANIZATION_ID: variables?.['GENESYS_ORGANIZATION_ID'],
  };
  const assignments = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoteForShell(value)}`],
  );
  if (assignments.length > 0) ui.say(`to read it: export ${assignments.join(' ')}`);
}
