/** Which recordings an erasure is about: keys of their objects, and how they were chosen, without any number, address or name. */
import { findAllRecordings } from '../../audit/find-recording.ts';
import { walkArchive } from '../../audit/walk-archive.ts';
import { findRecordings, findRows } from '../../catalogue/search/find-recordings.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { canonicalAddress } from '../../catalogue/search/keys.ts';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ErasePorts } from '../../keep/erase/erase-types.ts';
import { findErasure, recordingErased } from '../../record/find-erasure.ts';
import { canonicalId } from '../../recording/id.ts';
import type { CommandContext, searchIn } from '../_context.ts';
import { count } from '../_format.ts';
import { describeQuery } from '../../catalogue/people.ts';
import { resolveQuery } from '../find/people.ts';
import { queryOf } from '../find/query-options.ts';
import { warnOfPassedOver } from '../find/tell-none.ts';
import { parseWhere } from '../find/where.ts';
import { gatherIds } from '../restore/choose.ts';
import { present } from '../../present.ts';
import type { EraseOptions } from '../options/keep.ts';

export type EraseChoice = Pick<
  EraseOptions,
  'ids' | 'skipInvalid' | 'skipMissing' | 'conversation' | 'subject' | 'where'
>;

export interface ChosenErasure {
  readonly keys: readonly string[];
  /** In words. */
  readonly selection: string;
}

interface Places {
  readonly ports: ErasePorts;
  readonly catalogue: CataloguePorts;
  readonly search: ReturnType<typeof searchIn>;
}

/** Ids named in a message. */
const SHOWN = 10;

/**
 * @param numbers and addresses of a request of the platform, in place of `--subject`.
 * @throws `USAGE`; `RECORDING_ERASED`, `OBJECT_NOT_FOUND` for ids; `NOTHING_FOUND`.
 */
export async function chooseErased(
  context: Pick<CommandContext, 'ui' | 'stdin'>,
  places: Places,
  { named, choice, subject }: { named: readonly string[]; choice: EraseChoice; subject?: readonly string[] },
  budget: Budget,
): Promise<ChosenErasure> {
  const { ids, conversation, where } = choice;
  const numbers = subject ?? choice.subject;
  const ways = [
    named.length > 0 || ids !== undefined,
    conversation !== undefined,
    numbers !== undefined,
    where !== undefined,
  ].filter(Boolean).length;
  if (ways === 0) {
    throw new ArchiveError('USAGE', 'say which recordings to erase', {
      hint: 'ids or keys of recordings, --ids FILE, --conversation ID, --subject NUMBER, --where FLAGS, or --request ID',
    });
  }
  if (ways > 1)
    throw new ArchiveError(
      'USAGE',
      'ids, --conversation, --subject, --where and --request exclude each other',
    );
  if (named.length > 0 || ids !== undefined) return byIds(context, places, { named, choice }, budget);
  if (where !== undefined) return byQuery(context, places, parseWhere(where).query, budget);
  if (numbers?.some((one) => /^\d/.test(canonicalAddress(one) ?? '')) === true)
    context.ui.warn(
      'a number without its country finds only what the platform stated without it: name it with its country as well, as in --subject +4930123456',
    );
  const query = queryOf([], {
    ...present({ conversation: conversation === undefined ? undefined : [conversation], customer: numbers }),
  });
  return byQuery(context, places, query, budget);
}

async function byQuery(
  context: Pick<CommandContext, 'ui'>,
  { catalogue }: Places,
  query: SearchQuery,
  budget: Budget,
): Promise<ChosenErasure> {
  const access = { action: 'search', reason: 'erasure', always: query.customers !== undefined } as const;
  const asked = await resolveQuery(catalogue, query, access, budget);
  // what the catalogue does not know yet must not be left behind
  const search = await findRecordings(catalogue, asked, { fresh: true }, budget);
  const keys: string[] = [];
  for await (const { key, state } of findRows(search, { wanted: ['key', 'state'] })) {
    if (state !== 'erased') keys.push(key);
  }
  // what is not known to be of a person is not erased with what is: the person who erases has to know of it
  await warnOfPassedOver(context, catalogue, { ...asked, fresh: true }, budget);
  if (keys.length > 0) return { keys, selection: describeQuery(query) };
  throw new ArchiveError('NOTHING_FOUND', 'the archive has no recording that this describes', {
    hint: 'numbers are known from facts (ARCHIVE_FACTS=analytics); `genesys-archive find` with the same flags shows which are known',
  });
}

async function byIds(
  context: Pick<CommandContext, 'ui' | 'stdin'>,
  { ports, search }: Places,
  { named, choice }: { readonly named: readonly string[]; readonly choice: EraseChoice },
  budget: Budget,
): Promise<ChosenErasure> {
  const { store } = ports;
  const asked = await gatherIds(context, named, choice);
  const idOf = (one: string) => canonicalId(search.layout.parse(one)?.recordingId ?? one);
  const byId = new Map(asked.map((one) => [idOf(one), one]));
  const found = await findAllRecordings(store, [...byId.keys()], search, budget);
  const keys = new Map([...found].map(([id, of]) => [id, [...of]]));
  const without = new Set([...keys].filter(([, of]) => of.length === 0).map(([id]) => id));
  // an object that someone removed may have old versions, and its receipt says where
  if (without.size > 0) {
    for await (const key of walkArchive(store, { range: search }, budget)) {
      const id = idOf(key);
      if (without.has(id)) keys.get(id)?.push(key);
    }
  }
  const missing = [...keys].filter(([, of]) => of.length === 0).map(([id]) => byId.get(id) ?? id);
  if (missing.length > 0 && choice.skipMissing !== true) {
    const [first = ''] = missing;
    const erasure = await findErasure(ports, idOf(first), budget);
    if (erasure !== undefined) throw recordingErased(erasure);
    const shown = missing.slice(0, SHOWN).map((id) => id.slice(0, 80));
    const more = missing.length > SHOWN ? ` and ${missing.length - SHOWN} more` : '';
    throw new ArchiveError('OBJECT_NOT_FOUND', `not in ${store.location}: ${shown.join(', ')}${more}`, {
      hint: 'check the ids, or go on without them: --skip-missing',
    });
  }
  if (missing.length > 0)
    context.ui.warn(`${count(missing.length, 'id')} that the archive does not hold: passed over`);
  return { keys: [...keys.values()].flat(), selection: `${count(asked.length, 'id')} by name` };
}
