/** Holds the access entries of one day against the log: each that is missing, was changed, came later, or breaks its chain is named. */
import { brokenIn, readAccessDay, type StoredEntry } from '../../audit/read-access.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { type AccessHashes, accessLines, accessRoot } from '../formats/access-list.ts';
import { addDays } from '../day/calendar.ts';
import type { Statement } from '../formats/statement.ts';
import type { LogPlace } from '../log/place.ts';
import type { Prover } from '../prove/prove-entry.ts';
import { checkProof } from '../verify/check-proof.ts';
import { readAccessList } from './read-access-list.ts';

export interface AccessFinding {
  /** Of an entry, or of what the log keeps of the day. */
  readonly key: string;
  readonly problem: string;
}

/**
 * `sealed`: the entries were held against the log. `not-sealed`: no statement of the day is in the log. `not-stated`: its statements
 * are of a version that did not look at the access log. `unavailable`: the sealer could not read it.
 */
export type AccessStanding = 'sealed' | 'not-sealed' | 'not-stated' | 'unavailable';

export interface CheckedAccessDay {
  readonly day: string;
  readonly standing: AccessStanding;
  /** In the store. */
  readonly entries: number;
  /** In the log. */
  readonly listed: number;
  readonly findings: readonly AccessFinding[];
}

const BROKEN_CHAIN = 'its chain is broken: the entry before it is gone, or was changed, or it is no entry';

/**
 * Compares one day. A chain is looked at in any case; the rest where the day is sealed.
 *
 * @throws `STORE_*`, `LOG_*`, `OUT_OF_TIME`; `PROOF_INVALID` when a statement of the day is not what the log holds.
 */
export async function checkAccessDay(
  place: LogPlace,
  prover: Pick<Prover, 'day'>,
  day: string,
  budget: Budget,
): Promise<CheckedAccessDay> {
  const stored = await readAccessDay(place.store, day, budget);
  const statements = await readProved(place, prover, day, budget);
  const broken = await brokenIn(place.store, stored, addDays(day, -1), budget);
  const chain = broken === undefined ? [] : [{ key: broken, problem: BROKEN_CHAIN }];
  const stated = statements.flatMap(({ access }) => (access === undefined ? [] : [access]));
  const lists = stated.flatMap((access) => ('list' in access ? [access.list] : []));
  const last = lists.at(-1);
  const common = { day, entries: stored.length };
  if (last === undefined) {
    const standing =
      statements.length === 0 ? 'not-sealed' : stated.length === 0 ? 'not-stated' : 'unavailable';
    return { ...common, standing, listed: 0, findings: chain };
  }
  const listed = new Map<string, string>();
  const findings: AccessFinding[] = [];
  let isComplete = true;
  // every revision is held to: a later one may not leave out what an earlier one lists
  for (const list of lists) {
    const hashes = await readAccessList(place, { day, list }, budget);
    for (const [key, sha256] of hashes ?? []) listed.set(key, listed.get(key) ?? sha256);
    if (hashes !== undefined) continue;
    isComplete &&= list !== last;
    findings.push({
      key: place.keys.accessList(day, list.root),
      problem:
        list === last
          ? withoutList(list, stored)
          : 'the list of an earlier revision is missing, or another one',
    });
  }
  findings.push(...compareWithList(stored, listed, isComplete));
  return { ...common, standing: 'sealed', listed: last.count, findings: [...findings, ...chain] };
}

/** Statements of the day whose proofs lead to the signed checkpoint; none where the day is not sealed. */
async function readProved(
  place: LogPlace,
  prover: Pick<Prover, 'day'>,
  day: string,
  budget: Budget,
): Promise<readonly Statement[]> {
  try {
    const proved = await prover.day(day, budget);
    return proved.map(({ file, proof, statement }) => {
      const checked = checkProof(file, proof, place);
      if (checked.state === 'valid') return statement;
      throw new ArchiveError('PROOF_INVALID', `${day}, revision ${statement.revision}: ${checked.problem}`);
    });
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'NOT_SEALED') return [];
    throw error;
  }
}

/** Entries that still make the root need no list. */
function withoutList(
  { count, root }: { readonly count: number; readonly root: string },
  stored: readonly StoredEntry[],
): string {
  const actual = accessRoot(accessLines(new Map(stored.map(({ key, hash }) => [key, hash]))));
  return actual === root
    ? 'the list is missing, or another one; the entries make its root, and so are as they were'
    : `the list is missing, or another one, and the entries do not make its root: the log holds ${count}, and which are wrong cannot be told`;
}

/**
 * Names each entry that is not as it is listed. Pure.
 *
 * @param isComplete whether the list has all that the log holds: only then an entry that is not in it was added.
 */
export function compareWithList(
  stored: readonly StoredEntry[],
  listed: AccessHashes,
  isComplete = true,
): readonly AccessFinding[] {
  const findings: AccessFinding[] = [];
  const nameOf = new Map([...listed].map(([key, sha256]) => [sha256, key]));
  const standing = new Set(stored.map(({ key }) => key));
  for (const { key, hash } of stored) {
    const sealed = listed.get(key);
    if (sealed === hash) continue;
    const other = nameOf.get(hash);
    if (other !== undefined) findings.push({ key, problem: `it is the entry that was sealed as ${other}` });
    else if (sealed !== undefined)
      findings.push({ key, problem: 'it is not the entry that the log holds: it was changed' });
    else if (isComplete)
      findings.push({ key, problem: 'the log does not hold it: it came after the day was sealed' });
  }
  for (const key of listed.keys())
    if (!standing.has(key)) findings.push({ key, problem: 'the log holds it, and it is missing' });
  return findings.sort((one, other) => (one.key < other.key ? -1 : 1));
}
