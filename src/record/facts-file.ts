/**
 * Facts files: what the platform knew of the conversations that were active on one UTC day. Gzipped JSON lines, sealed as a whole
 * (docs/format.md, "Facts"). The first line is the header, each further line one conversation.
 *
 * A file holds personal data (numbers, names, attributes, notes). What may leave it in clear is the reader's to decide.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createGzip, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { parseDay } from '../recording/time.ts';

/** Named in every facts file; another shape has another name. */
export const FACTS_SCHEMA = 'genesys-media-archive/facts/v1';

/** What `conversation-id` of a facts file's encryption context is: no id of a conversation can hold a `/`. */
export const FACTS_CONVERSATION_ID = 'catalogue/v1';

export const FACTS_PREFIX = 'facts/';

/** Conversations of one part of a day's facts; a larger day has several parts. */
export const MAX_FACTS_PART_LINES = 50_000;

/** Characters of one line; attributes alone may have some hundred thousand. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

const id = z.string().min(1).max(128);
const text = z.string();
const time = z.iso.datetime({ precision: 3 });
const ids = z.array(id);
const milliseconds = z.int().min(0);

/** `known`: asked and answered. The others have no names, for different reasons. */
const names = z.object({
  status: z.enum(['known', 'forbidden', 'not-asked', 'failed']),
  /** By id. */
  names: z.record(z.string(), z.string()).exactOptional(),
});

const header = z.object({
  schema: z.literal(FACTS_SCHEMA),
  /** `YYYY-MM-DD`, UTC. */
  day: z.string().refine((day) => parseDay(day) !== undefined),
  source: z.enum(['analytics-details-job']),
  /** Of the newest answer; the facts are as old as that. */
  fetchedAt: time,
  /** `dataAvailabilityDate` as it was before the job began; absent where the client may not ask. */
  dataAvailableUntil: time.exactOptional(),
  /** From 1. All parts of one writing have the same `writtenBy`. */
  part: z.int().min(1),
  /** Stated by the first part only, which is written last. */
  parts: z.int().min(1).exactOptional(),
  /** A random id of the run that wrote the parts. */
  writtenBy: id,
  /** What ids of this organization were called on that day. */
  named: z.object({ queues: names, wrapUps: names, divisions: names, users: names }),
});

const interval = z.object({ start: time, end: time.exactOptional() });

const wrapUp = z.object({
  code: id,
  note: text.exactOptional(),
  tags: z.array(text).exactOptional(),
  start: time.exactOptional(),
  end: time.exactOptional(),
});

const session = z.object({
  id,
  /** In lower case, e.g. `voice`, `chat`, `email`, `message`, `screenshare`. */
  media: text.exactOptional(),
  direction: text.exactOptional(),
  provider: text.exactOptional(),
  /** As stated: `tel:+…`, a SIP address, or words. */
  ani: text.exactOptional(),
  dnis: text.exactOptional(),
  addressFrom: text.exactOptional(),
  addressTo: text.exactOptional(),
  /** Whether a recording was started; not whether a file was kept. Absent: not stated. */
  recording: z.boolean().exactOptional(),
  start: time.exactOptional(),
  end: time.exactOptional(),
  queueIds: ids,
  holds: z.array(interval),
  wrapUps: z.array(wrapUp),
});

const participant = z.object({
  id,
  /** e.g. `customer`, `external`, `agent`, `acd`, `ivr`. */
  purpose: text.exactOptional(),
  name: text.exactOptional(),
  userId: id.exactOptional(),
  teamId: id.exactOptional(),
  externalContactId: id.exactOptional(),
  attributes: z.record(z.string(), z.string()).exactOptional(),
  sessions: z.array(session),
});

const line = z.object({
  conversationId: id,
  start: time,
  /** Absent while the conversation goes on, as far as the platform knew. */
  end: time.exactOptional(),
  /** `inbound` or `outbound`. */
  direction: text.exactOptional(),
  divisionIds: ids,
  externalTag: text.exactOptional(),
  /** Of all sessions, in lower case, each once. */
  media: z.array(text),
  /** What was started, by any session or participant. */
  recorded: z.object({ audio: z.boolean(), screen: z.boolean(), snippet: z.boolean() }),
  /** Of the first session of the customer. Inbound: `ani` is the customer, `dnis` the company; outbound: the other way round. */
  ani: text.exactOptional(),
  dnis: text.exactOptional(),
  /** Of all participants, each once, in their order. */
  agentIds: ids,
  queueIds: ids,
  wrapUpCodes: ids,
  durations: z.object({
    totalMs: milliseconds.exactOptional(),
    talkMs: milliseconds.exactOptional(),
    holdMs: milliseconds.exactOptional(),
    acwMs: milliseconds.exactOptional(),
  }),
  participants: z.array(participant),
  evaluationIds: ids,
  surveyIds: ids,
});

export type FactsHeader = z.infer<typeof header>;
export type FactsNames = z.infer<typeof names>;
export type FactsLine = z.infer<typeof line>;
export type FactsParticipant = z.infer<typeof participant>;
export type FactsSession = z.infer<typeof session>;
export type FactsWrapUp = z.infer<typeof wrapUp>;

