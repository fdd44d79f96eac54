/** The plot of `docs/performance.md`: every comparison as bars against the tutorial's method, which is the line at 1. */
import { formatSize } from '../options.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { Spread } from './statistics.ts';

const SHOWN = [
  { variant: 'ours', label: 'this archiver, all guarantees on', colour: '#1d4ed8' },
  { variant: 'lib-storage', label: 'lib-storage, defaults', colour: '#9ca3af' },
] as const;

const LABEL_WIDTH = 165;
const PANEL_WIDTH = 330;
const GAP = 40;
const TOP = 74;
const BAR = 11;
const ROW = SHOWN.length * (BAR + 3) + 12;
const WIDTH = LABEL_WIDTH + 2 * PANEL_WIDTH + GAP + 30;
const INK = '#1f2937';
const FAINT = '#6b7280';

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly of: (row: ComparedVariant) => Spread | undefined;
}

const PANELS: readonly Panel[] = [
  {
    title: '× throughput (longer is better)',
    left: LABEL_WIDTH,
    of: ({ timesThroughput }) => timesThroughput,
  },
  {
    title: '× CPU per byte (shorter is better)',
    left: LABEL_WIDTH + PANEL_WIDTH + GAP,
    of: ({ timesCpu }) => timesCpu,
  },
];

/** An SVG document. Bars are medians, the thin lines on them reach from the smallest round to the largest. */
export function plotComparisons(rows: readonly ComparedVariant[]): string {
  const cases = [...new Set(rows.map(caseOf))];
  const height = TOP + cases.length * ROW + 34;
  const body = [
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(14, 24, 'Against the tutorial’s method (the line at 1)', { size: 15, weight: 600 }),
    ...legend(),
    ...cases.map((name, at) => text(LABEL_WIDTH - 10, TOP + at * ROW + ROW / 2 + 4, name, { anchor: 'end' })),
    ...PANELS.flatMap((panel) => drawPanel(panel, rows, cases)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Throughput and CPU of this archiver and of lib-storage as multiples of the tutorial’s method">
${body.map((line) => `  ${line}\n`).join('')}</svg>
`;
}

function caseOf({ bytes, scheme, concurrency }: ComparedVariant): string {
  return `${formatSize(bytes)} ${scheme.toUpperCase()}${concurrency === 1 ? '' : `, ${concurrency} at once`}`;
}

function legend(): string[] {
  let left = 14;
  return SHOWN.flatMap(({ label, colour }) => {
    const at = left;
    left += 40 + label.length * 6.4;
    return [rect({ x: at, y: 36, width: 12, height: 12 }, colour), text(at + 18, 46, label, {})];
  });
}

function drawPanel(
  { title, left, of }: Panel,
  rows: readonly ComparedVariant[],
  cases: readonly string[],
): string[] {
  const largest = Math.max(1, ...rows.map((row) => of(row)?.max ?? 0));
  const step = largest > 4 ? 1 : largest > 1.6 ? 0.5 : 0.25;
  const end = Math.ceil(largest / step) * step;
  const x = (value: number) => left + (value / end) * (PANEL_WIDTH - 40);
  const bottom = TOP + cases.length * ROW;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, at) => at * step);
  const grid = ticks.flatMap((tick) => [
    line([x(tick), TOP], [x(tick), bottom], tick === 1 ? INK : '#e5e7eb', tick === 1 ? 1.5 : 1),
    text(x(tick), bottom + 16, String(tick), { anchor: 'middle', colour: FAINT, size: 11 }),
  ]);
  const bars = cases.flatMap((name, at) =>
    SHOWN.flatMap(({ variant, colour }, nth) => {
      const row = rows.find((candidate) => candidate.variant === variant && caseOf(candidate) === name);
      const spread = row === undefined ? undefined : of(row);
      return spread === undefined ? [] : [{ spread, colour, top: TOP + at * ROW + 6 + nth * (BAR + 3) }];
    }),
  );
  return [
    text(left, TOP - 8, title, { colour: FAINT }),
    ...grid,
    ...bars.map(({ spread, colour, top }) =>
      rect({ x: left, y: top, width: x(spread.median) - left, height: BAR }, colour),
    ),
    line([x(1), TOP], [x(1), bottom], INK, 1.5),
    ...bars.flatMap(({ spread, top }) => {
      const middle = top + BAR / 2;
      const label = text(x(spread.max) + 5, middle + 4, spread.median.toFixed(2), { size: 11, halo: true });
      return [line([x(spread.min), middle], [x(spread.max), middle], INK, 1), label];
    }),
  ];
}

interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: 'middle' | 'end';
  readonly colour?: string;
  /** A white edge, over whatever lies behind. */
  readonly halo?: boolean;
}

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size, weight, anchor, colour = INK, halo } = style;
  const extra = [
    halo === true ? ' stroke="#ffffff" stroke-width="3" paint-order="stroke"' : '',
    size === undefined ? '' : ` font-size="${size}"`,
    weight === undefined ? '' : ` font-weight="${weight}"`,
    anchor === undefined ? '' : ` text-anchor="${anchor}"`,
  ];
  return `<text x="${short(x)}" y="${short(y)}" fill="${colour}"${extra.join('')}>${content}</text>`;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function rect({ x, y, width, height }: Box, colour: string): string {
  return `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${height}" fill="${colour}"/>`;
}

type Dot = readonly [x: number, y: number];

function line([x1, y1]: Dot, [x2, y2]: Dot, colour: string, width: number): string {
  return `<line x1="${short(x1)}" y1="${short(y1)}" x2="${short(x2)}" y2="${short(y2)}" stroke="${colour}" stroke-width="${width}"/>`;
}

const short = (value: number) => String(Math.round(value * 10) / 10);
