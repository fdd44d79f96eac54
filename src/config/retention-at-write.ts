import { checked, hasRepeats } from './checked.ts';

export interface RetentionSetting {
  readonly by: 'compliance' | 'governance' | 'tags';
  readonly days: Readonly<Record<string, number>>;
}

const FORM = /^(compliance|governance|tags)(?: (?:audio|video|other)=[1-9]\d{0,4})+$/;

/** `compliance audio=2562 video=90 other=90`: a way of keeping, and days for kinds of content. */
export const retentionAtWrite = checked<RetentionSetting>((text) => {
  if (!FORM.test(text)) return { problem: 'is not what `retain rules` prints' };
  const [by, ...days] = text.split(' ');
  const pairs = days.map((one) => {
    const [kind = '', number] = one.split('=');
    return [kind, Number(number)] as const;
  });
  if (hasRepeats(pairs.map(([kind]) => kind))) return { problem: 'says the days of one kind twice' };
  return { value: { by: by as RetentionSetting['by'], days: Object.fromEntries(pairs) } };
});
