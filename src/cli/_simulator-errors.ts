import { SimulatorError } from '../../packages/simulator/src/simulator-error.ts';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';

/** Does `work`; what the simulator refuses is a mistake on the command line. @throws ArchiveError USAGE */
export async function asUsage<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    throw new ArchiveError('USAGE', error.message, present({ hint: error.hint }));
  }
}
