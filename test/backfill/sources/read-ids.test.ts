import { describe, expect, it } from 'vitest';
import { IdListReader } from '../../../src/backfill/sources/read-ids.ts';

const A = '6f1a4c7e-3f0b-4f3a-9a53-3c7d5b2f7a10';
const B = '0b7a3e51-8f0f-4a0f-8d5e-6a8d3e1c2b4f';

function read(lines: readonly string[]) {
  const reader = new IdListReader();
  return lines.map((line) => reader.read(line)).filter((one) => !('nothing' in one));
}

describe('a list of ids', () => {
  it.each([
    ['with a byte order mark and CRLF', ['\uFEFFconversationId,recordingId\r', `${A},${B}\r`], [A, B]],
    [
      'with quoted names of columns',
      ['"Conversation ID";"Agent";"Recording ID"', `"${A}";"x;y";"${B}"`],
      [A, B],
    ],
    ['with a separator within quotes in front', ['agent,conversationId', `"Doe, Jane",${A}`], [A, undefined]],
    ['with tabs', ['recordingId\tconversationId', `${B}\t${A}`], [A, B]],
    [
      'in braces and upper case, as a database writes them',
      [`{${A.toUpperCase()}}`],
      [A.toUpperCase(), undefined],
    ],
    ['in braces, two on a line', [`{${A}},{${B}}`], [A, B]],
    ['of JSON lines', [`{ "conversationId": "${A}", "recordingId": "${B}" }`], [A, B]],
    ['after comments and empty lines', ['# of March', '', `${A}/${B}`], [A, B]],
  ])('is read %s', (_, lines, [conversationId, recordingId]) => {
    expect(read(lines)).toEqual([
      { ids: { conversationId, ...(recordingId === undefined ? {} : { recordingId }) } },
    ]);
  });

  it.each([
    ['a path', '../../etc/passwd'],
    ['three ids', `${A},${B},${A}`],
    ['words', 'no id at all'],
    ['JSON among plain lines', `{"conversationId":"${A}"}`],
    ['an open quote', `"${A},${B}`],
  ])('says what is wrong with a line that is %s', (_, line) => {
    expect(read([A, line]).at(-1)).toHaveProperty('problem');
  });

  it('says that nothing is named where the cell of the id is empty', () => {
    expect(read(['conversationId,agent', ',x'])).toEqual([{ problem: 'names no id' }]);
  });
});
