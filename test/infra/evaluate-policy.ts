/**
 * Decides like IAM: an explicit deny beats everything, and what nothing allows is denied.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** ARN of the role or user, or a service such as `events.amazonaws.com`. */
  readonly principal: string;
  /** Condition keys of the request; those that are not named are absent. */
  readonly keys?: Readonly<Record<string, string>>;
}

interface PolicyStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Principal?: string | Readonly<Record<string, string | readonly string[]>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function decide(policy: unknown, request: Request): 'allow' | 'deny' | 'no statement' {
  const { Statement } = policy as { Statement: readonly PolicyStatement[] };
  const matching = Statement.filter((statement) => matches(statement, request));
  if (matching.some(({ Effect }) => Effect === 'Deny')) return 'deny';
  return matching.length > 0 ? 'allow' : 'no statement';
}

function matches(statement: PolicyStatement, { action, resource, principal, keys = {} }: Request): boolean {
  const { Action, Resource = [], NotResource, Principal, Condition = {} } = statement;
  const present = { 'aws:PrincipalArn': principal, ...keys };
  return (
    list(Action).some((pattern) => like(pattern, action)) &&
    (NotResource === undefined
      ? list(Resource).some((pattern) => like(pattern, resource))
      : !list(NotResource).some((pattern) => like(pattern, resource))) &&
    (Principal === undefined || names(Principal, principal)) &&
    Object.entries(Condition).every(([operator, wanted]) =>
      Object.entries(wanted).every(([key, values]) => {
        const test = OPERATORS[operator];
        if (test === undefined) throw new Error(`the operator ${operator} is not known here`);
        return test(present[key as keyof typeof present], list(values as string).map(String));
      }),
    )
  );
}

type Test = (value: string | undefined, wanted: readonly string[]) => boolean;

const isLike: Test = (value, wanted) => value !== undefined && wanted.some((pattern) => like(pattern, value));
/** A negated operator holds for a key that is absent. */
const OPERATORS: Readonly<Record<string, Test>> = {
  StringEquals: (value, wanted) => value !== undefined && wanted.includes(value),
  StringLike: isLike,
  // of a key with one value; it holds for a key that is absent
  'ForAllValues:StringNotEquals': (value, wanted) => value === undefined || !wanted.includes(value),
  ArnNotLike: (value, wanted) => !isLike(value, wanted),
  ArnEquals: isLike,
  ArnLike: isLike,
  ArnNotEquals: (value, wanted) => !isLike(value, wanted),
  Bool: (value, wanted) => value !== undefined && wanted.includes(value),
  Null: (value, wanted) => wanted.includes(String(value === undefined)),
  NumericLessThanEquals: (value, wanted) =>
    value !== undefined && wanted.some((limit) => Number(value) <= Number(limit)),
  NumericLessThan: (value, wanted) =>
    value !== undefined && wanted.some((limit) => Number(value) < Number(limit)),
};

function names(principal: NonNullable<PolicyStatement['Principal']>, who: string): boolean {
  const named = typeof principal === 'string' ? [principal] : Object.values(principal).flatMap(list);
  return named.some((name) => {
    const [, account] = /^arn:aws:iam::(\d{12}):root$/.exec(name) ?? [];
    return name === '*' || name === who || (account !== undefined && who.includes(`::${account}:`));
  });
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function like(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
}
