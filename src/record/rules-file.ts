/** Files of rules, written by people: each mistake is told with its line. Pure. */
import type * as z from 'zod';
import { ArchiveError, type ErrorCode } from '../errors.ts';
import { isNestedTooDeeply } from '../json.ts';
import { jsonPlaces } from '../json-places.ts';

/** Bytes. */
export const MAX_RULES_FILE_BYTES = 256 * 1024;
const MAX_PROBLEMS_SHOWN = 5;

export interface RulesFile<T> {
  readonly schema: z.ZodType<T>;
  readonly code: ErrorCode;
  /** e.g. `retention file`. */
  readonly kind: string;
}

/** For `superRefine`: a name leads people, and later a report, to one rule. */
export function refuseRepeatedNames(
  { rules }: { readonly rules: readonly { readonly name: string }[] },
  context: z.RefinementCtx,
): void {
  const seen = new Set<string>();
  for (const [index, { name }] of rules.entries()) {
    if (seen.has(name))
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'name'],
        message: 'stands in the file twice',
      });
    seen.add(name);
  }
}

/** @param name of the file, for the message. @throws `code` with line and path of each problem. */
export function parseRulesFile<T>({ schema, code, kind }: RulesFile<T>, text: string, name: string): T {
  const invalid = (problems: readonly string[]) =>
    new ArchiveError(code, `${name} is no ${kind}: ${problems.join('; ')}`);
  if (isNestedTooDeeply(text)) throw invalid(['it is nested too deeply']);
  const places = jsonPlaces(text);
  if (places.kind === 'malformed') throw invalid([`line ${places.line}: ${places.problem}`]);
  const parsed = schema.safeParse(places.value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => {
    const at = (path: readonly PropertyKey[], problem: string) => {
      const shown = path.length === 0 ? 'the file' : path.map(String).join('.');
      return `line ${places.lineOf(path)}: ${shown} ${problem}`;
    };
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => at([...issue.path, key.slice(0, 40)], 'is no member that is known'));
    if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
      return [at(issue.path, 'is missing')];
    return [
      at(issue.path, issue.message.startsWith('Invalid') ? `is not valid: ${issue.message}` : issue.message),
    ];
  });
  const more = problems.length - MAX_PROBLEMS_SHOWN;
  throw invalid([...problems.slice(0, MAX_PROBLEMS_SHOWN), ...(more > 0 ? [`and ${more} more`] : [])]);
}
