import type { Person } from '../../src/console/access.ts';

/** Signs a person in. */
export interface ToConsole {
  readonly person: Partial<Person>;
}

/** Ids of recordings that tests name. */
export interface Has {
  /** Four minutes, two channels, silent in the middle third; its receipt has leaves of four seconds. */
  readonly long: string;
  /** A minute, with one bit changed from 0:33 to 0:37. */
  readonly damaged: string;
  readonly g729: string;
  /** Of another division. */
  readonly other: string;
}

export interface Listening {
  readonly kind: 'listening';
  readonly url: string;
  readonly launchUrl: string;
  readonly has: Has;
}

export type FromConsole = Listening | { readonly kind: 'token'; readonly token: string };
