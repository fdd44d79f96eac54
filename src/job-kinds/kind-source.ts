import type { Clock } from '../clock.ts';
import type { ConfigFor, Purpose } from '../config/config.ts';
import type { AnyJobKind } from '../jobs/kind.ts';
import type { Logger } from '../log.ts';

/** What a kind of job is made with. */
export interface JobTools {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The settings that a purpose needs. @throws `CONFIG_INVALID`. */
  readonly settings: <P extends Purpose>(purpose: P) => Promise<ConfigFor[P]>;
}

/** A kind that is made when a job of it comes up. */
export interface JobKindSource {
  readonly name: string;
  /**
   * Its jobs decide under which key, or where, recordings can be read: only a runner that a person has told to work on this very job
   * does. A plan is an unsigned object: a writer of the store alone must not be able to have data keys moved.
   */
  readonly attended?: true;
  /** @throws `CONFIG_INVALID` where this installation lacks a setting of it. */
  open(tools: JobTools): Promise<OpenJobKind>;
}

export interface OpenJobKind {
  readonly kind: AnyJobKind;
  /** Closes what it holds open. */
  readonly close?: () => void;
}
