/** What the platform knew of the conversations of a day, as far as the catalogue keeps it. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import {
  type FactsHeader,
  type FactsLine,
  type FactsNames,
  factsIds,
  factsKey,
  parseFactsKey,
  readFacts,
} from '../../record/facts-file.ts';
import { contextPrefix } from '../../record/object-key.ts';
import type { CataloguePorts } from '../ports.ts';
import { nextDay } from '../places.ts';
import { openSealed } from '../../record/sealed-object.ts';
import { canonicalAddress } from '../search/keys.ts';

export interface CallFacts {
  readonly source: 'analytics' | 'context';
  /** As old as this, ISO 8601. */
  readonly fetchedAt: string;
  readonly durationMs: number | null;
  readonly direction: string | null;
  readonly media: readonly string[];
  readonly agentIds: readonly string[];
  readonly agentNames: readonly (string | null)[] | null;
  readonly queueIds: readonly string[];
  readonly queueNames: readonly (string | null)[] | null;
  readonly divisionIds: readonly string[];
  readonly wrapUpCodes: readonly string[];
  readonly wrapUpNames: readonly (string | null)[] | null;
  readonly companyAddress: string | null;
  readonly customer: string | null;
  readonly customerName: string | null;
  readonly contactIds: readonly string[];
}

/** A facts object, as listed: what it is, and which version. */
export interface FactsVersion {
  readonly key: string;
  readonly version: string;
}

/** A conversation may have been active on the day before or after that of its recording. */
export const factsDaysOf = (day: string): readonly string[] => [nextDay(day, -1), day, nextDay(day)];

export async function listFacts(
  store: ObjectStore,
  day: string,
  budget: Budget,
): Promise<readonly FactsVersion[]> {
  const found: FactsVersion[] = [];
  const prefix = `facts/${day.replaceAll('-', '/')}/`;
  for await (const { key, size, etag, lastModified } of store.list(prefix, budget)) {
    if (parseFactsKey(key) !== undefined) found.push({ key, version: `${size} ${etag ?? lastModified}` });
  }
  return found;
}

/** The contexts beside the recordings whose keys begin with `prefix`. */
export async function listContexts(
  store: ObjectStore,
  prefix: string,
  budget: Budget,
): Promise<readonly FactsVersion[]> {
  const found: FactsVersion[] = [];
  for await (const { key, size, etag, lastModified } of store.list(contextPrefix(prefix), budget)) {
    if (key.endsWith('.json.enc')) found.push({ key, version: `${size} ${etag ?? lastModified}` });
  }
  return found;
}

/**
 * Facts of the conversations that are asked for; of those that several days know, what was fetched last.
 *
 * @returns none where the facts cannot be opened with the keys that there are.
 * @throws what the store and the key service throw; `OBJECT_MALFORMED` for a damaged file.
 */
export async function readFactsOfDay(
  {
    catalogue,
    facts = catalogue,
    reader,
    logger,
  }: Pick<CataloguePorts, 'catalogue' | 'facts' | 'reader' | 'logger'>,
  listed: readonly FactsVersion[],
  wanted: (conversationId: string) => boolean,
  budget: Budget,
): Promise<Map<string, CallFacts>> {
  const known = new Map<string, CallFacts>();
  if (reader === undefined) return known;
  const words = new Words();
  const days = new Set(listed.map(({ key }) => parseFactsKey(key)?.day ?? ''));
  for (const day of [...days].sort()) {
    await readDay(day);
  }
  return known;

  async function readDay(day: string): Promise<void> {
    let first: FactsHeader | undefined;
    for (let part = 1; part <= (first?.parts ?? 1); part += 1) {
      const key = factsKey(day, part);
      const opened = await openSealed(
        facts,
        reader as NonNullable<typeof reader>,
        { key, ids: factsIds(day) },
        budget,
      );
      if (opened === undefined) return;
      const { header, lines } = await readFacts(key, [opened.bytes]);
      if (header.writtenBy !== (first ?? header).writtenBy || header.day !== day) {
        logger.log(
          'warn',
          'a part of the facts is of another writing: it is left out until the facts are whole',
          { key },
        );
        return;
      }
      first ??= header;
      for await (const line of lines) take(line, header);
    }
  }

  function take(line: FactsLine, header: FactsHeader): void {
    const { conversationId } = line;
    if (!wanted(conversationId)) return;
    const before = known.get(conversationId);
    if (before !== undefined && before.fetchedAt > header.fetchedAt) return;
    known.set(conversationId, callFactsOf(line, header, words));
  }
}

