/** Compares a day without stating it: writes nothing, neither here nor at the platform. */
import type { Budget } from '../../clock.ts';
import type { SourceFacts } from '../../ports.ts';
import { type Compared, countDifferences } from './compare-day.ts';
import { readErasures } from './erasures.ts';
import { examineDay } from './examine-day.ts';
import { lookAtDay, type StatingPorts } from './state-day.ts';

export interface ReconciledDay {
  readonly day: string;
  readonly held: number;
  readonly recordings: number;
  readonly source: SourceFacts;
  readonly counts: ReturnType<typeof countDifferences>;
  /** Everything but what both have. */
  readonly differences: readonly Compared[];
}

/** @throws what the platform throws: a comparison with nothing would be none. */
export async function reconcileDay(ports: StatingPorts, day: string, budget: Budget): Promise<ReconciledDay> {
  const erasures = (await readErasures(ports, budget)).get(day) ?? [];
  const history = { last: undefined, logged: () => Promise.resolve(new Set<string>()) };
  const examined = await examineDay(ports, { day, history, erasures, room: 0, light: true }, budget);
  const { source, comparison } = await lookAtDay(ports, examined, undefined, budget);
  if (comparison === undefined) throw source;
  const { listed, unexpected } = comparison;
  return {
    day,
    held: examined.held.size,
    recordings: listed.length,
    source: source.facts,
    counts: countDifferences({ listed, unexpected }),
    differences: [...listed.filter(({ state }) => state !== 'both'), ...unexpected],
  };
}
