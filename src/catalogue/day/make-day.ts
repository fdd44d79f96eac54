/** The rows of a day, from receipts, facts, holds and erasures. Writes nothing. */
import type { Budget } from '../../clock.ts';
import { lookAtReceipt } from '../../record/receipt/read-receipt.ts';
import { type KnownContexts, openKnownContexts, readContexts } from './contexts-of-day.ts';
import { type OpenDayFile, groupsOf } from './day-file.ts';
import type { DayInputs, RunInputs } from './day-inputs.ts';
import { type CallFacts, readFactsOfDay } from './facts-of-day.ts';
import type { CataloguePorts } from '../ports.ts';
import { readOldContexts, readReceiptFacts } from './old-rows.ts';
import { compareRows, factsOfKey, factsOfReceipt, peopleOf, type ReceiptFacts, rowOf } from './row.ts';
import type { CatalogueRow, PeopleRow } from '../schema.ts';
import { forEachOf } from '../../for-each-of.ts';

const RECEIPTS_AT_ONCE = 16;

export interface MadeDay {
  readonly rows: readonly CatalogueRow[];
  readonly people: readonly PeopleRow[];
  readonly read: number;
  readonly unreadable: number;
  /** Of recordings that were erased, as receipts and the old file know them. */
  readonly erasedConversations: ReadonlySet<string>;
}

/** What is known of the recordings of a day; it grows from step to step. */
interface Known {
  readonly isErased: (recordingId: string) => boolean;
  /** By the key of the object. */
  readonly receipts: Map<string, ReceiptFacts>;
  /** Objects whose receipt was issued after the time that is asked for. */
  readonly later: Set<string>;
  readonly erasedConversations: Set<string>;
  /** Where facts come from contexts beside recordings. */
  readonly contexts: KnownContexts | undefined;
}

/**
 * The rows of a day. Of files whose receipt the old file knows, no receipt is read: under one key there is only ever one.
 *
 * @param known with no `old` file, every receipt is read.
 */
export async function makeDay(
  ports: CataloguePorts,
  { inputs, old }: { readonly inputs: DayInputs; readonly old: OpenDayFile | undefined },
  run: RunInputs,
  budget: Budget,
): Promise<MadeDay> {
  const known: Known = {
    isErased: (recordingId) => run.erased.isErased(inputs.day, recordingId),
    receipts: new Map(),
    later: new Set(),
    erasedConversations: new Set(),
    contexts:
      ports.options.facts === 'context' ? await openKnownContexts(ports, inputs, old, budget) : undefined,
  };
  if (old !== undefined) await takeOldRows(known, old, inputs.files);
  const { read, unreadable } = await readNewReceipts(ports, known, { inputs, run }, budget);
  const calls = await readCalls(ports, known, inputs, budget);
  const { erasedConversations } = known;
  return { ...rowsOf(ports, known, calls, { inputs, run }), read, unreadable, erasedConversations };
}

/** Takes over what the file of the day says of receipts and contexts. */
async function takeOldRows(
  { isErased, receipts, erasedConversations, contexts }: Known,
  { table }: OpenDayFile,
  files: DayInputs['files'],
): Promise<void> {
  for (const range of groupsOf(table)) {
    if (contexts !== undefined) for (const row of await readOldContexts(table, range)) contexts.take(row);
    for (const { key, facts } of await readReceiptFacts(table, range)) {
      const file = files.get(key);
      if (facts.conversation_id !== null && isErased(facts.recording_id))
        erasedConversations.add(facts.conversation_id);
      if (facts.kind !== null && file?.receipt !== undefined) receipts.set(file.key, facts);
    }
  }
}

interface Making {
  readonly inputs: DayInputs;
  readonly run: RunInputs;
}

/** Reads the receipts that the file of the day does not know. */
async function readNewReceipts(
  { archive, logger }: CataloguePorts,
  { receipts, later }: Known,
  { inputs, run: { asOf } }: Making,
  budget: Budget,
): Promise<Pick<MadeDay, 'read' | 'unreadable'>> {
  const unknown = [...inputs.files.values()].filter(
    ({ key, receipt }) => receipt !== undefined && !receipts.has(key),
  );
  let unreadable = 0;
  await forEachOf(unknown, RECEIPTS_AT_ONCE, async ({ key, receipt: place = '' }) => {
    const { receipt, damage } = await lookAtReceipt(archive, place, budget);
    if (damage !== undefined) {
      unreadable += 1;
      logger.log('warn', damage.message, { key, code: damage.code, state: 'unreceipted' });
    }
    if (receipt === undefined) return;
    if (asOf !== undefined && Date.parse(receipt.times.issued) > asOf) later.add(key);
    else receipts.set(key, factsOfReceipt(receipt));
  });
  return { read: unknown.length, unreadable };
}

/** What is known of conversations with a recording that was not erased. Notes the others. */
async function readCalls(
  ports: CataloguePorts,
  { isErased, receipts, erasedConversations, contexts }: Known,
  { facts }: DayInputs,
  budget: Budget,
): Promise<ReadonlyMap<string, CallFacts>> {
  const wanted = new Set<string>();
  for (const { conversation_id: id, recording_id: recordingId } of receipts.values()) {
    if (id === null) continue;
    wanted.add(id);
    if (isErased(recordingId)) erasedConversations.add(id);
  }
  for (const id of erasedConversations) wanted.delete(id);
  const isWanted = (id: string) => wanted.has(id);
  if (contexts === undefined) return readFactsOfDay(ports, facts, isWanted, budget);
  return readContexts(ports, facts, { known: contexts.of(isWanted), receipts, isWanted }, budget);
}

function rowsOf(
  { layout, options }: CataloguePorts,
  { isErased, receipts, later }: Known,
  calls: ReadonlyMap<string, CallFacts>,
  { inputs, run }: Making,
): Pick<MadeDay, 'rows' | 'people'> {
  const { searchKey, held, asOf } = run;
  const rows: CatalogueRow[] = [];
  const people: PeopleRow[] = [];
  for (const file of inputs.files.values()) {
    const receipt = receipts.get(file.key);
    // without a receipt there is no telling when it came
    if (later.has(file.key) || (asOf !== undefined && receipt === undefined)) continue;
    const ofKey = receipt ?? factsOfKey(layout, file.key, inputs.day);
    const call = calls.get(receipt?.conversation_id ?? '');
    rows.push(
      rowOf({
        file,
        receipt,
        ofKey,
        call,
        isErased: isErased(ofKey.recording_id),
        holds: held.holdsOf(file.key),
        searchKey,
        agents: options.agents,
      }),
    );
    const person = peopleOf(file.key, call);
    if (person !== undefined) people.push(person);
  }
  return { rows: rows.sort(compareRows), people };
}
