import type { Statement } from '../../infra/access/statement.ts';
import type { AwsCall } from './aws-call-recorder.ts';

/** An asterisk stands for any characters, slashes among them, wherever it is. */
function matches(pattern: string, resource: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(resource);
}

function holds({ Condition = {} }: Statement, { conditions }: AwsCall): boolean {
  return Object.entries(Condition).every(([operator, wanted]) =>
    Object.entries(wanted).every(([key, value]) => {
      const values = [value].flat();
      if (operator === 'StringEquals') return values.includes(conditions[key] ?? '');
      if (operator === 'StringLike') return values.some((pattern) => matches(pattern, conditions[key] ?? ''));
      if (operator === 'Null') return String(conditions[key] === undefined) === value;
      throw new Error(`the operator ${operator} is not known here`);
    }),
  );
}

const allows = (statement: Statement, call: AwsCall, action: string, resource: string): boolean =>
  call.action === action && matches(resource, call.resource) && holds(statement, call);

/** Calls that no statement allows. */
export function missing(statements: readonly Statement[], calls: readonly AwsCall[]): AwsCall[] {
  return calls.filter(
    (call) =>
      !statements.some((statement) =>
        statement.Resource.some((resource) =>
          statement.Action.some((action) => allows(statement, call, action, resource)),
        ),
      ),
  );
}

/** Each action on each resource that no call has asked for. */
export function unused(statements: readonly Statement[], calls: readonly AwsCall[]): string[] {
  return statements.flatMap((statement) =>
    statement.Action.flatMap((action) =>
      statement.Resource.filter(
        (resource) => !calls.some((call) => allows(statement, call, action, resource)),
      ).map((resource) => `${action} on ${resource}`),
    ),
  );
}
