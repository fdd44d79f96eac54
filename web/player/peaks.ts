/** Peaks as the server sends them: `GMP1`, channels, points a second, then the least and the greatest sample of each point. Pure. */

export interface Lane {
  readonly min: Int8Array;
  readonly max: Int8Array;
}

export interface Peaks {
  /** Seconds from the start of the recording to the first point. */
  readonly start: number;
  readonly perSecond: number;
  /** Points of each lane. */
  readonly length: number;
  readonly lanes: readonly Lane[];
}

const HEAD_BYTES = 8;
const MAX_CHANNELS = 8;

/** Reads peaks from `start` seconds on; `undefined` for anything else, such as an error's JSON. */
export function parsePeaks(buffer: ArrayBuffer, start = 0): Peaks | undefined {
  if (buffer.byteLength < HEAD_BYTES) return undefined;
  const view = new DataView(buffer);
  const channels = view.getUint8(4);
  const perSecond = view.getUint8(5);
  if (view.getUint32(0) !== 0x474d5031 || channels < 1 || channels > MAX_CHANNELS || perSecond < 1) {
    return undefined;
  }
  const length = Math.floor((buffer.byteLength - HEAD_BYTES) / (2 * channels));
  const lanes = Array.from({ length: channels }, () => ({
    min: new Int8Array(length),
    max: new Int8Array(length),
  }));
  for (let point = 0; point < length; point += 1) {
    for (const [channel, { min, max }] of lanes.entries()) {
      const at = HEAD_BYTES + 2 * (point * channels + channel);
      min[point] = view.getInt8(at);
      max[point] = view.getInt8(at + 1);
    }
  }
  return { start, perSecond, length, lanes };
}

/** Joins parts that follow each other. */
export function joinPeaks(parts: readonly Peaks[]): Peaks {
  const [first] = parts;
  if (first === undefined) return { start: 0, perSecond: 1, length: 0, lanes: [] };
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lanes = first.lanes.map((_lane, channel) => {
    const min = new Int8Array(length);
    const max = new Int8Array(length);
    let at = 0;
    for (const part of parts) {
      const own = part.lanes[channel];
      if (own !== undefined) {
        min.set(own.min, at);
        max.set(own.max, at);
      }
      at += part.length;
    }
    return { min, max };
  });
  return { ...first, length, lanes };
}

/** The least and the greatest value of each of `columns` columns between two times, in seconds. */
export function columnsOf(lane: Lane, { start, perSecond }: Peaks, window: ColumnWindow): Lane {
  const { columns } = window;
  const [from, to] = [window.from - start, window.to - start];
  const min = new Int8Array(columns);
  const max = new Int8Array(columns);
  const step = ((to - from) * perSecond) / columns;
  for (let column = 0; column < columns; column += 1) {
    const first = Math.floor(from * perSecond + column * step);
    // at least one point a column, or a zoomed window would have holes
    const last = Math.max(first, Math.ceil(from * perSecond + (column + 1) * step) - 1);
    let [low, high] = [0, 0];
    for (let at = Math.max(0, first); at <= last && at < lane.min.length; at += 1) {
      low = Math.min(low, lane.min[at] ?? 0);
      high = Math.max(high, lane.max[at] ?? 0);
    }
    min[column] = low;
    max[column] = high;
  }
  return { min, max };
}

export interface ColumnWindow {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

/** Where a window of `width` seconds starts that shows `at` and does not run over either end. */
export function windowStart(at: number, width: number, duration: number): number {
  return Math.max(0, Math.min(at - width / 3, duration - width));
}
