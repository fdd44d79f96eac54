import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { SourceInventory, SourceRecording } from '../../src/ports.ts';
import { sealDays, type SealDaysPorts } from '../../src/proof/seal-days.ts';
import { ArchiveFixture, HOUR, idFrom } from './archive-fixture.ts';
import { LOG_SIGNER } from './log-fixture.ts';

/** The day whose conversations it has. */
export const COUNTED_DAY = '2026-03-02';

/** A platform that answers for so many conversations a run, one recording each. */
export class SlowPlatform {
  readonly fixture: ArchiveFixture;
  readonly asked: string[] = [];
  perRun = 40;
  readonly #ids: readonly string[];

  constructor(conversations: number, fixture = new ArchiveFixture()) {
    this.fixture = fixture;
    this.#ids = Array.from({ length: conversations }, (_, at) => `call ${at}`);
  }

  get ports(): SealDaysPorts {
    const ports = this.fixture.ports();
    const { keys, origin, trusted } = ports;
    return {
      ...ports,
      source: this.#source(ports.source),
      counting: { keys, origin, trusted, signer: LOG_SIGNER },
    };
  }

  /** One run of the sealer. */
  async run(change: Partial<SealDaysPorts> = {}): ReturnType<typeof sealDays> {
    const sealed = await sealDays({ ...this.ports, ...change }, {}, unlimited);
    this.fixture.now += HOUR;
    return sealed;
  }

  #source(inner: SourceInventory): SourceInventory {
    return {
      listDay: async (day, budget, progress) => {
        const { facts } = await inner.listDay(day, budget);
        if (day !== COUNTED_DAY) return { recordings: [], facts };
        const recordings: SourceRecording[] = [];
        let left = this.perRun;
        for (const word of this.#ids) {
          const id = idFrom(`conversation of ${word}`);
          const known = progress?.known.get(id);
          if (known === undefined && left === 0) throw new ArchiveError('OUT_OF_TIME', 'the run is over');
          if (known === undefined) {
            left -= 1;
            this.asked.push(id);
          }
          const own: SourceRecording = {
            conversationId: id,
            recordingId: idFrom(word),
            media: 'call',
            startedAt: Date.parse(`${day}T12:00:00Z`),
            state: 'available',
          };
          const listed = known ?? [own];
          if (known === undefined) progress?.onCounted(id, listed);
          recordings.push(...listed);
        }
        return { recordings, facts };
      },
    };
  }
}
