/**
 * Text of strangers (file names, metadata, answers of servers) for terminals and logs. A terminal obeys control characters, including
 * C1; bidirectional controls reorder what is read; tag and other invisible characters hide in what is copied.
 */

/** General categories Cc, Cf, Zl, Zp and Cs (lone surrogates), and everything that Unicode says is not shown. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
const UNSEEN_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** One line, with `�` for each character that could steer a terminal, start another line or hide. */
export function printable(text: string): string {
  return text.replace(UNSEEN, '�');
}

/** The same for text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.replace(UNSEEN_IN_LINES, '�');
}

/** JSON with the same value, in which every such character is written as an escape. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  return json.replace(UNSEEN_IN_LINES, (character) => {
    const units = Array.from({ length: character.length }, (_, at) => character.charCodeAt(at));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}
