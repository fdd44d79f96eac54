import { confirm, isCancel, select, text } from '@clack/prompts';
import { organizationOf } from '../../config/deploy/file.ts';
import type { DeploySettings } from '../../config/deploy/settings.ts';
import { ArchiveError } from '../../errors.ts';
import { GENESYS_REGIONS } from '../../regions.ts';
import { type Answers, problemOf } from './answers.ts';

/** Where questions are put: never stdout, which is data. */
export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

const OTHER = 'other';

/**
 * Asks for what the flags left open, one question at a time; an answer that cannot be used is asked for again.
 * @throws `INTERRUPTED` at Ctrl-C.
 */
export async function askForAnswers(given: Answers, terminal: Terminal): Promise<Answers> {
  const answers: Partial<Record<keyof DeploySettings, unknown>> = { ...given };
  const asked = (name: keyof DeploySettings) => answers[name] === undefined;
  const line = async (name: keyof DeploySettings, message: string, more: LineOptions = {}) => {
    const value = await askLine(name, answers, { message, ...more }, terminal);
    if (value !== '') answers[name] = value;
  };

  if (asked('environment')) {
    const chosen = await askForRegion(terminal);
    if (chosen === OTHER) await line('environment', 'Its domain, without "api." or "login."');
    else answers.environment = chosen;
  }
  if (asked('region')) {
    const [nearest] =
      Object.entries(GENESYS_REGIONS).find(([, known]) => known === answers.environment) ?? [];
    await line('region', 'AWS region to deploy to: the events arrive there', { initialValue: nearest ?? '' });
  }
  if (asked('eventSourceName')) {
    await line(
      'eventSourceName',
      'Partner event source in that region; leave it empty if it does not exist yet',
      {
        placeholder: 'aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX',
        optional: true,
      },
    );
  }
  if (asked('organizationId')) {
    const known = organizationOf(answers.eventSourceName);
    if (known !== undefined) answers.organizationId = known;
    else await line('organizationId', 'Id of the Genesys Cloud organization');
  }
  if (asked('webhook')) {
    answers.webhook = await ask(
      confirm({ ...terminal, message: 'Take signed webhooks, too?', initialValue: false }),
    );
  }
  if (asked('objectLock')) {
    const mode = await askForLock(terminal);
    if (mode !== 'none') {
      const message =
        mode === 'compliance'
          ? 'For how many days? It cannot be shortened; storage is paid for until the last day'
          : 'For how many days?';
      const validate = (days: string | undefined) =>
        problemOf('objectLock', { objectLock: { mode, days: Number(days) } });
      const days = await ask(text({ ...terminal, message, initialValue: '365', validate }));
      answers.objectLock = { mode, days: Number(days) };
    }
  }
  if (asked('alarmEmail')) {
    await line('alarmEmail', 'E-mail address for the alarms; leave it empty for none', { optional: true });
  }
  return answers;
}

/** @throws `INTERRUPTED` when the answer is no. */
export async function askToWrite(files: readonly string[], terminal: Terminal): Promise<void> {
  const agreed = await ask(confirm({ ...terminal, message: `Write ${files.join(' and ')}?` }));
  if (!agreed) throw interrupted();
}

interface LineOptions {
  readonly initialValue?: string;
  readonly placeholder?: string;
  readonly optional?: boolean;
}

async function askLine(
  name: keyof DeploySettings,
  answers: Answers,
  { optional, ...question }: LineOptions & { readonly message: string },
  terminal: Terminal,
): Promise<string> {
  const validate = (value: string | undefined) => {
    const typed = (value ?? '').trim();
    if (typed === '' && optional === true) return undefined;
    return problemOf(name, { ...answers, [name]: typed === '' ? undefined : typed });
  };
  // clack gives undefined for a line that is empty
  const value: string | undefined = await ask(text({ ...terminal, ...question, validate }));
  return (value ?? '').trim();
}

function askForRegion(terminal: Terminal): Promise<string> {
  const regions = Object.entries(GENESYS_REGIONS).map(([region, domain]) => ({
    value: domain,
    label: domain,
    hint: region,
  }));
  return ask(
    select({
      ...terminal,
      message: 'Region of the Genesys Cloud organization',
      options: [...regions, { value: OTHER, label: 'another one' }],
      maxItems: 10,
    }),
  );
}

function askForLock(terminal: Terminal): Promise<'none' | 'governance' | 'compliance'> {
  return ask(
    select<'none' | 'governance' | 'compliance'>({
      ...terminal,
      message:
        'Lock objects against removal (S3 Object Lock)? A locked recording cannot be erased before its time, not even for a data subject’s request',
      initialValue: 'governance',
      options: [
        {
          value: 'governance',
          label: 'governance',
          hint: 'the break-glass role can lift it; storage costs until then',
        },
        {
          value: 'compliance',
          label: 'compliance',
          hint: 'cannot be undone, not even by AWS; an early erasure is impossible',
        },
        { value: 'none', label: 'no', hint: 'they are versioned, and the bucket policy denies removal' },
      ],
    }),
  );
}

async function ask<T>(answer: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await answer;
  if (isCancel(value)) throw interrupted();
  // the symbol of a cancelled question is the only one
  return value as Exclude<T, symbol>;
}

function interrupted(): ArchiveError {
  return new ArchiveError('INTERRUPTED', 'interrupted; nothing was written');
}
