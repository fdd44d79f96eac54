import * as z from 'zod';

/*
 * The types of settings. A problem is said without repeating the value: it may be a secret that was put into the wrong
 * variable. Each message continues the sentence "NAME …".
 */

type ValueCheck<T> = (text: string) => { readonly value: T } | { readonly problem: string };

export function checked<T>(check: ValueCheck<T>) {
  return z.string().transform((text, context): T => {
    const result = check(text);
    if ('value' in result) return result.value;
    context.addIssue({ code: 'custom', message: result.problem });
    return z.NEVER;
  });
}

/** Of a list in which a second mention would contradict the first, or pass for a second one of its kind. */
export const hasRepeats = (items: readonly string[]): boolean => new Set(items).size < items.length;

export const problem = (text: string) => ({ problem: text }) as const;
