import { parseForeignJson, readField } from '../../json.ts';
import { isSafeId, shortenForMessage } from '../../recording/id.ts';

/** One line of a list of ids. */
export type IdLine =
  | { readonly conversationId: string; readonly recordingId?: string }
  /** Whose conversation has to be found. */
  | { readonly recordingId: string; readonly conversationId?: undefined };

export type ReadIdLine =
  | { readonly ids: IdLine }
  /** Nothing stands there: an empty line, a comment, the names of the columns. */
  | { readonly nothing: true }
  | { readonly problem: string };

/** Characters of a line that are looked at. */
const MAX_LINE = 4_096;

const CONVERSATION_NAMES = new Set(['conversationid', 'conversation', 'interactionid']);
const RECORDING_NAMES = new Set(['recordingid', 'recording', 'mediaid']);

/**
 * Reads a list of ids line by line. Its first line decides the form: JSON lines (`{"conversationId": …, "recordingId": …}`), CSV whose
 * first line names its columns, or plain lines, each a conversation (`ID`) or a recording with its conversation
 * (`CONVERSATION/RECORDING`, or both with a comma between them).
 */
export class IdListReader {
  #form: 'json' | 'csv' | 'plain' | undefined;
  #separator = ',';
  #conversationColumn = -1;
  #recordingColumn = -1;

  read(line: string): ReadIdLine {
    if (line.length > MAX_LINE) return { problem: `is longer than ${MAX_LINE} characters` };
    const text = line.replace(/^\uFEFF/, '').trim();
    if (text === '' || text.startsWith('#')) return { nothing: true };
    if (this.#form === undefined) {
      // an id in braces, as some databases write it, is none of JSON
      this.#form = /^\{\s*["}]/.test(text) ? 'json' : 'plain';
      if (this.#form === 'plain' && this.#readHead(text)) return { nothing: true };
    }
    if (this.#form === 'json') return this.#readJson(text);
    return this.#form === 'csv' ? this.#readCsv(text) : readPlain(text);
  }

  #readHead(text: string): boolean {
    const separator = [',', ';', '\t'].find((one) => text.includes(one)) ?? ',';
    const names = cells(text, separator).map((name) => name.toLowerCase().replaceAll(/[^a-z]/g, ''));
    const conversation = names.findIndex((name) => CONVERSATION_NAMES.has(name));
    const recording = names.findIndex((name) => RECORDING_NAMES.has(name));
    if (conversation === -1 && recording === -1) return false;
    this.#form = 'csv';
    this.#separator = separator;
    this.#conversationColumn = conversation;
    this.#recordingColumn = recording;
    return true;
  }

  #readCsv(text: string): ReadIdLine {
    const found = cells(text, this.#separator);
    const cell = (at: number) => (at === -1 || found[at] === '' ? undefined : found[at]);
    return idsFrom(cell(this.#conversationColumn), cell(this.#recordingColumn));
  }

  #readJson(text: string): ReadIdLine {
    const value = parseForeignJson(text);
    if (typeof value !== 'object' || value === null) return { problem: 'is not a JSON object' };
    const field = (...names: readonly string[]) =>
      names.map((name) => readField(value, name)).find((one) => one !== undefined && one !== null);
    return idsFrom(field('conversationId', 'interactionId'), field('recordingId', 'mediaId'));
  }
}

function readPlain(text: string): ReadIdLine {
  const parts = cells(text, /[/,;\t]/);
  if (parts.length > 2) return { problem: 'has more than two ids' };
  return idsFrom(parts[0], parts[1]);
}

function idsFrom(conversationId: unknown, recordingId: unknown): ReadIdLine {
  for (const id of [conversationId, recordingId]) {
    if (id !== undefined && !isSafeId(id)) {
      const shown = typeof id === 'string' ? shortenForMessage(id) : `of type ${typeof id}`;
      return { problem: `has an id ${shown} that no conversation or recording can have` };
    }
  }
  if (isSafeId(conversationId)) {
    return { ids: { conversationId, ...(isSafeId(recordingId) ? { recordingId } : {}) } };
  }
  return isSafeId(recordingId) ? { ids: { recordingId } } : { problem: 'names no id' };
}

/** Cells of a line; a separator within quotes is none. Quotes, and braces around an id, are taken off. */
function cells(text: string, separator: string | RegExp): string[] {
  const isSeparator = (one: string) =>
    typeof separator === 'string' ? one === separator : separator.test(one);
  const found: string[] = [''];
  let isQuoted = false;
  for (const one of text) {
    if (one === '"') isQuoted = !isQuoted;
    if (!isQuoted && isSeparator(one)) found.push('');
    else found[found.length - 1] += one;
  }
  return found.map(unquote);
}

function unquote(cell: string): string {
  return cell
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim()
    .replace(/^\{([0-9A-Fa-f-]+)\}$/, '$1');
}
