import { listSettings } from '../config/schema.ts';
import { EXIT_CODES, EXIT_RULES } from '../exit-codes.ts';

/** What `help TOPIC` prints besides the commands. */
export const TOPICS: Readonly<Record<string, { readonly summary: string; readonly render: () => string }>> = {
  environment: {
    summary: 'settings: environment variables, flags and the config file',
    render: renderEnvironment,
  },
  'exit-codes': { summary: 'what the exit codes mean', render: renderExitCodes },
};

/** Characters of a line of a topic. */
const MIN_COLUMNS = 40;
const MAX_COLUMNS = 100;

/** Only the HTTP entries (`serve`, and on Lambda) listen to the first two; `--no-proxy` would read as the opposite of `--proxy`. */
const WITHOUT_FLAG: ReadonlySet<string> = new Set([
  'ARCHIVE_WEBHOOK_OPEN',
  'ARCHIVE_SERVE_KEEP_ALIVE',
  'NO_PROXY',
]);

/** The flag that mirrors a setting: `ARCHIVE_STORE` is `--store`; `undefined` for secrets. */
export function flagOf(name: string): string | undefined {
  const setting = listSettings().find(([known]) => known === name)?.[1];
  if (setting === undefined || setting.secret === true || WITHOUT_FLAG.has(name)) return undefined;
  return `--${name
    .replace(/^ARCHIVE_/, '')
    .toLowerCase()
    .replaceAll('_', '-')}`;
}

function renderEnvironment(): string {
  const settings = listSettings();
  const groups = [...new Set(settings.map(([, { group }]) => group))];
  const lines = groups.flatMap((group) => [
    '',
    `${group}:`,
    ...settings
      .filter(([, setting]) => setting.group === group)
      .flatMap(([name, { meaning, default: byDefault, secret }]) => [
        `  ${name}${secret === true ? ' (secret: environment only)' : ''}${mirrored(name)}`,
        ...wrap(
          `${meaning}${byDefault === undefined ? '' : ` (default: ${byDefault})`}`.replaceAll('`', ''),
          6,
        ),
      ]),
  ]);
  return [
    ...wrap(
      'Settings come from flags, from the JSON file that --config names, from the environment, and from ./genesys-archive.config.json, in this order: what comes first wins. Secrets come from the environment only. The last one is read only when no other user could have written it, and must not say which hosts are trusted. A file may hold several archives: --archive NAME or GENESYS_ARCHIVE chooses one; docs/configuration.md.',
    ),
    ...lines,
    '',
    'Also understood:',
    '  AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL_S3 …',
    '      as the AWS SDK defines them',
    '  NODE_EXTRA_CA_CERTS',
    ...wrap('PEM file of certificate authorities to trust besides those of Node.js', 6),
    '  NO_COLOR',
    '      no colours, with any value',
    '',
  ].join('\n');
}

function mirrored(name: string): string {
  const flag = flagOf(name);
  return flag === undefined ? '' : `, ${flag}`;
}

function renderExitCodes(): string {
  return [
    ...EXIT_CODES.map(([code, meaning]) => `${String(code).padStart(3)}  ${meaning}`),
    '',
    ...EXIT_RULES.flatMap((rule) => [...wrap(rule.replaceAll('`', '')), '']),
    'A code that is not listed must be treated as a failure. docs/errors.md tells which error ends with which code.',
    '',
  ].join('\n');
}

/** Lines of at most `width` characters; a longer word has a line of its own. */
export function wrapWords(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Lines that fit a terminal, each after `indent` spaces. */
function wrap(text: string, indent = 0): string[] {
  const width = Math.max(MIN_COLUMNS, Math.min(MAX_COLUMNS, process.stdout.columns ?? MAX_COLUMNS));
  return wrapWords(text.split(' '), width - indent).map((line) => `${' '.repeat(indent)}${line}`);
}
