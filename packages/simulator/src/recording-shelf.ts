import { type CataloguedRecording, type RecordingSpec, synthesiseRecording } from './catalogue.ts';
import { SimulatorError } from './simulator-error.ts';

/** The recordings of the tutorial's API, in the order in which they were added, and what is noted of their interactions. */
export class RecordingShelf {
  readonly all: CataloguedRecording[] = [];
  readonly interactions = new Map<string, Map<string, unknown>>();
  readonly #byId = new Map<string, CataloguedRecording>();
  readonly #seed: number;
  readonly #now: () => number;
  #synthesised = 0;

  constructor({ seed, now }: { readonly seed: number; readonly now: () => number }) {
    this.#seed = seed;
    this.#now = now;
  }

  /** @throws SimulatorError when the specification makes no sense, or its id is taken. */
  add(spec: RecordingSpec): CataloguedRecording {
    const recording = synthesiseRecording(spec, this.#seed, this.#synthesised, this.#now());
    this.#synthesised += 1;
    return this.enrol(recording);
  }

  /** @throws SimulatorError when its id is taken. */
  enrol(recording: CataloguedRecording): CataloguedRecording {
    if (this.#byId.has(recording.id)) {
      throw new SimulatorError(`there are two recordings with the id ${recording.id}`);
    }
    this.all.push(recording);
    this.#byId.set(recording.id, recording);
    if (!this.interactions.has(recording.interactionId)) {
      this.interactions.set(recording.interactionId, new Map());
    }
    return recording;
  }

  find(id: string): CataloguedRecording | undefined {
    return this.#byId.get(id);
  }

  /** @throws SimulatorError when no recording has that id. */
  get(id: string): CataloguedRecording {
    const recording = this.find(id);
    if (recording === undefined) throw new SimulatorError(`the simulator has no recording with the id ${id}`);
    return recording;
  }
}
