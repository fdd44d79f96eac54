import { SimulatorError } from '../simulator-error.ts';
import type { CataloguedRecording } from '../catalogue.ts';
import { fileId, type FileName, parseFileId, synthesiseFile } from './recordings-files.ts';
import {
  buildConversation,
  isListed,
  type ModelConversation,
  type ModelRecording,
  type ScriptedConversation,
} from './recordings-model.ts';

/** The one that the examples of the documentation name. */
export const SIMULATED_ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';

/** A batch download that was asked for. */
export interface BatchJob {
  readonly id: string;
  readonly submittedAt: number;
  readonly items: readonly { readonly conversationId: string; readonly recordingId: string | undefined }[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly now: () => number;
  readonly organizationId?: string | undefined;
  /** A signed link to a file. */
  readonly link: (fileId: string) => string;
}

/** The organization the published API speaks of: its conversations, what the client may do, what it has asked for. */
export class RecordingsWorld {
  readonly organizationId: string;
  readonly jobs = new Map<string, BatchJob>();
  readonly now: () => number;
  readonly #seed: number;
  readonly #link: (fileId: string) => string;
  readonly #conversations = new Map<string, ModelConversation>();
  readonly #recordings = new Map<string, ModelRecording>();
  readonly #files = new Map<string, CataloguedRecording>();
  readonly #denied = new Set<string>();
  #added = 0;

  constructor({ seed, now, link, organizationId = SIMULATED_ORGANIZATION }: WorldOptions) {
    this.organizationId = organizationId;
    this.#seed = seed;
    this.now = now;
    this.#link = link;
  }

  /** @throws `USAGE` when an id is taken. */
  add(script: ScriptedConversation): ModelConversation {
    const conversation = buildConversation(script, this.#seed, this.#added, this.now());
    this.#added += 1;
    const taken =
      this.#conversations.has(conversation.id) ||
      conversation.recordings.some(
        ({ id }, at, all) => this.#recordings.has(id) || all.findIndex((one) => one.id === id) !== at,
      );
    if (taken) throw new SimulatorError(`conversation ${conversation.id}: an id is there already`);
    this.#conversations.set(conversation.id, conversation);
    for (const recording of conversation.recordings) this.#recordings.set(recording.id, recording);
    return conversation;
  }

  get conversations(): readonly ModelConversation[] {
    return [...this.#conversations.values()];
  }

  conversation(id: string): ModelConversation | undefined {
    return this.#conversations.get(id);
  }

  /** A recording that is listed by now. */
  recording(conversationId: string, recordingId: string): ModelRecording | undefined {
    const recording = this.#recordings.get(recordingId);
    if (recording === undefined || recording.conversation.id !== conversationId) return undefined;
    return isListed(recording, this.now()) ? recording : undefined;
  }

  /** From now on the client lacks a permission. */
  deny(permission: string): void {
    this.#denied.add(permission);
  }

  /** From now on the client has it again. */
  grant(permission: string): void {
    this.#denied.delete(permission);
  }

  has(permission: string): boolean {
    return !this.#denied.has(permission);
  }

  /** A signed link to one file of a recording. */
  link(name: FileName): string {
    return this.#link(fileId(name));
  }

  /** What the media host serves under an id. */
  file(id: string): CataloguedRecording | undefined {
    const known = this.#files.get(id);
    if (known !== undefined) return known;
    const name = parseFileId(id);
    const recording = name === undefined ? undefined : this.#recordings.get(name.recordingId);
    if (name === undefined || recording === undefined) return undefined;
    const file = synthesiseFile(recording, name);
    this.#files.set(id, file);
    return file;
  }
}
