/** Keys of the player. Pure. */

export type Command =
  | { readonly kind: 'toggle' }
  | { readonly kind: 'silence' }
  | { readonly kind: 'step'; readonly seconds: number }
  | { readonly kind: 'speed'; readonly by: 1 | -1 }
  | { readonly kind: 'channel'; readonly channel: 'both' | 0 | 1 };

/** Letters and what they do, as the page lists them. */
export const LETTERS: readonly (readonly [key: string, command: Command, words: string])[] = [
  ['k', { kind: 'toggle' }, 'play or pause'],
  ['j', { kind: 'step', seconds: -10 }, 'back 10 s'],
  ['l', { kind: 'step', seconds: 10 }, 'on 10 s'],
  ['s', { kind: 'speed', by: -1 }, 'slower'],
  ['f', { kind: 'speed', by: 1 }, 'faster'],
  ['q', { kind: 'silence' }, 'skip silence, or not'],
  ['b', { kind: 'channel', channel: 'both' }, 'both channels'],
  ['1', { kind: 'channel', channel: 0 }, 'first channel only'],
  ['2', { kind: 'channel', channel: 1 }, 'second channel only'],
];

/** The command of a letter key; `undefined` with a modifier, which is the browser's or the system's. */
export function letterCommand(event: KeyLike): Command | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  return LETTERS.find(([key]) => key === event.key.toLowerCase())?.[1];
}

/** Seconds that a key on the position moves; the rest the range input does itself. */
export function stepOf(event: KeyLike): number | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
  return STEPS[event.key];
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -5,
  ArrowDown: -5,
  ArrowRight: 5,
  ArrowUp: 5,
  PageDown: -60,
  PageUp: 60,
};

interface KeyLike {
  readonly key: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

export const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;

export function nextSpeed(speed: number, by: 1 | -1): number {
  const at = SPEEDS.findIndex((one) => one >= speed);
  return SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (at === -1 ? 1 : at) + by))] ?? 1;
}
