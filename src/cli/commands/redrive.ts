import type { ArchiveResult } from '../../archive/archive-request.ts';
import type { Budget } from '../../clock.ts';
import { type Archiver, createArchiver } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { collapseRequests } from '../../events/collapse-requests.ts';
import { parseEach } from '../../events/parse-event.ts';
import type { MessageQueue } from '../../queue/message-queue.ts';
import { wantsFips } from '../../aws-regions.ts';
import { present } from '../../present.ts';
import { createSqsQueue } from '../../queue/sqs-queue.ts';
import { BatchCircuit, isEndOfBudget } from '../_batch.ts';
import { concludeItems, type ItemFailure } from '../_conclude.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import {
  type DeadLetter,
  type DeadLetterSource,
  isQueueUrl,
  readDeadLetterFile,
  readDeadLetterQueue,
} from '../_dead-letters.ts';
import { count, printable } from '../_format.ts';
import { nothing } from '../_nothing-found.ts';

interface RedriveOptions {
  readonly to?: string;
  readonly archive?: boolean;
  readonly dryRun?: boolean;
  readonly limit?: number;
}

/** What is done with each message; its end means that the message is safe. */
type Deliver = (letter: DeadLetter, budget: Budget) => Promise<string>;

/** Gives the messages of a dead-letter queue or a file another chance. None is removed before it is safe somewhere else. */
export async function run(
  context: CommandContext,
  [from = '']: readonly string[],
  options: RedriveOptions,
): Promise<number> {
  const { ui, clock, logger, env } = context;
  const dryRun = options.dryRun === true;
  if ([options.to !== undefined, options.archive === true, dryRun].filter(Boolean).length !== 1) {
    throw new ArchiveError('USAGE', 'say what to do with the messages', {
      hint: 'one of --to QUEUE_URL, --archive and --dry-run',
    });
  }
  const { allowLoopback, proxies } = await readSettings(context, 'store');
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const queue = createSqsQueue({ clock, logger, region, fips: wantsFips(env), proxies });
  const { to } = options;
  if (to !== undefined && !isQueueUrl(to, allowLoopback)) {
    throw new ArchiveError('USAGE', '--to must be the URL of an SQS queue');
  }
  if (to === from) throw new ArchiveError('USAGE', '--to is the queue that the messages are in');
  const archiver = options.archive === true ? await openArchiver(context) : undefined;
  const { budget, end } = openBudget(context);
  const failures: ItemFailure[] = [];
  let source: DeadLetterSource | undefined;
  const circuit = new BatchCircuit(clock, ui);
  let done = 0;
  let ignored = 0;
  try {
    source = isQueueUrl(from, allowLoopback)
      ? readDeadLetterQueue(queue, from, budget)
      : await readDeadLetterFile(from, context.stdin);
    const deliver = chooseDelivery(queue, to, archiver);
    for await (const letter of source.letters(options.limit ?? Number.MAX_SAFE_INTEGER)) {
      const { name, reason } = letter;
      if (circuit.isOpen) {
        if (circuit.pauseMs > 0) await clock.sleep(circuit.pauseMs, budget.signal).catch(() => {});
        if (budget.signal.aborted) break;
        circuit.noteProbe();
      }
      try {
        const state = dryRun ? 'found' : await deliver(letter, budget);
        if (!dryRun) await letter.remove();
        done += 1;
        if (state === 'ignored') ignored += 1;
        circuit.settle(undefined);
        if (ui.json) ui.record('message', { state, message: name, reason, body: letter.body });
        else ui.out(`${state.padEnd(8)}  ${printable(name)}  ${printable(reason)}`);
      } catch (thrown) {
        const error = toArchiveError(thrown);
        if (budget.signal.aborted && isEndOfBudget(error)) break;
        circuit.settle(error);
        failures.push({ error });
        const { code, message } = error;
        if (ui.json) ui.record('failed', { message: name, reason, code, error: message });
        else
          ui.out(`failed    ${printable(name)}  ${printable(message)}  [${code}]  was: ${printable(reason)}`);
      }
      await ui.drained();
      if (budget.signal.aborted || circuit.stoppedBy !== undefined) break;
    }
  } finally {
    await source?.release();
    end();
    queue.close();
    archiver?.close();
  }
  const { stoppedBy } = circuit;
  if (ui.json) {
    const counts = {
      done: dryRun ? 0 : done,
      ...(ignored > 0 ? { ignored } : {}),
      found: done + failures.length,
      failed: failures.length,
    };
    ui.record('summary', {
      ...counts,
      ...present({ stoppedBy: stoppedBy?.code }),
    });
  } else if (dryRun) ui.say(`dry run: ${count(done, 'message')}, all left where they are`);
  else {
    const why = stoppedBy && `; stopped because ${stoppedBy.code} would meet every other one as well`;
    ui.say(
      `${count(done - ignored, 'message')} ${to === undefined ? 'archived' : 'sent'}${ignored > 0 ? `, ${ignored} of another kind` : ''}, ${failures.length} left where they are${why ?? ''}`,
    );
  }
  const total = done + failures.length;
  // an empty queue is as it should be; a file is given because there is something in it
  if (total === 0 && !isQueueUrl(from, allowLoopback) && !context.signal.aborted) {
    throw nothing(
      `there are no messages in ${printable(from)}`,
      'name a file of events, or of messages as the AWS tools print them',
    );
  }
  return concludeItems(total, failures, context.signal, (code) => code === stoppedBy?.code);
}

