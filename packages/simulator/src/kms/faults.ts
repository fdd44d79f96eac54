import type { KmsOperation } from './operations.ts';
import type { KmsErrorCode } from '../aws/refusals.ts';

/** One thing that goes wrong with one request. */
export type KmsFault =
  /** An error answer instead of the work, e.g. `ThrottlingException`, or `AccessDeniedException` for a policy that denies. */
  | { readonly kind: 'error'; readonly code: KmsErrorCode }
  /** TCP RST before the work begins. */
  | { readonly kind: 'reset' }
  /** The work is done, and the connection reset instead of an answer. */
  | { readonly kind: 'lost-answer' }
  /** Silence until the client gives up or the endpoint is closed. */
  | { readonly kind: 'stall' };

export interface KmsFaultRule {
  readonly fault: KmsFault;
  /** Default: every operation. */
  readonly operation?: KmsOperation;
  /** How often the fault strikes; default 1, `Infinity` for always. */
  readonly times?: number;
  /** Lets that many matching requests pass first; default 0. */
  readonly skip?: number;
}

/** Faults waiting to strike, tried in the order they were added; at most one strikes a request. */
export class KmsFaults {
  #armed: { readonly rule: KmsFaultRule; seen: number; left: number }[] = [];

  add(rule: KmsFaultRule): void {
    this.#armed.push({ rule, seen: 0, left: rule.times ?? 1 });
  }

  clear(): void {
    this.#armed = [];
  }

  take(operation: KmsOperation): KmsFault | undefined {
    for (const armed of this.#armed) {
      const { rule } = armed;
      if (armed.left <= 0 || (rule.operation ?? operation) !== operation) continue;
      armed.seen += 1;
      if (armed.seen <= (rule.skip ?? 0)) continue;
      armed.left -= 1;
      return rule.fault;
    }
    return undefined;
  }
}
