import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ListLine,
  listRoot,
  makeList,
  parseLine,
  redactLine,
} from '../../../src/proof/formats/list-lines.ts';
import { leafHash, rootOf } from '../../../src/proof/formats/merkle.ts';
import { canonicalJson } from '../../../src/record/canonical-json.ts';

const id = fc.stringMatching(/^[0-9a-f]{8}$/);
const line: fc.Arbitrary<ListLine> = fc.record({
  conversation: id,
  media: fc.constantFrom('call', 'screen', 'chat'),
  nonce: fc.stringMatching(/^[0-9a-f]{32}$/),
  recording: id,
  state: fc.constantFrom('both', 'missing', 'excluded'),
});

describe('the lists behind a statement', () => {
  it('have the same root in any order of the lines', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (lines) => {
        expect(makeList(lines.toReversed())).toEqual(makeList(lines));
        expect(makeList(lines).lines.map(parseLine)).toHaveLength(lines.length);
      }),
    );
  });

  it('stand by conversation, recording and media, and alike ones by their text', () => {
    const nonce = (digit: string) => digit.repeat(32);
    const of = (conversation: string, recording: string, media: string, digit: string): ListLine => ({
      conversation,
      media,
      nonce: nonce(digit),
      recording,
      state: 'both',
    });
    const ordered = [
      of('a', 'b', 'call', '1'),
      of('a', 'b', 'call', '2'),
      of('a', 'b', 'screen', '0'),
      of('a', 'bb', 'call', '0'),
      of('ab', 'a', 'call', '0'),
      of('b', 'a', 'call', '0'),
    ];
    const texts = ordered.map((each) => canonicalJson(each));
    for (const shuffled of [
      ordered,
      ordered.toReversed(),
      ordered.toSorted((one, other) => (one.nonce < other.nonce ? 1 : -1)),
    ]) {
      const { lines, root } = makeList(shuffled);
      expect(lines).toEqual(texts);
      expect(root).toBe(rootOf(texts.map((each) => leafHash(Buffer.from(each)))).toString('hex'));
    }
  });

  it('hold nothing of what was erased before they were made', () => {
    const [erased] = fc.sample(line, { numRuns: 1, seed: 3 });
    if (erased === undefined) throw new Error('no line');
    const { lines } = makeList([
      { ...erased, state: 'excluded', reason: 'erased' },
      { ...erased, state: 'excluded', reason: 'sensitive' },
    ]);
    expect(lines.filter((text) => text.startsWith('{"leaf":"'))).toHaveLength(1);
    expect(lines.join('')).not.toContain('"reason":"erased"');
  });

  it('take what only looks like an erased line for the text that it is', () => {
    for (const text of [`{"leaf":"${'g'.repeat(64)}"}`, `{"leaf":"${'0'.repeat(62)}"}`]) {
      expect(listRoot([text])).toBe(rootOf([leafHash(Buffer.from(text))]).toString('hex'));
      expect(redactLine(text)).toBe(`{"leaf":"${leafHash(Buffer.from(text)).toString('hex')}"}`);
    }
  });

  it('keep their root when lines are erased, and hold nothing of them any more', () => {
    const some = fc
      .array(line, { minLength: 1, maxLength: 20 })
      .chain((lines) => fc.tuple(fc.constant(lines), fc.array(fc.nat(lines.length - 1), { minLength: 1 })));
    fc.assert(
      fc.property(some, ([lines, erased]) => {
        const list = makeList(lines);
        const redacted = list.lines.map((text, at) => (erased.includes(at) ? redactLine(text) : text));
        expect(listRoot(redacted)).toBe(list.root);
        for (const at of erased) {
          expect(redacted[at]).not.toContain('recording');
          expect(redactLine(redacted[at] as string)).toBe(redacted[at]);
        }
      }),
    );
  });

  it('have another root after any other change', () => {
    const some = fc
      .array(line, { minLength: 1, maxLength: 20 })
      .chain((lines) => fc.tuple(fc.constant(lines), fc.nat(lines.length - 1)));
    fc.assert(
      fc.property(some, ([lines, at]) => {
        const list = makeList(lines);
        const changed = list.lines.with(at, (list.lines[at] as string).replace('state', 'stata'));
        expect(listRoot(changed)).not.toBe(list.root);
        expect(listRoot(list.lines.toSpliced(at, 1))).not.toBe(list.root);
      }),
    );
  });

  it('take no line in another spelling', () => {
    const [text = ''] = makeList(fc.sample(line, { numRuns: 1, seed: 7 })).lines;
    expect(parseLine(text)).toBeDefined();
    for (const wrong of ['', '{}', ` ${text}`, text.replace('}', ',"name":"x"}'), '{"leaf":"00"}']) {
      expect(parseLine(wrong)).toBeUndefined();
    }
  });
});
