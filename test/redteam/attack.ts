/** One attack of the red-team suite: what the attacker may do, what they do, and what has to come of it. */
export interface Attack {
  /** What the attacker does, unique among all attacks: `docs/threat-model.md` names it. */
  readonly name: string;
  /** What the attacker may do, and what they have not. */
  readonly may: string;
  /** Key modes of the archive that is attacked; absent where there is no archive in it. */
  readonly under?: readonly Wrap[];
  /** Carries the attack out against the product. @returns what came of it. */
  readonly attempt: (under: Wrap) => Promise<unknown>;
  /** What has to come of it: findings, error codes, exit codes. */
  readonly outcome: unknown;
}

/** How the data keys of an archive are kept. */
export type Wrap = 'static' | 'aes' | 'rsa' | 'records';

export interface Kind {
  readonly title: string;
  readonly attacks: readonly Attack[];
  /** Ends servers and removes directories that the attacks share. */
  readonly close?: () => Promise<void>;
}

/** Each attack, once for each key mode it is tried under. */
export function casesOf({ attacks }: Kind): readonly (readonly [string, Attack, Wrap])[] {
  return attacks.flatMap((attack) => {
    const modes = attack.under ?? [undefined];
    return modes.map((mode) => {
      const title = mode === undefined ? attack.name : `${attack.name}, under a key of mode ${mode}`;
      return [title, attack, mode ?? 'static'] as const;
    });
  });
}

/** @returns the code of the error that `work` ends with, or `ok`. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}
