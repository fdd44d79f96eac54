/**
 * Names of queues, wrap-up codes and agents as people type them: whole and in any letter case, or with `*` at the end as a beginning.
 * One name may be spelled in two ways (a letter with its accent, or both), which look the same (Unicode, annex 15).
 */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const wanted = folded(pattern);
  if (!wanted.endsWith('*')) return (name) => folded(name) === wanted;
  const beginning = wanted.slice(0, -1);
  return (name) => folded(name).startsWith(beginning);
}

const folded = (text: string) => text.normalize('NFC').toLowerCase();
