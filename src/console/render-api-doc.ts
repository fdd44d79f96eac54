/** The text of `docs/console-api.md`, from the table of routes. */
import * as z from 'zod';
import type { Answering, Route } from './routes/route.ts';
import { ROUTES } from './routes/routes.ts';
import { GRANTS_OF_ROLE } from './access.ts';
import { GRANTS, ROLES } from './api-schema.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly format?: string;
}

const INTRODUCTION = `# The console's API

What the page of \`genesys-archive console\` asks, and what a program may ask as well.

JSON in and out, \`cache-control: no-store\`. A refusal or a failure is \`{ "error": { "code", "message", "hint"? } }\` with a code of [errors.md](errors.md). Queries and bodies
with a member that is not listed are refused (400). A page has \`items\`, \`next\` (the \`cursor\` of the next page, or \`null\`), and where it says so \`total\`. Of several archives each
query and body takes \`archive\`, the name of one; without it the first is meant. What is not there and what a person may not see are the same 404.

Every request carries the cookie of a session and \`Sec-Fetch-Site: same-origin\`, as browsers send it; a \`POST\` also \`Content-Type: application/json\`. From a shell:

\`\`\`sh
ORIGIN=http://127.0.0.1:8090
TOKEN=…   # what stands behind #token= in the address that \`genesys-archive console\` prints; good for one exchange
same() { curl --silent --fail-with-body --cookie-jar jar --cookie jar --header 'Sec-Fetch-Site: same-origin' "$@"; }
same --json "{\\"token\\": \\"$TOKEN\\"}" "$ORIGIN/api/session"
same "$ORIGIN/api/recordings?from=2026-03-01&queue=Claims&limit=10"
\`\`\`

curl keeps a \`Secure\` cookie of http://127.0.0.1 from version 7.79 on.`;

/** Markdown, with a line feed at its end. */
export function renderConsoleApiDoc(): string {
  const parts = [INTRODUCTION, renderGrants(), renderTable(), ...ROUTES.map(renderRoute)];
  return `${parts.join('\n\n')}\n`;
}

function renderGrants(): string {
  const heading = ['role', ...GRANTS];
  const rows = ROLES.map((role) => [
    `\`${role}\``,
    ...GRANTS.map((grant) => (GRANTS_OF_ROLE[role].includes(grant) ? 'yes' : '')),
  ]);
  return [
    '## Grants',
    'Each route needs one grant. Roles grant them; a person without a role has none. Who has `overseer` never has `listen`, `read`, `reveal` or `export`, with any other role. The person who starts the console on a laptop has all grants: they have the keys in any case.',
    table(heading, rows),
  ].join('\n\n');
}

function renderTable(): string {
  const rows = ROUTES.map(({ method, path, needs, entry }) => [
    `\`${method} ${path}\``,
    needs === 'anyone' || needs === 'signed-in' ? needs : `\`${needs}\``,
    entry === undefined ? '' : `\`${entry}\``,
  ]);
  return ['## Routes', table(['route', 'needs', 'entry of the access log'], rows)].join('\n\n');
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heading), `|${heading.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function renderRoute({ method, path, summary, query, body, answers }: Route): string {
  const parts = [`### ${method} ${path}`, `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`];
  if (query !== undefined) parts.push(`Query: \`${describeShape(query, 'input')}\``);
  if (body !== undefined) parts.push(`Body: \`${describeShape(body, 'input')}\``);
  parts.push(answers.map(renderAnswer).join('\n'));
  return parts.join('\n\n');
}

function renderAnswer({ status, shape, meaning }: Answering): string {
  const said = [shape === undefined ? undefined : `\`${describeShape(shape, 'output')}\``, meaning];
  return `* ${[String(status), ...said.filter((one) => one !== undefined)].join(': ')}`;
}

function describeShape(shape: z.ZodType, io: 'input' | 'output'): string {
  return typeOf(z.toJSONSchema(shape, { io, unrepresentable: 'any' }) as JsonSchema);
}

/** As TypeScript would write it, near enough for people. */
function typeOf(schema: JsonSchema): string {
  const { type, anyOf, items, prefixItems, properties, required = [], format } = schema;
  if ('const' in schema) return JSON.stringify(schema.const).replaceAll('"', "'");
  if (schema.enum !== undefined) return schema.enum.map((one) => `'${String(one)}'`).join(' | ');
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' | ');
  if (prefixItems !== undefined) return `[${prefixItems.map(typeOf).join(', ')}]`;
  if (type === 'array') return items === undefined ? 'unknown[]' : inList(typeOf(items));
  if (properties !== undefined) {
    const members = Object.entries(properties).map(
      ([name, member]) => `${name}${required.includes(name) ? '' : '?'}: ${typeOf(member)}`,
    );
    return `{ ${members.join(', ')} }`;
  }
  if (format === 'date-time') return 'time';
  if (format === 'date') return 'day';
  if (type === 'integer') return 'number';
  return typeof type === 'string' ? type : (type ?? ['text']).join(' | ');
}

const inList = (item: string) => (item.includes(' | ') ? `(${item})[]` : `${item}[]`);
