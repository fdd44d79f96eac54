import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { ArchiveError, systemCodeOf } from '../../errors.ts';
import { printable } from '../_format.ts';

/** Bytes of one line; a longer one is none of a list. */
const MAX_LINE_BYTES = 1024 * 1024;

/**
 * Reports early that a list cannot be read, before the platform is asked for anything.
 *
 * @throws `USAGE`.
 */
export async function requireReadable(file: string): Promise<void> {
  if (file === '-') return;
  try {
    await access(file, constants.R_OK);
  } catch (error) {
    throw unreadable(printable(file), error);
  }
  if ((await stat(file)).isDirectory()) {
    throw new ArchiveError('USAGE', `${printable(file)} is a directory, and no list`, {
      hint: 'name the file; what a bulk export has written is taken with --from-export',
    });
  }
}

/**
 * The lines of a file, or of standard input for `-`, one at a time. UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
 *
 * @throws `USAGE` when the file cannot be read, or is no text.
 */
export async function* readLines(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const name = file === '-' ? 'standard input' : printable(file);
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let rest = '';
  try {
    for await (const chunk of file === '-' ? stdin : createReadStream(file)) {
      const bytes = chunk as Uint8Array;
      decoder ??= new TextDecoder(encodingOf(bytes), { fatal: true });
      rest += decoder.decode(bytes, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield line.replace(/\r$/, '');
      if (rest.length > MAX_LINE_BYTES) throw notText(name);
    }
    rest += decoder?.decode() ?? '';
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    if (error instanceof TypeError) throw notText(name);
    throw unreadable(name, error);
  }
  if (rest !== '') yield rest;
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

function unreadable(name: string, error: unknown): ArchiveError {
  const code = systemCodeOf(error);
  return new ArchiveError('USAGE', `${name} cannot be read${code === undefined ? '' : ` (${code})`}`);
}

function notText(name: string): ArchiveError {
  return new ArchiveError('USAGE', `${name} is not a list of ids in UTF-8`);
}