/**
 * The key of one part of a day's facts.
 *
 * @param day `YYYY-MM-DD`, UTC.
 * @param part from 1.
 */
export function factsKey(day: string, part = 1): string {
  const name = part === 1 ? 'conversations' : `conversations-${part}`;
  return `${FACTS_PREFIX}${day.replaceAll('-', '/')}/${name}.ndjson.gz.enc`;
}

/** The inverse of {@link factsKey}; `undefined` for every other key. */
export function parseFactsKey(key: string): { readonly day: string; readonly part: number } | undefined {
  const found = /^facts\/(\d{4})\/(\d{2})\/(\d{2})\/conversations(?:-([1-9]\d{0,5}))?\.ndjson\.gz\.enc$/.exec(
    key,
  );
  if (found === null || found[4] === '1') return undefined;
  const day = `${found[1]}-${found[2]}-${found[3]}`;
  return parseDay(day) === undefined ? undefined : { day, part: Number(found[4] ?? '1') };
}

/** What a facts file is sealed for: ids that no recording can have, so that a key policy can tell them apart. */
export function factsIds(day: string): { readonly conversationId: string; readonly recordingId: string } {
  return { conversationId: FACTS_CONVERSATION_ID, recordingId: `${FACTS_PREFIX}${day}` };
}

/** Writes one part as gzip; `lines` are read as they are needed. An error of theirs is thrown on. */
export async function* writeFacts(
  head: FactsHeader,
  lines: AsyncIterable<FactsLine> | Iterable<FactsLine>,
): AsyncGenerator<Uint8Array, void, undefined> {
  async function* texts() {
    yield `${JSON.stringify(header.parse(head))}\n`;
    for await (const one of lines) yield `${JSON.stringify(line.parse(one))}\n`;
  }
  const gzip = createGzip();
  // an error of either side ends the other, and is thrown by the iteration
  pipeline(Readable.from(texts()), gzip, () => undefined);
  for await (const chunk of gzip) yield chunk as Uint8Array;
}

/**
 * Gathers the conversations of one part, compressed: a part of {@link MAX_FACTS_PART_LINES} has some 20 MB. Its header comes last, for
 * only then is it known how many parts there are; it is a gzip member of its own in front of the others (RFC 1952, section 2.2).
 */
export class FactsPart {
  readonly #gzip = createGzip();
  readonly #chunks: Buffer[] = [];
  readonly #ended: Promise<void>;
  #lines = 0;

  constructor() {
    this.#ended = (async () => {
      for await (const chunk of this.#gzip) this.#chunks.push(chunk as Buffer);
    })();
    // thrown by `pack`
    this.#ended.catch(() => undefined);
  }

  /** Conversations so far. */
  get lines(): number {
    return this.#lines;
  }

  async add(conversation: FactsLine): Promise<void> {
    this.#lines += 1;
    const text = `${JSON.stringify(line.parse(conversation))}\n`;
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)));
    });
  }

  /** The whole part. Nothing can be added any more. */
  async pack(head: FactsHeader): Promise<Buffer> {
    this.#gzip.end();
    await this.#ended;
    return Buffer.concat([gzipSync(`${JSON.stringify(header.parse(head))}\n`), ...this.#chunks]);
  }
}

/**
 * Reads one part: its header, then its conversations, one at a time.
 *
 * @param key names the part in messages.
 * @throws `OBJECT_MALFORMED` (not retryable) for what is no gzip, ends early, or holds a line that is none; and what `body` throws.
 */
export async function readFacts(
  key: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<{ readonly header: FactsHeader; readonly lines: AsyncGenerator<FactsLine, void, undefined> }> {
  const texts = readLines(key, body);
  const first = await texts.next();
  const head = first.done === true ? undefined : header.safeParse(parseForeignJson(first.value));
  if (head?.success !== true) {
    await texts.return();
    throw malformed(key, 'its first line is not the header of a facts file');
  }
  return { header: head.data, lines: readConversations(key, texts) };
}

async function* readConversations(
  key: string,
  texts: AsyncIterable<string>,
): AsyncGenerator<FactsLine, void, undefined> {
  let number = 1;
  for await (const one of texts) {
    number += 1;
    const parsed = line.safeParse(parseForeignJson(one));
    if (!parsed.success) throw malformed(key, `line ${number} is not a conversation`);
    yield parsed.data;
  }
}

async function* readLines(
  key: string,
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const gunzip = createGunzip();
  let failure: Error | undefined;
  const source = Readable.from(body);
  source.once('error', (error: Error) => {
    failure = error;
  });
  pipeline(source, gunzip, () => undefined);
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of gunzip) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const found = rest.split('\n');
      rest = found.pop() ?? '';
      if (rest.length > MAX_LINE_CHARACTERS) throw malformed(key, 'a line is too long');
      yield* found;
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof ArchiveError) throw error;
    throw malformed(key, 'it is not complete gzip');
  }
  if (rest !== '') throw malformed(key, 'its last line is cut off');
}

function malformed(key: string, why: string): ArchiveError {
  return new ArchiveError('OBJECT_MALFORMED', `${key}: ${why}`);
}
