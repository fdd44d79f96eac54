import type { WholeObject } from './webcrypto.ts';

/** An object under attack. `instruction` holds its instruction file where it has one. */
export interface Target extends WholeObject {
  readonly instruction?: Readonly<Record<string, string>>;
}

export interface Mutant {
  readonly what: string;
  readonly object: Target;
}

type Values = Readonly<Record<string, string>>;

/** Everything one attacker with write access can do to one object, systematically. */
export function* mutantsOf(target: Target, optional: readonly string[] = []): Generator<Mutant> {
  yield* bodyMutants(target);
  yield* valueMutants(target.metadata, optional, (metadata) => ({ ...target, metadata }));
  if (target.instruction !== undefined) {
    yield* valueMutants(target.instruction, optional, (instruction) => ({ ...target, instruction }));
  }
}

/** Every bit flipped, every truncation at either end, extensions at either end, tags cut to every length. */
function* bodyMutants(target: Target): Generator<Mutant> {
  const { body } = target;
  for (let bit = 0; bit < body.length * 8; bit += 1) {
    const changed = Uint8Array.from(body);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield { what: `bit ${bit} of the body`, object: { ...target, body: changed } };
  }
  for (let length = 0; length < body.length; length += 1) {
    yield { what: `body cut to ${length}`, object: { ...target, body: body.subarray(0, length) } };
    yield {
      what: `body without its first ${length + 1}`,
      object: { ...target, body: body.subarray(length + 1) },
    };
  }
  for (let extra = 1; extra <= 32; extra += 1) {
    const more = new Uint8Array(extra);
    yield { what: `body and ${extra} zeros`, object: { ...target, body: Buffer.concat([body, more]) } };
    yield { what: `${extra} zeros and body`, object: { ...target, body: Buffer.concat([more, body]) } };
  }
  yield { what: 'body twice', object: { ...target, body: Buffer.concat([body, body]) } };
  const tag = body.subarray(-16);
  yield { what: 'tag twice', object: { ...target, body: Buffer.concat([body, tag]) } };
  yield { what: 'tag first', object: { ...target, body: Buffer.concat([tag, body.subarray(0, -16)]) } };
  yield {
    what: 'tag of zeros',
    object: { ...target, body: Buffer.concat([body.subarray(0, -16), new Uint8Array(16)]) },
  };
}

/** Every value with every bit of every character flipped, cut, extended, emptied, removed and replaced. */
function* valueMutants(
  values: Values,
  optional: readonly string[],
  put: (values: Values) => Target,
): Generator<Mutant> {
  for (const [name, value] of Object.entries(values)) {
    const change = (what: string, to: string): Mutant => ({
      what: `${name} ${what}`,
      object: put({ ...values, [name]: to }),
    });
    for (let at = 0; at < value.length; at += 1) {
      // one bit of each character of the very long RSA wraps, every bit of everything else
      for (const bit of value.length > 300 ? [at % 8] : [0, 1, 2, 3, 4, 5, 6, 7]) {
        const flipped = String.fromCharCode(value.charCodeAt(at) ^ (1 << bit));
        yield change(`bit ${bit} of character ${at}`, value.slice(0, at) + flipped + value.slice(at + 1));
      }
      if (at > 0) yield change(`cut to ${at}`, value.slice(0, at));
      // a space between the tokens of JSON means nothing, and none of the strings holds one
      if (value[at] !== ' ')
        yield change(`without character ${at}`, value.slice(0, at) + value.slice(at + 1));
    }
    for (const extra of ['=', 'A', '\n', ' x', '\u00e9', '\u0000', '{}']) {
      yield change('extended at its end', value + extra);
      yield change('extended at its start', extra + value);
    }
    yield change('in other letters', value.split('').toReversed().join('\u00e9'));
    yield change('far too long', value.repeat(10_000 / value.length + 1));
    if (optional.includes(name)) continue;
    const { [name]: _removed, ...rest } = values;
    yield { what: `${name} removed`, object: put(rest) };
    yield change('emptied', '');
  }
}

/** Each of `names` moved over from `donor`, alone. */
export function* swaps(target: Target, donor: Target, names: readonly string[]): Generator<Mutant> {
  for (const name of names) {
    const put = (values: Values, from: Values): Values =>
      from[name] === undefined ? values : { ...values, [name]: from[name] };
    const metadata = put(target.metadata, donor.metadata);
    const object =
      target.instruction === undefined || donor.instruction === undefined
        ? { ...target, metadata }
        : { ...target, metadata, instruction: put(target.instruction, donor.instruction) };
    yield { what: `${name} of another object`, object };
  }
  yield { what: 'body of another object', object: { ...target, body: donor.body } };
  yield { what: 'metadata of another object', object: { ...donor, body: target.body } };
}
