/** Writes down what is done at the source, step by step: each is there before the next may be taken. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { formatSigned } from '../../record/receipt/receipt.ts';
import { putSmall } from '../../record/small-object.ts';
import {
  actKey,
  actsPrefix,
  MAX_STEPS,
  SOURCE_DELETION_SCHEMA,
  type SourceDeletion,
  sourceDeletionKey,
} from '../../record/source-deletion.ts';
import { dayOf } from '../../recording/time.ts';
import type { SourceDeleteItem, SourceDeletePorts } from './source-types.ts';

type StepPorts = Pick<SourceDeletePorts, 'store' | 'signer' | 'clock'>;

export type NewStep = Pick<SourceDeletion, 'step' | 'by'> & {
  readonly [K in 'reason' | 'job' | 'deleteDate' | 'before' | 'verified' | 'answer']?:
    | SourceDeletion[K]
    | undefined;
};

/**
 * Writes the step `n`, and no other in its place.
 *
 * @throws `SOURCE_DELETE_RACED` (retryable) when another runner has taken it; `STORE_*`.
 */
export async function writeStep(
  { store, signer, clock }: StepPorts,
  { recording, conversation, day }: Pick<SourceDeleteItem, 'recording' | 'conversation' | 'day'>,
  { n, step }: { readonly n: number; readonly step: NewStep },
  budget: Budget,
): Promise<SourceDeletion> {
  if (n > MAX_STEPS) throw raced(recording, 'has more steps than any has');
  const { step: name, by, ...more } = step;
  const written: SourceDeletion = {
    schema: SOURCE_DELETION_SCHEMA,
    n,
    step: name,
    day,
    ids: { conversation, recording },
    by,
    ...present(more),
    times: { issued: new Date(clock.now()).toISOString() },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  };
  const body = await formatSigned(written, signer, budget);
  if ((await putSmall(store, sourceDeletionKey({ day, recording, n }), body, budget)) === 'stored')
    return written;
  throw raced(recording, 'is worked on by another runner');
}

function raced(recording: string, what: string): ArchiveError {
  return new ArchiveError('SOURCE_DELETE_RACED', `recording ${recording} ${what}`);
}

/** Gives the places that a day has left to acts, each once, however many runners there are. */
export class DayPlaces {
  readonly #ports: Pick<SourceDeletePorts, 'store' | 'perDay'>;
  readonly #day: string;
  #next: number | undefined;

  constructor(ports: Pick<SourceDeletePorts, 'store' | 'perDay' | 'clock'>) {
    this.#ports = ports;
    this.#day = dayOf(ports.clock.now());
  }

  /** @returns false when the day has no place left. One that is taken stays taken, also when the act then fails. */
  async take(budget: Budget): Promise<boolean> {
    const { store, perDay } = this.#ports;
    this.#next ??= await this.#countTaken(budget);
    while (this.#next < perDay) {
      this.#next += 1;
      const body = Buffer.from('{}\n');
      if ((await putSmall(store, actKey(this.#day, this.#next), body, budget)) === 'stored') return true;
    }
    return false;
  }

  /** Whether the day has a place left, as far as is known; takes none. */
  async hasAny(budget: Budget): Promise<boolean> {
    this.#next ??= await this.#countTaken(budget);
    return this.#next < this.#ports.perDay;
  }

  async #countTaken(budget: Budget): Promise<number> {
    let count = 0;
    for await (const _ of this.#ports.store.list(actsPrefix(this.#day), budget)) count += 1;
    return count;
  }
}
