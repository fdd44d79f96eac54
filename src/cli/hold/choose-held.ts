import { describeRecording } from '../../audit/describe-recording.ts';
import { findAllRecordings, listRecordings } from '../../audit/find-recording.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { type HoldTrust, readHold } from '../../keep/read-holds.ts';
import type { ObjectStore } from '../../ports.ts';
import { heldKeys } from '../../record/read-hold.ts';
import { isSameId } from '../../recording/id.ts';
import { type CommandContext, readRange, type searchIn } from '../_context.ts';
import { count } from '../_format.ts';
import { mapAhead } from '../../map-ahead.ts';
import { gatherIds } from '../restore/choose.ts';
import type { HoldOptions } from '../options/keep.ts';

/** Receipts that are read at a time. */
const READ_AHEAD = 16;
/** Ids named in a message. */
const SHOWN = 10;

export type HoldChoice = Pick<
  HoldOptions,
  'ids' | 'skipInvalid' | 'skipMissing' | 'conversation' | 'where' | 'from' | 'to'
>;

/** What the hold names: keys in ascending order, each once, and how they were chosen. */
export interface ChosenObjects {
  readonly keys: readonly string[];
  readonly selection: string;
}

/** What recordings are chosen from. */
interface Archive {
  readonly store: ObjectStore;
  readonly search: ReturnType<typeof searchIn>;
  /** Keys that the catalogue has for flags of find. */
  readonly find: (where: string) => Promise<readonly string[]>;
}

interface Asked {
  readonly named: readonly string[];
  readonly choice: HoldChoice;
}

/** @throws `USAGE` when the choice is not clear; `OBJECT_NOT_FOUND` when the archive does not hold all of it. */
export async function chooseHeld(
  context: Pick<CommandContext, 'ui' | 'stdin'>,
  archive: Archive,
  { named, choice }: Asked,
  budget: Budget,
): Promise<ChosenObjects> {
  const { ids, conversation, where } = choice;
  const days = describeDays(choice);
  const isByIds = named.length > 0 || ids !== undefined;
  if (where !== undefined) {
    if (isByIds || conversation !== undefined || days !== '')
      throw new ArchiveError(
        'USAGE',
        '--where says which recordings: leave out ids, --conversation, --from and --to',
      );
    return { keys: sorted(await archive.find(where)), selection: 'what the catalogue had for --where' };
  }
  if (isByIds && conversation !== undefined) {
    throw new ArchiveError(
      'USAGE',
      'ids and --conversation both choose: place two holds, or name one of them',
    );
  }
  if (isByIds) return chooseByIds(context, archive, { named, choice }, budget);
  if (conversation === undefined && days === '') {
    throw new ArchiveError('USAGE', 'say which recordings to hold', {
      hint: 'ids or keys of recordings, --ids FILE, --conversation ID, --where FLAGS, or --from DAY and --to DAY',
    });
  }
  return chooseByReceipts(archive, choice, budget);
}

/** What a hold holds, or held. @throws `USAGE` beside another choice; `HOLD_NOT_FOUND`, `HOLD_DAMAGED`. */
export async function chooseOfHold(
  trust: HoldTrust,
  { named, choice, id }: Asked & { readonly id: string },
  budget: Budget,
): Promise<ChosenObjects> {
  const { ids, conversation, where } = choice;
  const isOther = named.length > 0 || [ids, conversation, where].some((one) => one !== undefined);
  if (isOther || describeDays(choice) !== '')
    throw new ArchiveError('USAGE', '--hold says which recordings: leave out every other choice');
  const { hold } = await readHold(trust, id, budget);
  const keys: string[] = [];
  for await (const list of heldKeys(trust.store, hold, budget)) keys.push(...list);
  return { keys, selection: `what ${hold.id} holds` };
}

function describeDays({ from, to }: HoldChoice): string {
  return [from === undefined ? '' : `from ${from}`, to === undefined ? '' : `to ${to}`]
    .filter(Boolean)
    .join(' ');
}

async function chooseByIds(
  context: Pick<CommandContext, 'ui' | 'stdin'>,
  { store, search }: Archive,
  { named, choice }: Asked,
  budget: Budget,
): Promise<ChosenObjects> {
  const asked = await gatherIds(context, named, choice);
  const found = await findAllRecordings(store, asked, { ...search, ...readRange(choice) }, budget);
  const keys: string[] = [];
  const missing: string[] = [];
  for (const [id, of] of found) {
    const there = id.includes('/') ? await present(store, of, budget) : of;
    if (there.length === 0) missing.push(id);
    keys.push(...there);
  }
  refuseMissing(store, missing, choice);
  if (missing.length > 0)
    context.ui.warn(`${count(missing.length, 'id')} that the archive does not hold: passed over`);
  return { keys: sorted(keys), selection: `${count(asked.length, 'id')} by name` };
}

/** Every recording of some days, or those whose receipts name the conversation. */
async function chooseByReceipts(
  { store, search }: Archive,
  choice: HoldChoice,
  budget: Budget,
): Promise<ChosenObjects> {
  const { conversation } = choice;
  const days = describeDays(choice);
  const isMeant = async ({ key }: { readonly key: string }) => {
    if (conversation === undefined) return { key, isChosen: true };
    const { conversationId } = await describeRecording(store, search.layout, key, budget);
    return { key, isChosen: conversationId !== undefined && isSameId(conversationId, conversation) };
  };
  const keys: string[] = [];
  const all = listRecordings(store, { ...search, ...readRange(choice) }, budget);
  for await (const { key, isChosen } of mapAhead(all, READ_AHEAD, isMeant)) if (isChosen) keys.push(key);
  if (keys.length === 0) {
    const what =
      conversation === undefined
        ? 'no recording'
        : `no recording of the conversation ${conversation.slice(0, 80)}`;
    throw new ArchiveError('OBJECT_NOT_FOUND', `${what} ${days} in ${store.location}`.replaceAll('  ', ' '), {
      hint: '`genesys-archive list` shows what it holds',
    });
  }
  const what = conversation === undefined ? 'every recording' : `conversation ${conversation}`;
  return { keys: sorted(keys), selection: [what, days].filter(Boolean).join(' ') };
}

async function present(store: ObjectStore, keys: readonly string[], budget: Budget): Promise<string[]> {
  const there: string[] = [];
  for (const key of keys) if ((await store.head(key, budget)) !== undefined) there.push(key);
  return there;
}

function refuseMissing(store: ObjectStore, missing: readonly string[], { skipMissing }: HoldChoice): void {
  if (missing.length === 0 || skipMissing === true) return;
  const shown = missing.slice(0, SHOWN).map((id) => id.slice(0, 80));
  const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
  throw new ArchiveError('OBJECT_NOT_FOUND', `not in ${store.location}: ${shown.join(', ')}${more}`, {
    hint: 'archive them first, or go on without them: --skip-missing',
  });
}

function sorted(keys: readonly string[]): string[] {
  return [...new Set(keys)].toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}
