import { expect } from 'vitest';
import { BodyFraming, type Step } from '../../src/http/body-framing.ts';
import type { Framing } from '../../src/http/response-head.ts';

export interface Read {
  readonly body: Buffer;
  readonly ends: number;
  readonly malformed: boolean;
  /** What was not used of the piece in which the body ended, and the pieces behind it. */
  readonly rest: Buffer;
}

/** Hands the pieces over one by one, as a connection does: what is not used is handed over again. */
export function read(framing: Framing, pieces: readonly Buffer[]): Read {
  const body = new BodyFraming(framing);
  const data: Buffer[] = [];
  let malformed = false;
  for (const [index, piece] of pieces.entries()) {
    let left = piece;
    for (;;) {
      const step: Step = body.step(left);
      if (step.kind === 'malformed') {
        malformed = true;
        return { body: Buffer.concat(data), ends: 0, malformed, rest: left };
      }
      if (step.kind === 'data') {
        expect(step.data.length).toBeGreaterThan(0);
        // A view, not a copy.
        expect(step.data.buffer).toBe(left.buffer);
        data.push(step.data);
      }
      left = left.subarray(step.used);
      if (step.kind === 'end') {
        const rest = Buffer.concat([left, ...pieces.slice(index + 1)]);
        return { body: Buffer.concat(data), ends: 1, malformed, rest };
      }
      if (step.kind === 'more') {
        expect(left.length).toBe(0);
        break;
      }
    }
  }
  return { body: Buffer.concat(data), ends: 0, malformed, rest: Buffer.alloc(0) };
}

export function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}
