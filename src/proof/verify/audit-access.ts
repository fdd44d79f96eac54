import type { Budget } from '../../clock.ts';
import { readAccessList } from '../access/read-access-list.ts';
import type { Statement } from '../formats/statement.ts';
import type { LogPlace } from '../log/place.ts';

/**
 * Checks what a statement says of access entries: its list is there, and has every line of the list that the revision before it commits
 * to. The entries themselves are compared by `checkAccessDay`.
 *
 * @throws `STORE_*`, `OUT_OF_TIME`; what is wrong is a finding.
 */
export async function auditAccess(
  place: LogPlace,
  { statement, earlier }: { readonly statement: Statement; readonly earlier: Statement | undefined },
  find: (problem: string) => void,
  budget: Budget,
): Promise<void> {
  const { day, access } = statement;
  const before = earlier?.access !== undefined && 'list' in earlier.access ? earlier.access : undefined;
  if (access === undefined || !('list' in access)) {
    if (before !== undefined) find('it no longer lists the access entries that the revision before it lists');
    return;
  }
  if (access.list.root === before?.list.root && access.list.count === before.list.count) return;
  const listed = await readAccessList(place, { day, list: access.list }, budget);
  if (listed === undefined) {
    find('its list of access entries is missing, or another one');
    return;
  }
  const was =
    before === undefined ? undefined : await readAccessList(place, { day, list: before.list }, budget);
  const dropped = [...(was ?? [])].filter(([key, sha256]) => listed.get(key) !== sha256);
  for (const [key] of dropped)
    find(`its list of access entries lacks ${key}, or has another one under that name`);
}
