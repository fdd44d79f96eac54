/** What is about people, sealed as a whole: one key-service call opens a day. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat } from '../../ports.ts';
import type { DayInputs } from './day-inputs.ts';
import { exchangeFile } from '../exchange.ts';
import { inMemory } from '../in-memory.ts';
import { peopleFileKey, peopleIds, type Shard } from '../places.ts';
import type { CataloguePorts } from '../ports.ts';
import { PEOPLE_COLUMNS, PEOPLE_SCHEMA, type PeopleRow, ROWS_IN_GROUP } from '../schema.ts';
import { openSealed, sealBytes } from '../../record/sealed-object.ts';

/** In clear in the object's metadata: what the sealed file was made from. */
const INPUTS = 'gca-inputs';

type PeoplePorts = Pick<CataloguePorts, 'catalogue' | 'tables' | 'reader' | 'envelope' | 'archive'>;

export const writePeople = {
  /**
   * What is there, to be replaced: looked at before anything that the file is made from, so that what is written meanwhile by one who has
   * read later is not replaced by older. `undefined` also without a key to open it with: nothing is kept of people then.
   */
  async before(
    { catalogue, reader, envelope }: PeoplePorts,
    { day, shard }: Pick<DayInputs, 'day' | 'shard'>,
    budget: Budget,
  ): Promise<ObjectStat | undefined> {
    if (reader === undefined || envelope === undefined) return undefined;
    return catalogue.head(peopleFileKey(day, shard), budget);
  },

  /** Whether the file that is there was made from these inputs. */
  isCurrent(before: ObjectStat | undefined, { digest }: DayInputs): boolean {
    return before === undefined || before.metadata[INPUTS] === digest;
  },

  /** @returns false when others wrote in between. */
  async write(
    ports: PeoplePorts,
    { inputs, before }: { readonly inputs: DayInputs; readonly before: ObjectStat | undefined },
    rows: readonly PeopleRow[],
    budget: Budget,
  ): Promise<boolean> {
    const { envelope, tables, reader } = ports;
    if (reader === undefined || envelope === undefined) return true;
    const { day, shard, digest } = inputs;
    const key = peopleFileKey(day, shard);
    if (before === undefined && rows.length === 0) return true;
    if (before?.metadata[INPUTS] === digest) return true;
    const builder = tables.build(PEOPLE_COLUMNS, {
      schema: PEOPLE_SCHEMA,
      day,
      inputs: digest,
      store: ports.archive.location,
    });
    for (let at = 0; at < rows.length; at += ROWS_IN_GROUP) builder.add(rows.slice(at, at + ROWS_IN_GROUP));
    const { body, options } = await sealBytes(envelope, peopleIds(day), builder.finish(), budget);
    const stated = { ...options, metadata: { ...options.metadata, [INPUTS]: digest } };
    return exchangeFile(ports, { key, before, options: stated }, body, budget);
  },
};

/**
 * People of a day, by the hash of the key of their object; empty without a file.
 *
 * @throws `CATALOGUE_UNREADABLE`; what the store and the key service throw.
 */
export async function readPeople(
  { catalogue, tables, reader }: Pick<CataloguePorts, 'catalogue' | 'tables' | 'reader'>,
  { day, shard }: { readonly day: string; readonly shard: Shard },
  budget: Budget,
): Promise<ReadonlyMap<bigint, PeopleRow>> {
  const key = peopleFileKey(day, shard);
  if (reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'what is about people is sealed, and no key is configured', {
      hint: 'set the key that recordings are read with: ARCHIVE_KMS_KEY_ID, ARCHIVE_KEYRING_FILE, ARCHIVE_PRIVATE_KEY_FILE or ENCRYPTION_KEY_HEX',
    });
  }
  const opened = await openSealed(catalogue, reader, { key, ids: peopleIds(day) }, budget);
  const people = new Map<bigint, PeopleRow>();
  if (opened === undefined) return people;
  const table = await tables.open(inMemory(opened.bytes), key);
  const range = { from: 0, to: table.rows };
  const cells = await Promise.all(PEOPLE_COLUMNS.map((column) => table.read(column, range)));
  for (let at = 0; at < table.rows; at += 1) {
    const row = Object.fromEntries(
      PEOPLE_COLUMNS.map(({ name }, index) => [name, cells[index]?.[at] ?? null]),
    );
    people.set(row['key_hash'] as bigint, row as unknown as PeopleRow);
  }
  return people;
}
