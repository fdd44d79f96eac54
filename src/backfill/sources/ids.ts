import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ArchivedRecordings, RecordingInventory } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import type { ConversationItem } from '../items.ts';
import { inLots, leaveOutArchived } from './leave-out.ts';
import type { PlanCounts } from './plan-counts.ts';
import { type IdLine, IdListReader } from './read-ids.ts';
import { present } from '../../present.ts';

export interface IdsRequest {
  /** Lines, from the first. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
  /** Goes on although lines are no ids. */
  readonly skipInvalid: boolean;
  /** Which whole ids may be named. */
  readonly idPattern: RegExp;
  readonly archived: ArchivedRecordings;
  /** Finds the conversations of recordings that are named alone. */
  readonly inventory: Pick<RecordingInventory, 'recordings'>;
  readonly counts: PlanCounts;
  readonly budget: Budget;
}

/** Recordings named without their conversation; each is kept until the inventory has been read. */
const MAX_ALONE = 200_000;

/**
 * Items from a list of ids.
 *
 * @throws `USAGE` at the end of a list that has lines which are no ids, or recordings whose conversation is not known, and
 *   `skipInvalid` was not asked for; what is planned by then is no job.
 */
export async function* planIds(request: IdsRequest): AsyncGenerator<ConversationItem, void, undefined> {
  const alone = new Set<string>();
  const { counts, skipInvalid } = request;
  const named = readNamed(request, alone);
  yield* group(leaveOut(request, named), counts);
  if (alone.size > 0) yield* group(findConversations(request, alone), counts);
  if (skipInvalid) return;
  if (counts.invalidLines > 0) throw invalidLines(counts);
  if (counts.unresolvedIds > 0) throw unresolved(counts);
}

type Named = Extract<IdLine, { conversationId: string }>;

async function* readNamed(
  { lines, idPattern, counts }: IdsRequest,
  alone: Set<string>,
): AsyncGenerator<Named, void, undefined> {
  const reader = new IdListReader();
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const read = reader.read(line);
    if ('nothing' in read) continue;
    if ('problem' in read) {
      counts.noteInvalid(number, read.problem);
      continue;
    }
    const { conversationId, recordingId } = read.ids;
    if (![conversationId, recordingId].every((id) => id === undefined || idPattern.test(id))) {
      counts.noteInvalid(number, 'has an id that ARCHIVE_ID_PATTERN does not match');
    } else if (conversationId !== undefined) {
      yield { conversationId, ...present({ recordingId }) };
    } else if (recordingId !== undefined) {
      alone.add(canonicalId(recordingId));
      if (alone.size > MAX_ALONE) {
        throw new ArchiveError(
          'USAGE',
          `more than ${MAX_ALONE} recordings are named without a conversation`,
          {
            hint: 'name the conversation of each, or use --inventory',
          },
        );
      }
    }
  }
}

function leaveOut({ archived, counts, budget }: IdsRequest, named: AsyncIterable<Named>) {
  return leaveOutArchived(named, {
    archived,
    recordingOf: ({ recordingId }) => recordingId,
    onLeftOut: () => {
      counts.archived += 1;
    },
    budget,
  });
}

async function* findConversations(
  request: IdsRequest,
  alone: Set<string>,
): AsyncGenerator<Named, void, undefined> {
  const { archived, inventory, counts, budget } = request;
  for (const id of await archived.which([...alone], budget)) {
    alone.delete(id);
    counts.archived += 1;
  }
  if (alone.size === 0) return;
  for await (const { conversationId, recordingId } of inventory.recordings(budget)) {
    if (alone.delete(canonicalId(recordingId))) yield { conversationId, recordingId };
    if (alone.size === 0) return;
  }
  for (const id of alone) counts.noteUnresolved(id);
}

/** One item for each conversation, as far as a lot tells; a whole conversation includes its recordings. */
async function* group(
  named: AsyncIterable<Named>,
  counts: PlanCounts,
): AsyncGenerator<ConversationItem, void, undefined> {
  for await (const lot of inLots(named)) {
    const conversations = new Map<
      string,
      { readonly id: string; recordings: Map<string, string> | undefined }
    >();
    for (const { conversationId, recordingId } of lot) {
      const key = canonicalId(conversationId);
      const known = conversations.get(key);
      if (known === undefined) {
        const recordings =
          recordingId === undefined ? undefined : new Map([[canonicalId(recordingId), recordingId]]);
        conversations.set(key, { id: conversationId, recordings });
      } else if (recordingId === undefined) {
        counts.repeated += 1;
        known.recordings = undefined;
      } else if (known.recordings === undefined || known.recordings.has(canonicalId(recordingId))) {
        counts.repeated += 1;
      } else known.recordings.set(canonicalId(recordingId), recordingId);
    }
    for (const { id, recordings } of conversations.values()) {
      counts.conversations += 1;
      counts.items += 1;
      counts.recordings += recordings?.size ?? 0;
      // more than that are all of them, as a rule
      const isSome = recordings !== undefined && recordings.size <= 100;
      yield { conversationId: id, ...(isSome ? { recordingIds: [...recordings.values()] } : {}) };
    }
  }
}

function invalidLines({ invalid, invalidLines: total }: PlanCounts): ArchiveError {
  const named = invalid.map(({ line, problem }) => `line ${line} ${problem}`);
  const more = total > invalid.length ? [`and ${total - invalid.length} more`] : [];
  const lines = [`${total} ${total === 1 ? 'line is' : 'lines are'} no ids:`, ...named, ...more];
  return new ArchiveError('USAGE', lines.join('\n'), {
    hint: 'correct the list, or leave such lines out with --skip-invalid',
    details: { invalidLines: total },
  });
}

function unresolved({ unresolved: named, unresolvedIds: total }: PlanCounts): ArchiveError {
  const more = total > named.length ? ` and ${total - named.length} more` : '';
  const message = `the platform’s inventory does not list ${named.join(', ')}${more}`;
  return new ArchiveError('USAGE', message, {
    hint: 'name the conversation of each recording, or leave them out with --skip-invalid',
  });
}
