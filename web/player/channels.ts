/** Hears one channel of two, in both ears. */

export type Heard = 'both' | 0 | 1;

/** Web Audio of one element. It is made at the first choice: after a click, or the browser keeps it suspended. */
export class Channels {
  readonly #element: HTMLMediaElement;
  #nodes:
    | {
        readonly context: AudioContext;
        readonly splitter: ChannelSplitterNode;
        readonly merger: ChannelMergerNode;
      }
    | undefined;

  constructor(element: HTMLMediaElement) {
    this.#element = element;
  }

  async hear(heard: Heard): Promise<void> {
    if (heard === 'both' && this.#nodes === undefined) return;
    const { context, splitter, merger } = (this.#nodes ??= this.#create());
    splitter.disconnect();
    splitter.connect(merger, heard === 'both' ? 0 : heard, 0);
    splitter.connect(merger, heard === 'both' ? 1 : heard, 1);
    await context.resume();
  }

  close(): void {
    void this.#nodes?.context.close();
    this.#nodes = undefined;
  }

  #create() {
    const context = new AudioContext();
    const source = context.createMediaElementSource(this.#element);
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    source.connect(splitter);
    merger.connect(context.destination);
    return { context, splitter, merger };
  }
}
