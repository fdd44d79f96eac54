/** What the platform made of a recording, in the few members that the page shows. Pure. */
import * as z from 'zod';
import { present } from '../present.ts';
import type { Transcript } from './api-schema.ts';

/** The platform's JSON states more; what is missing of this costs one turn, or the transcript. */
const phrase = z.object({
  text: z.string(),
  decoratedText: z.string().optional(),
  confidence: z.number().optional(),
  /** Epoch ms, or ms from the start. */
  startTimeMs: z.number(),
  duration: z.object({ milliseconds: z.number() }).optional(),
  participantPurpose: z.string().optional(),
});

/** Epoch ms, as a number or in ISO 8601. */
const moment = z.union([z.number(), z.string().transform((text) => Date.parse(text))]).optional();

const transcriptFile = z.object({
  startTime: moment,
  transcripts: z.array(
    z.object({
      language: z.string().optional(),
      startTime: moment,
      phrases: z.array(z.unknown()),
    }),
  ),
});

/** Before any call, and after any offset within one. */
const EARLIEST_EPOCH_MS = Date.UTC(2000, 0, 1);

/** `undefined` for what is no transcript of the platform. */
export function readTranscript(value: unknown): Transcript | undefined {
  const parsed = transcriptFile.safeParse(value);
  if (!parsed.success) return undefined;
  const { transcripts, startTime } = parsed.data;
  const turns: Transcript['turns'] = [];
  for (const one of transcripts) {
    const begins = startTime ?? one.startTime;
    for (const each of one.phrases) {
      const known = phrase.safeParse(each);
      if (known.success) turns.push(turnOf(known.data, begins));
    }
  }
  turns.sort((one, other) => one.start - other.start);
  return { language: transcripts.find(({ language }) => language !== undefined)?.language ?? 'und', turns };
}

function turnOf(
  { text, decoratedText, confidence, startTimeMs, duration, participantPurpose }: z.output<typeof phrase>,
  begins: number | undefined,
): Transcript['turns'][number] {
  const isAbsolute = startTimeMs >= EARLIEST_EPOCH_MS;
  const start = Math.max(0, (isAbsolute ? startTimeMs - (begins ?? startTimeMs) : startTimeMs) / 1_000);
  return {
    channel: participantPurpose ?? 'unknown',
    start,
    end: start + (duration?.milliseconds ?? 0) / 1_000,
    text: decoratedText ?? text,
    ...present({ confidence }),
  };
}
