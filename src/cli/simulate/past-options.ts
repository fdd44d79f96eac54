import type {
  OrganizationOptions,
  PastOptions,
  SimulatorOptions,
} from '../../../packages/simulator/src/simulator.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import type { SimulateOptions } from '../options/simulate.ts';

const DEFAULT_PAST_RECORDINGS = 1_000;
/** Without a past each recording is kept in memory. */
const MAX_SYNTHETIC = 10_000;
/** After the start; long enough to look first. */
const LATE_AFTER_MS = 60_000;

/** A second OAuth client of the first organization: the platform counts the requests of each by itself. */
export const BACKFILL_CLIENT = { clientId: 'simulator-backfill', clientSecret: 'simulator-backfill-secret' };

type Contents = Pick<SimulatorOptions, 'past' | 'behaviour' | 'clients' | 'organizations'>;

/** @param now epoch ms. @throws `USAGE` when the flags contradict each other. */
export function readPastFlags(flags: SimulateOptions, now: number): Contents {
  const { lakeLag, organizations = 1 } = flags;
  const past = readPast(flags, now);
  const behaviour = present({ lakeLagMs: lakeLag === undefined ? undefined : lakeLag * 1000 });
  const others = Array.from({ length: organizations - 1 }, (_, at): OrganizationOptions => {
    const number = at + 2;
    return {
      name: `Simulated Organization ${number}`,
      clients: [{ clientId: `simulator-client-${number}`, clientSecret: `simulator-secret-${number}` }],
      behaviour,
      ...present({ past }),
    };
  });
  return {
    behaviour,
    clients: [BACKFILL_CLIENT],
    organizations: others,
    ...present({ past }),
  };
}

function readPast(flags: SimulateOptions, now: number): PastOptions | undefined {
  const { recordings, from, to, emptyDay, lateDay, deleteOne, unannounced, omit, longest } = flags;
  if (from === undefined || to === undefined) {
    const needsPast = { emptyDay, lateDay, deleteOne, unannounced, omit, longest, from, to };
    const given = Object.entries(needsPast).find(([, value]) => value !== undefined);
    if (given !== undefined) {
      throw new ArchiveError('USAGE', 'a past needs both its first and its last day', {
        hint: 'add --from DAY --to DAY, for example --from 2026-01-01 --to 2026-01-31',
      });
    }
    if ((recordings ?? 0) > MAX_SYNTHETIC) {
      throw new ArchiveError('USAGE', `at most ${MAX_SYNTHETIC} recordings without a past`, {
        hint: 'add --from DAY --to DAY: recordings of the past take no memory',
      });
    }
    return undefined;
  }
  return {
    recordings: recordings ?? DEFAULT_PAST_RECORDINGS,
    from,
    to,
    emptyDay,
    late: lateDay === undefined ? undefined : { day: lateDay, until: now + LATE_AFTER_MS },
    deletesAt: deleteOne === true ? now : undefined,
    leavesOneUnannounced: unannounced,
    omissions: omit === undefined ? undefined : omit / 100,
    ...present({ longestS: longest }),
  };
}
