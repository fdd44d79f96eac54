import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * The published definition of the platform's API, in the two forms it is published in: names and types as the SDK declares them
 * (`purecloud-platform-client-v2`, index.d.ts), values as the OpenAPI description lists them (`published-values.json`, made from the
 * description of 2026-08-07: enumerations, dates and integers, which the SDK declares as plain strings and numbers).
 */

const require = createRequire(import.meta.url);

interface Field {
  /** As declared, e.g. `Array<Models.Annotation>`. */
  readonly type: string;
  readonly required: boolean;
}

type Values = Readonly<Record<string, Readonly<Record<string, 'date-time' | 'integer' | readonly string[]>>>>;

const VALUES = JSON.parse(readFileSync(new URL('published-values.json', import.meta.url), 'utf8')) as Values;

let declarations: string | undefined;
const models = new Map<string, ReadonlyMap<string, Field>>();

/** Returns the fields of an interface as the SDK declares it. @throws Error when the SDK declares no such interface. */
export function fieldsOf(model: string): ReadonlyMap<string, Field> {
  const known = models.get(model);
  if (known !== undefined) return known;
  declarations ??= readFileSync(require.resolve('purecloud-platform-client-v2/index.d.ts'), 'utf8');
  const [, body] =
    new RegExp(`export interface ${model} \\{([^}]*(?:\\}[;>][^}]*)*)\\n\\t\\}`).exec(declarations) ?? [];
  if (body === undefined) throw new Error(`the SDK declares no ${model}`);
  const found = body.matchAll(/"(\w+)"(\??): ([^\n]+);/g);
  const fields = new Map<string, Field>(
    [...found].map(([, name = '', mark, type = '']) => [name, { type, required: mark === '' }]),
  );
  models.set(model, fields);
  return fields;
}

/** Returns what is wrong with `value` as an answer of the published API, a line each: unknown names, types, values, omissions. */
export function deviationsOf(value: unknown, model: string, path = model): string[] {
  if (Array.isArray(value)) return value.flatMap((one, at) => deviationsOf(one, model, `${path}[${at}]`));
  if (typeof value !== 'object' || value === null) return [`${path} is no object`];
  const known = fieldsOf(model);
  const wrong: string[] = [];
  for (const [name, inner] of Object.entries(value)) {
    const field = known.get(name);
    const where = `${path}.${name}`;
    if (field === undefined) wrong.push(`${where} is not declared`);
    else
      wrong.push(...typeDeviations(inner, field.type, where), ...valueDeviations(inner, model, name, where));
  }
  for (const [name, { required }] of known) {
    if (required && !(name in value)) wrong.push(`${path}.${name} is missing`);
  }
  return wrong;
}

function typeDeviations(value: unknown, declared: string, path: string): string[] {
  const type = declared.trim();
  const [, item] = /^Array<(.+)>$/.exec(type) ?? [];
  if (item !== undefined) {
    if (!Array.isArray(value)) return [`${path} is no array`];
    return value.flatMap((one, at) => typeDeviations(one, item, `${path}[${at}]`));
  }
  const [, mapped] = /^\{ \[key: string\]: (.+); \}$/.exec(type) ?? [];
  if (mapped !== undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path} is no map`];
    return Object.entries(value).flatMap(([key, one]) => typeDeviations(one, mapped, `${path}.${key}`));
  }
  const [, model] = /^Models\.(\w+)$/.exec(type) ?? [];
  if (model !== undefined) return deviationsOf(value, model, path);
  if (['string', 'number', 'boolean'].includes(type)) {
    return typeof value === type ? [] : [`${path} is no ${type}`];
  }
  // any JSON: the platform's schemas of custom attributes decide
  if (type === 'object') return [];
  return [`${path} is declared as ${type}, which is not understood here`];
}

function valueDeviations(value: unknown, model: string, name: string, path: string): string[] {
  const rule = VALUES[model]?.[name];
  if (rule === undefined) return [];
  return (Array.isArray(value) ? value : [value]).flatMap((one: unknown) => {
    if (rule === 'date-time') return isDateTime(one) ? [] : [`${path} is no date and time`];
    if (rule === 'integer') return Number.isSafeInteger(one) ? [] : [`${path} is no whole number`];
    return rule.includes(String(one)) ? [] : [`${path} is ${String(one)}, which is not among its values`];
  });
}

/** RFC 3339, section 5.6, as the description's `date-time` is defined. */
function isDateTime(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(value) &&
    Number.isFinite(Date.parse(value))
  );
}

/**
 * Returns copies of an answer, each with one fault a simulator could have: a field that does not exist, and for every field another
 * type, and another value where its values are listed.
 */
export function mutantsOf(
  value: unknown,
  model: string,
): readonly { readonly what: string; readonly answer: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((one, at) =>
      mutantsOf(one, model).map(({ what, answer }) => ({
        what: `[${at}].${what}`,
        answer: value.toSpliced(at, 1, answer),
      })),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const known = fieldsOf(model);
  const mutants: { what: string; answer: unknown }[] = [
    { what: 'a field that does not exist', answer: { ...value, noSuchField: 1 } },
  ];
  for (const [name, inner] of Object.entries(value)) {
    const type = known.get(name)?.type ?? '';
    if (type === 'object') continue;
    mutants.push({ what: `type of ${name}`, answer: { ...value, [name]: otherType(inner) } });
    const listed = VALUES[model]?.[name] !== undefined && typeof inner === 'string';
    if (listed) mutants.push({ what: `value of ${name}`, answer: { ...value, [name]: `${inner}x` } });
    const [, below] = /Models\.(\w+)/.exec(type) ?? [];
    if (below === undefined) continue;
    const isMap = type.trim().startsWith('{');
    for (const [key, one] of isMap ? Object.entries(inner as object) : [['', inner] as const]) {
      for (const { what, answer } of mutantsOf(one, below)) {
        const changed = isMap ? { ...(inner as object), [key]: answer } : answer;
        mutants.push({ what: `${name}.${what}`, answer: { ...value, [name]: changed } });
      }
    }
  }
  return mutants;
}

const otherType = (value: unknown) => (typeof value === 'number' ? String(value) : 7);