/** One copy of each word, however many rows have it. */
class Words {
  readonly #known = new Map<string, string>();
  readonly #lists = new Map<string, readonly (string | null)[]>();

  one(word: string): string {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    this.#known.set(word, word);
    return word;
  }

  list<T extends string | null>(words: readonly T[]): readonly T[] {
    const name = JSON.stringify(words);
    const known = this.#lists.get(name);
    if (known !== undefined) return known as readonly T[];
    const own = words.map((word) => (word === null ? word : (this.one(word) as T)));
    this.#lists.set(name, own);
    return own;
  }
}

export function callFactsOf(line: FactsLine, header: FactsHeader, words = new Words()): CallFacts {
  const { named } = header;
  const { direction } = line;
  const customers = line.participants.filter(
    ({ purpose }) => purpose === 'customer' || purpose === 'external',
  );
  const [ours, theirs] = sidesOf(line, customers);
  const contacts = customers.flatMap(({ externalContactId }) => externalContactId ?? []);
  const company = canonicalAddress(ours);
  return {
    source: 'analytics',
    fetchedAt: words.one(header.fetchedAt),
    durationMs: line.durations.totalMs === undefined ? null : Math.min(line.durations.totalMs, 2_147_483_647),
    direction: direction === undefined ? null : words.one(direction),
    media: words.list(line.media),
    agentIds: words.list(line.agentIds),
    agentNames: namesOf(line.agentIds, named.users, words),
    queueIds: words.list(line.queueIds),
    queueNames: namesOf(line.queueIds, named.queues, words),
    divisionIds: words.list(line.divisionIds),
    wrapUpCodes: words.list(line.wrapUpCodes),
    wrapUpNames: namesOf(line.wrapUpCodes, named.wrapUps, words),
    companyAddress: company === undefined ? null : words.one(company),
    customer: canonicalAddress(theirs) ?? null,
    customerName: customers.find(({ name }) => name !== undefined)?.name ?? null,
    contactIds: words.list([...new Set(contacts)]),
  };
}

/** Addresses of us and of the other side. Mails and messages state no numbers, but whom they are from and to. */
function sidesOf(
  { direction, ani, dnis }: FactsLine,
  customers: FactsLine['participants'],
): readonly [string | undefined, string | undefined] {
  const isOutbound = direction === 'outbound';
  if (ani !== undefined || dnis !== undefined) return isOutbound ? [ani, dnis] : [dnis, ani];
  const sessions = customers.flatMap((one) => one.sessions);
  const { addressFrom: from, addressTo: to } =
    sessions.find(({ addressFrom, addressTo }) => (addressFrom ?? addressTo) !== undefined) ?? {};
  // some messages state the customer alone, whichever way they went
  if (to === undefined) return [undefined, from];
  // our side is kept in the clear: where it is not known which one it is, neither is
  return isOutbound ? [from, to] : [direction === undefined ? undefined : to, from];
}

/** Null where the names were not known: not asked for, or refused. A member is null where one of them has none. */
function namesOf(ids: readonly string[], { status, names = {} }: FactsNames, words: Words) {
  if (status !== 'known') return null;
  return words.list(ids.map((id) => (Object.hasOwn(names, id) ? (names[id] ?? null) : null)));
}

export function isMissingKey(error: unknown): boolean {
  return error instanceof ArchiveError && (error.code === 'DECRYPT_FAILED' || error.code === 'KMS_DENIED');
}
