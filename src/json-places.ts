/** JSON that people write, with the lines in which its members stand. Members that stand twice are refused: one of them has no effect. */
import { isNestedTooDeeply } from './json.ts';

export type JsonPlaces =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      /** From 1; of a member that is not there, of what it would stand in. */
      readonly lineOf: (path: readonly PropertyKey[]) => number;
    }
  | { readonly kind: 'malformed'; readonly line: number; readonly problem: string };

class Malformed extends Error {
  readonly at: number;
  readonly problem: string;

  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
    this.problem = problem;
  }
}

const SCALAR = /(?:true|false|null|-?\d[\d.eE+-]*)/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;

/** Where text that is no JSON stops being it, and repeats nothing of it but a name that stands twice: `line 3: a comma or } is missing`. */
export function describeJsonFault(text: string): string {
  if (text.trim() === '') return 'it is empty';
  if (isNestedTooDeeply(text)) return 'it is nested too deeply';
  const places = jsonPlaces(text);
  return places.kind === 'malformed' ? `line ${places.line}: ${places.problem}` : 'line 1';
}

/** @param text nested no deeper than `MAX_JSON_DEPTH`. */
export function jsonPlaces(text: string): JsonPlaces {
  const lineAt = (at: number) => text.slice(0, at).split('\n').length;
  const lines = new Map<string, number>();
  try {
    const end = skipSpace(text, readValue(text, skipSpace(text, 0), [], lines));
    if (end < text.length) throw new Malformed(end, 'something stands behind the end');
    const value: unknown = JSON.parse(text);
    const lineOf = (path: readonly PropertyKey[]): number => {
      const at = lines.get(nameOf(path));
      return at === undefined ? (path.length === 0 ? 1 : lineOf(path.slice(0, -1))) : lineAt(at);
    };
    return { kind: 'value', value, lineOf };
  } catch (error) {
    if (error instanceof Malformed)
      return { kind: 'malformed', line: lineAt(error.at), problem: error.problem };
    return { kind: 'malformed', line: 1, problem: 'this is no JSON' };
  }
}

const nameOf = (path: readonly PropertyKey[]) => JSON.stringify(path.map(String));

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** @returns where the value ends. */
function readValue(text: string, at: number, path: readonly string[], lines: Map<string, number>): number {
  lines.set(nameOf(path), at);
  const open = text[at];
  if (open !== '{' && open !== '[') {
    const form = open === '"' ? STRING : SCALAR;
    form.lastIndex = at;
    if (form.test(text)) return form.lastIndex;
    throw new Malformed(
      at,
      at >= text.length ? 'the file ends too early' : 'no value stands where one is expected',
    );
  }
  const close = open === '{' ? '}' : ']';
  let next = skipSpace(text, at + 1);
  if (text[next] === close) return next + 1;
  const names = new Set<string>();
  for (let index = 0; ; index += 1) {
    let name = String(index);
    if (open === '{') {
      const start = next;
      ({ name, end: next } = readName(text, next));
      if (names.has(name)) throw new Malformed(start, `"${name.slice(0, 40)}" appears twice`);
      names.add(name);
    }
    next = skipSpace(text, readValue(text, next, [...path, name], lines));
    if (text[next] === close) return next + 1;
    if (text[next] !== ',') throw new Malformed(next, `a comma or ${close} is missing`);
    next = skipSpace(text, next + 1);
  }
}

function readName(text: string, at: number): { readonly name: string; readonly end: number } {
  STRING.lastIndex = at;
  if (!STRING.test(text)) throw new Malformed(at, 'a name in quotes is missing');
  const name = String(JSON.parse(text.slice(at, STRING.lastIndex)));
  const colon = skipSpace(text, STRING.lastIndex);
  if (text[colon] !== ':') throw new Malformed(colon, 'a colon is missing');
  return { name, end: skipSpace(text, colon + 1) };
}
