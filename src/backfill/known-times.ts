import type { ConversationTimes } from '../ports.ts';
import { canonicalId } from '../recording/id.ts';
import type { ConversationItem } from './items.ts';

/** When the conversations that are worked on began and ended. */
export class KnownTimes {
  readonly #times = new Map<string, ConversationTimes>();

  get(conversationId: string): ConversationTimes | undefined {
    return this.#times.get(canonicalId(conversationId));
  }

  set(conversationId: string, times: ConversationTimes): void {
    this.#times.set(canonicalId(conversationId), times);
  }

  /** Notes what items state. @returns the conversations whose items do not state both. */
  note(items: readonly ConversationItem[]): readonly string[] {
    const unknown: string[] = [];
    for (const { conversationId, startedAt, endedAt } of items) {
      if (startedAt === undefined || endedAt === undefined) unknown.push(conversationId);
      else this.set(conversationId, { startedAt, endedAt });
    }
    return unknown;
  }

  forget(conversationId: string): void {
    this.#times.delete(canonicalId(conversationId));
  }
}
