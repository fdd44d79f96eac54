import { wantsFips } from '../../aws-regions.ts';
import { ArchiveError } from '../../errors.ts';
import type { MessageQueue } from '../../queue/message-queue.ts';
import { createSqsQueue } from '../../queue/sqs-queue.ts';
import { concludeItems } from '../_conclude.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { printable } from '../_format.ts';
import { nothing } from '../_nothing-found.ts';
import {
  type DeadLetterSource,
  isQueueUrl,
  readDeadLetterFile,
  readDeadLetterQueue,
} from '../redrive/dead-letters.ts';
import { archiveHere, type Destination, sendTo } from '../redrive/deliver.ts';
import { Redelivery } from '../redrive/redelivery.ts';
import type { RedriveOptions } from '../options/archive.ts';

/** Gives the messages of a dead-letter queue or a file another chance. None is removed before it is safe somewhere else. */
export async function run(
  context: CommandContext,
  [from = '']: readonly string[],
  options: RedriveOptions,
): Promise<number> {
  const { clock, logger, env } = context;
  requireOneWay(options);
  const { allowLoopback, proxies } = await readSettings(context, 'store');
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const queue = createSqsQueue({ clock, logger, region, fips: wantsFips(env), proxies });
  const { to } = options;
  if (to !== undefined && !isQueueUrl(to, allowLoopback)) {
    throw new ArchiveError('USAGE', '--to must be the URL of an SQS queue');
  }
  if (to === from) throw new ArchiveError('USAGE', '--to is the queue that the messages are in');
  const destination = await chooseDestination(context, queue, options);
  const redelivery = new Redelivery(context, destination);
  const { budget, end } = openBudget(context);
  let source: DeadLetterSource | undefined;
  try {
    source = isQueueUrl(from, allowLoopback)
      ? readDeadLetterQueue(queue, from, budget)
      : await readDeadLetterFile(from, context.stdin);
    await redelivery.passOn(source, options.limit ?? Number.MAX_SAFE_INTEGER, budget);
  } finally {
    await source?.release();
    end();
    queue.close();
    destination?.close();
  }
  redelivery.tellSummary(to === undefined ? 'archived' : 'sent');
  const { total, failures, stoppedBy } = redelivery;
  // an empty queue is as it should be; a file is given because there is something in it
  if (total === 0 && !isQueueUrl(from, allowLoopback) && !context.signal.aborted) {
    throw nothing(
      `there are no messages in ${printable(from)}`,
      'name a file of events, or of messages as the AWS tools print them',
    );
  }
  return concludeItems(total, failures, context.signal, (code) => code === stoppedBy?.code);
}

/** @throws `USAGE`. */
function requireOneWay({ to, archive, dryRun }: RedriveOptions): void {
  if ([to !== undefined, archive === true, dryRun === true].filter(Boolean).length === 1) return;
  throw new ArchiveError('USAGE', 'say what to do with the messages', {
    hint: 'one of --to QUEUE_URL, --archive and --dry-run',
  });
}

/** `undefined` for a dry run. */
async function chooseDestination(
  context: CommandContext,
  queue: MessageQueue,
  { to, archive }: RedriveOptions,
): Promise<Destination | undefined> {
  if (archive === true) return archiveHere(context);
  return to === undefined ? undefined : sendTo(queue, to);
}
