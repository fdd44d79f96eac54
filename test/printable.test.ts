import { describe, expect, it } from 'vitest';
import { createUi } from '../src/cli/_ui.ts';
import { jsonLogger } from '../src/log.ts';
import { printable, printableJson, printableLines } from '../src/printable.ts';
import { PassThrough } from 'node:stream';

const UNSEEN: readonly (readonly [string, string])[] = [
  ['C0', '\u001B'],
  ['tab', '\t'],
  ['carriage return', '\r'],
  ['DEL', '\u007F'],
  ['C1: CSI in one byte', '\u009B'],
  ['C1: next line', '\u0085'],
  ['right-to-left override', '\u202E'],
  ['isolate', '\u2066'],
  ['right-to-left mark', '\u200F'],
  ['Arabic letter mark', '\u061C'],
  ['zero-width space', '\u200B'],
  ['zero-width joiner', '\u200D'],
  ['word joiner', '\u2060'],
  ['byte order mark', '\uFEFF'],
  ['soft hyphen', '\u00AD'],
  ['line separator', '\u2028'],
  ['interlinear annotation', '\uFFF9'],
  ['tag character', '\u{E0041}'],
  ['cancel tag', '\u{E007F}'],
  ['variation selector', '\uFE0F'],
  ['supplementary variation selector', '\u{E0100}'],
  ['Hangul filler', '\u3164'],
  ['lone surrogate', '\uD800'],
];

describe('text of strangers', () => {
  it.each(UNSEEN)('%s: replaced in text, escaped in JSON with the same value', (_name, character) => {
    const name = `a${character}b`;
    expect(printable(name)).toBe('a�b');
    expect(printableLines(name)).toBe('a�b');
    const json = printableJson({ name });
    expect(json).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(json)).toEqual({ name });
  });

  it('what is letters, marks or pictures stays, and a line stays one line', () => {
    const text = 'Zoë Ünal 東京 🎧 עברית عربى e\u0301';
    expect(printable(text)).toBe(text);
    expect(printable('one\ntwo')).toBe('one�two');
    expect(printableLines('one\ntwo')).toBe('one\ntwo');
    expect(printableJson({ text }, 2)).toBe(`{\n  "text": "${text}"\n}`);
  });
});

describe('every way to say something', () => {
  const hostile = 'x\u009B2J\u202Ey\u{E0041}\u001B[8mz';
  const open = (json: boolean, tty = false) => {
    const stdout = Object.assign(new PassThrough(), { isTTY: tty });
    const stderr = Object.assign(new PassThrough(), { isTTY: tty });
    const ui = createUi({ stdout, stderr, env: {}, json, quiet: false, debug: true, color: true });
    return { ui, shown: () => `${String(stdout.read() ?? '')}${String(stderr.read() ?? '')}` };
  };

  it.each([
    ['text', false, false],
    ['text on a terminal', false, true],
    ['JSON', true, false],
  ])('%s: no character that steers or hides gets through', (_name, json, tty) => {
    const { ui, shown } = open(json, tty);
    if (json) ui.record('thing', { hostile });
    else ui.out(`${ui.style('red', 'FAILED')} ${hostile}`);
    ui.say(hostile);
    ui.warn(hostile);
    ui.fail(new Error(hostile));
    const text = shown();
    expect(text).not.toMatch(/[\u0080-\u009F\u202E\u{E0041}]/u);
    expect(text).not.toContain('\u001B[8m');
    if (!json && !tty) expect(text).not.toContain('\u001B');
    if (tty) expect(text).toContain('\u001B[31mFAILED\u001B[39m');
  });

  it('log lines', () => {
    const lines: string[] = [];
    jsonLogger(
      (line) => lines.push(line),
      () => 0,
    ).log('info', 'seen', { key: hostile });
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
  });
});
