import { ArchiveError, describeForeign, systemCodeOf } from '../../errors.ts';
import { gatherBytes } from '../../gather-bytes.ts';
import { parseForeignJson } from '../../json.ts';
import { decodeText, readTextFile } from '../../text-file.ts';

/** Bytes. The largest event of AWS is 6 MB (a Lambda invocation); a file of many, one a line, may be larger. */
const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/**
 * The events of a file, or of standard input for `-`: one JSON document, or one a line.
 *
 * @returns at least one; a line that is not JSON is returned as text, for `parseEvent` to refuse by itself.
 * @throws `USAGE` when the file cannot be read, `EVENT_INVALID` when it is empty or too large.
 */
export async function readEvents(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<readonly unknown[]> {
  const text = file === '-' ? await readStandardInput(stdin) : await readFileText(file);
  if (text.trim() === '') throw new ArchiveError('EVENT_INVALID', 'the event is empty');
  const whole = parseForeignJson(text);
  if (whole !== undefined) return [whole];
  // files that were joined have a byte order mark where each of them began
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.replace(/^\uFEFF/, ''));
  return lines.filter((line) => line.trim() !== '').map((line) => parseForeignJson(line) ?? line);
}

async function readFileText(file: string): Promise<string> {
  try {
    return await readTextFile(file, {
      what: `the event file ${file}`,
      code: 'EVENT_INVALID',
      maxBytes: MAX_INPUT_BYTES,
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const why =
      systemCodeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${describeForeign(error)}`;
    throw new ArchiveError('USAGE', `the event file ${file} ${why}`);
  }
}

async function readStandardInput(source: AsyncIterable<Uint8Array>): Promise<string> {
  const tooLong = () => new ArchiveError('EVENT_INVALID', 'the event is larger than 64 MiB');
  const bytes = await gatherBytes(source, MAX_INPUT_BYTES, tooLong);
  return decodeText(bytes, 'the event on standard input', 'EVENT_INVALID');
}
