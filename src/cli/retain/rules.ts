import { readRetentionRules } from '../../create/retention.ts';
import { ArchiveError } from '../../errors.ts';
import { formatAtWrite, removalDays, retentionAtWrite } from '../../keep/retention/policy.ts';
import { OTHERWISE, type RetentionRules } from '../../record/retention-file.ts';
import { type CommandContext, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { withoutRules } from './retain-work.ts';

/** Checks a retention file, and tells what becomes of it. Asks no store. */
export async function checkRules(
  context: CommandContext,
  [file, ...others]: readonly string[],
): Promise<number> {
  const { ui } = context;
  if (others.length > 0) throw new ArchiveError('USAGE', 'retain rules checks one file');
  const named = file ?? (await readSettings(context, 'wrap')).retentionFile;
  if (named === undefined) throw withoutRules();
  const rules = await readRetentionRules(named);
  const sure = retentionAtWrite(rules);
  const atWrite = sure === undefined ? '' : formatAtWrite(sure);
  const removeAfterDays = removalDays(rules);
  // a function may not tag: what is said by tags is said by `retain apply`
  const stack = { ...(atWrite === '' || rules.by === 'tags' ? {} : { atWrite }), removeAfterDays };
  if (ui.json) ui.record('retention-rules', { ...rules, atWrite, stack });
  else {
    for (const rule of [...rules.rules, { name: OTHERWISE, ...rules.otherwise }]) ui.out(lineOf(rule));
    if (atWrite !== '') ui.out(`ARCHIVE_RETENTION_AT_WRITE=${atWrite}`);
    ui.out(`"retention": ${JSON.stringify(stack)}`);
  }
  ui.say(
    `${count(rules.rules.length, 'rule')}, by ${rules.by}; ${atWrite === '' ? 'the write of an object says nothing of them' : 'the last lines are for the library, and for the settings of the stack'}`,
  );
  return 0;
}

function lineOf({
  name,
  keep,
  remove,
  ...conditions
}: RetentionRules['otherwise'] & { readonly name: string }): string {
  const lists = Object.entries(conditions).map(([of, values]) => `${of} ${String(values)}`);
  const fields = [name, `keep ${keep} d`, remove === undefined ? 'nothing removes' : `remove ${remove} d`];
  return [...fields, ...lists].map(printable).join('  ');
}
