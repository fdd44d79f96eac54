import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { count, formatBytes, formatDuration, printable, quoteForShell } from '../../src/cli/_format.ts';
import { describeProgress, type ProgressCount } from '../../src/cli/_progress.ts';
import { createUi, type OutputStream, type UiOptions } from '../../src/cli/_ui.ts';
import { ArchiveError } from '../../src/errors.ts';

/** Two streams, and what was written to them. */
function listen(options: Partial<UiOptions> & { readonly tty?: boolean; readonly columns?: number } = {}) {
  const open = () => {
    const stream: OutputStream = Object.assign(new PassThrough(), {
      isTTY: options.tty === true,
      ...(options.columns === undefined ? {} : { columns: options.columns }),
    });
    return stream;
  };
  const [stdout, stderr] = [open(), open()];
  const ui = createUi({
    stdout,
    stderr,
    env: {},
    json: false,
    quiet: false,
    debug: false,
    color: true,
    ...options,
  });
  const read = (stream: OutputStream) => String((stream as PassThrough).read() ?? '');
  return { ui, out: () => read(stdout), err: () => read(stderr) };
}

const failure = new ArchiveError('DECRYPT_FAILED', 'the tag is wrong', { hint: 'check the key' });

describe('createUi', () => {
  it('keeps data and messages apart', () => {
    const { ui, out, err } = listen();
    ui.out('data');
    ui.say('message');
    ui.warn('careful');
    expect(out()).toBe('data\n');
    expect(err()).toBe('message\nwarning: careful\n');
  });

  it('--quiet drops messages, not warnings and errors', () => {
    const { ui, err } = listen({ quiet: true });
    ui.say('message');
    ui.warn('careful');
    ui.fail(failure);
    expect(err()).toMatch(
      /^warning: careful\nerror: the tag is wrong {2}\[DECRYPT_FAILED\]\nhint: {2}check the key\nnext: /,
    );
  });

  it('colours a terminal only, and none with NO_COLOR, TERM=dumb or --no-color', () => {
    const red = '\u001B[31m';
    expect(listen({ tty: true }).ui.style('red', 'x')).toContain(red);
    for (const plain of [
      listen(),
      listen({ tty: true, env: { NO_COLOR: '1' } }),
      listen({ tty: true, env: { TERM: 'dumb' } }),
      listen({ tty: true, color: false }),
    ]) {
      expect(plain.ui.style('red', 'x')).toBe('x');
      expect(plain.ui.styleMessage('red', 'x')).toBe('x');
    }
    expect(listen({ tty: true, env: { NO_COLOR: '' } }).ui.style('red', 'x')).toContain(red);
  });

  it('redraws one line on a terminal, below all other output, and never wider than it', () => {
    const { ui, out, err } = listen({ tty: true, columns: 11, color: false });
    ui.status('working: 12345');
    ui.out('data');
    ui.status(undefined);
    ui.out('more');
    expect(out()).toBe('data\nmore\n');
    expect(err()).toBe('working: 1\r\u001B[2Kworking: 1\r\u001B[2K');
  });

  it('draws no line off a terminal', () => {
    const { ui, err } = listen();
    ui.status('working');
    expect(err()).toBe('');
  });

  it('reports errors as JSON on stderr, records on stdout', () => {
    const { ui, out, err } = listen({ json: true });
    ui.record('thing', { key: 'k' });
    ui.fail(failure);
    expect(JSON.parse(out())).toEqual({ type: 'thing', schemaVersion: 1, key: 'k' });
    expect(JSON.parse(err())).toEqual({
      type: 'error',
      schemaVersion: 1,
      code: 'DECRYPT_FAILED',
      message: 'the tag is wrong',
      retryable: false,
      hint: 'check the key',
      exitCode: 5,
    });
  });

  it('names the documentation where there is nothing better to say', () => {
    const { ui, err } = listen();
    ui.fail(new ArchiveError('KEY_COLLISION', 'taken'));
    expect(err()).toBe('error: taken  [KEY_COLLISION]\nnext:  see docs/errors.md#key_collision\n');
  });

  it('never repeats what a foreign error says', () => {
    const { ui, err } = listen({ debug: true });
    ui.fail(new Error('GET https://host/?X-Amz-Signature=secret'));
    const shown = err();
    expect(shown).toContain('error: unexpected Error  [UNEXPECTED]');
    expect(shown).toMatch(/^ {4}at /m);
    expect(shown).not.toContain('secret');
  });

  it('does not let file names or metadata steer the terminal', () => {
    const { ui, err } = listen();
    ui.warn('a\u001B[2Jb\rc\u202Ed');
    expect(err()).toBe('warning: a�[2Jb�c�d\n');
  });
});

describe('describeProgress', () => {
  const at = (changed: Partial<ProgressCount>): string =>
    describeProgress('archiving', {
      done: 3,
      failed: 0,
      total: undefined,
      bytes: 2_097_152,
      totalBytes: undefined,
      elapsedMs: 2000,
      ...changed,
    });

  it('tells items, bytes, rate, time left and failures, as far as they are known', () => {
    expect(at({})).toBe('archiving: 3 done, 2.0 MiB, 1.0 MiB/s');
    expect(at({ total: 6 })).toBe('archiving: 3/6, 2.0 MiB, 1.0 MiB/s, 2.0 s left');
    expect(at({ total: 6, totalBytes: 4 * 2_097_152 })).toBe(
      'archiving: 3/6, 2.0 MiB of 8.0 MiB, 1.0 MiB/s, 6.0 s left',
    );
    expect(at({ failed: 1 })).toBe('archiving: 3 done, 2.0 MiB, 1.0 MiB/s, 1 failed');
  });

  it('guesses neither rate nor time left from next to nothing', () => {
    expect(at({ total: 6, elapsedMs: 100 })).toBe('archiving: 3/6, 2.0 MiB');
    expect(at({ total: 40 })).toBe('archiving: 3/40, 2.0 MiB, 1.0 MiB/s');
    expect(at({ total: 40, elapsedMs: 6000 })).toContain('341 KiB/s, 1 min 14 s left');
    expect(at({ total: 6, done: 0, bytes: 0 })).toBe('archiving: 0/6, 0 B');
    expect(at({ total: 6, done: 6 })).toBe('archiving: 6/6, 2.0 MiB, 1.0 MiB/s');
  });
});

describe('formats', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [150_000, '146 KiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ])('%i bytes: %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [400, '0.4 s'],
    [59_400, '59 s'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
  ])('%i ms: %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('counts, quotes and cleans', () => {
    expect([count(1, 'entry', 'entries'), count(2, 'entry', 'entries')]).toEqual(['1 entry', '2 entries']);
    expect([quoteForShell('file:/a-b_c.d'), quoteForShell("it's")]).toEqual([
      'file:/a-b_c.d',
      String.raw`'it'\''s'`,
    ]);
    expect(printable('Zoë 🎧')).toBe('Zoë 🎧');
  });
});
