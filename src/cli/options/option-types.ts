import type { OptionSpec } from '../specs/command-outline.ts';

/** `dry-run` as commander hands it over: `dryRun`. */
type CamelCase<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** Of `-e, --event <FILE>`: `event <FILE>`. */
type LongFlag<Flags extends string> = Flags extends `${string}--${infer Long}` ? Long : never;

type NameOf<Flags extends string> =
  LongFlag<Flags> extends `no-${infer Negated}`
    ? CamelCase<FirstWord<Negated>>
    : CamelCase<FirstWord<LongFlag<Flags>>>;

type FirstWord<Text extends string> = Text extends `${infer Word} ${string}` ? Word : Text;

/** What the option's value is: as `parse` returns it, the text of `<VALUE>`, also `true` for `[VALUE]`, and for a switch a boolean. */
type ValueOf<Option extends OptionSpec> =
  | (Option extends { readonly parse: (value: string, previous: unknown) => infer Value }
      ? Value
      : PlainValue<Option['flags']>)
  | (Option['flags'] extends `${string} [${string}]` ? true : never);

type PlainValue<Flags extends string> = Flags extends `${string} <${string}...>`
  ? readonly string[]
  : Flags extends `${string} <${string}>` | `${string} [${string}]`
    ? string
    : boolean;

/** The options that a command with these specs is run with. Those of `--no-NAME` have a value in any case. */
export type OptionsOf<Specs extends readonly OptionSpec[]> = {
  readonly [Option in Exclude<Specs[number], Negated> as NameOf<Option['flags']>]?: ValueOf<Option>;
} & ([Extract<Specs[number], Negated>] extends [never]
  ? unknown
  : { readonly [Option in Extract<Specs[number], Negated> as NameOf<Option['flags']>]: boolean });
interface Negated {
  readonly flags: `--no-${string}`;
}

/** `unknown` when options of type `Taken` can be those of `Specs` and name no other; else a type that tells what is wrong. */
export type Fitting<Taken, Specs extends readonly OptionSpec[]> = string extends Specs[number]['flags']
  ? {
      readonly 'has options whose names the compiler does not know: a spread list needs `as const`, a `oneOf(…)` a name of its own': true;
    }
  : [Exclude<keyof Taken, keyof OptionsOf<Specs>>] extends [never]
    ? OptionsOf<Specs> extends Taken
      ? unknown
      : { readonly 'takes options of another type than its spec has': OptionsOf<Specs> }
    : { readonly 'takes options that its spec does not have': Exclude<keyof Taken, keyof OptionsOf<Specs>> };