type ArchiveMessage = (body: string, budget: Budget) => Promise<string>;

async function openArchiver(
  context: CommandContext,
): Promise<{ readonly archive: ArchiveMessage; close(): void }> {
  const { clock, logger } = context;
  const config = await readSettings(context, 'archive');
  const archiver = await createArchiver(config, { clock, logger });
  const parse = (body: string) => parseEach(body, { idPattern: config.idPattern, api: config.genesys.api });
  return {
    archive: (body, budget) => archiveMessage(archiver, parse(body), budget),
    close: () => archiver.close(),
  };
}

function chooseDelivery(
  queue: MessageQueue,
  to: string | undefined,
  archiver: { readonly archive: ArchiveMessage } | undefined,
): Deliver {
  return async ({ body, attributes }, budget) => {
    if (archiver !== undefined) return archiver.archive(body, budget);
    if (to === undefined) throw new ArchiveError('USAGE', 'there is nowhere to send messages to');
    await queue.send(to, { body, attributes }, budget);
    return 'sent';
  };
}

/** Each event of a message is tried: one that fails keeps the message where it is, and none of the others from being archived. */
async function archiveMessage(
  archiver: Archiver,
  parts: ReturnType<typeof parseEach>,
  budget: Budget,
): Promise<string> {
  const failures: ArchiveError[] = [];
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      failures.push(toArchiveError(error));
    }
  };
  for (const part of parts) if (part.kind === 'refused') failures.push(part.error);
  const requests = parts.flatMap((part) => (part.kind === 'requests' ? part.requests : []));
  for (const request of parts.length > 1 ? collapseRequests(requests) : requests) {
    await attempt(async () => {
      for (const result of await archiver.archive(request, budget)) requireDone(result);
    });
  }
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  return requests.length === 0 ? 'ignored' : 'archived';
}

function requireDone(result: ArchiveResult): void {
  const { recordingId } = result.ids;
  if (result.state === 'failed') throw result.error;
  if (result.state === 'not-ready') {
    throw new ArchiveError(
      'MEDIA_NOT_READY',
      `recording ${recordingId} is not complete yet (${result.status})`,
    );
  }
  if (result.state === 'gone' && !result.settled) {
    throw new ArchiveError('MEDIA_NOT_FOUND', `recording ${recordingId} is not available: ${result.reason}`);
  }
}
