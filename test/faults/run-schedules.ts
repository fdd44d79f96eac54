import { type SimulationOptions, simulate } from './simulation.ts';

export interface ScheduleReport {
  readonly schedules: number;
  readonly invocations: number;
  readonly killed: number;
  readonly files: number;
  /** One line for each schedule that broke an invariant, with the number that replays it. */
  readonly violations: readonly string[];
}

/** Plays `count` schedules from `first` on, or only the one that `SIM_SEED` names. */
export async function runSchedules(
  first: number,
  count: number,
  options: SimulationOptions = {},
): Promise<ScheduleReport> {
  const replay = process.env['SIM_SEED'];
  const seeds = replay === undefined ? range(first, count) : [Number(replay)];
  const total = { invocations: 0, killed: 0, files: 0 };
  const violations: string[] = [];
  for (const seed of seeds) {
    const { broken, invocations, killed, files, trace } = await simulate(seed, options);
    total.invocations += invocations;
    total.killed += killed;
    total.files += files;
    if (broken.length === 0) continue;
    violations.push(`SIM_SEED=${seed}: ${broken.join('; ')}`);
    if (replay !== undefined) violations.push(trace);
  }
  return { schedules: seeds.length, ...total, violations };
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
