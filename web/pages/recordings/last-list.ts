/** Where the list of recordings stood, so that the way back from a recording leads to the same rows. */
const scrolls = new Map<string, number>();
let last = '';

/** The address of the list that was looked at last; empty before any. */
export const lastList = (): string => last;

export function rememberList(hash: string): void {
  last = hash;
}

export const scrollOf = (hash: string): number => scrolls.get(hash) ?? 0;

export function rememberScroll(hash: string, top: number): void {
  scrolls.set(hash, top);
}
