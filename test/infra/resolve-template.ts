/** A synthesised template as CloudFormation would see it: intrinsic functions resolved, what a condition excludes left out. */

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

interface RawTemplate {
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource & { readonly Condition?: string }>>;
  readonly Outputs?: Readonly<Record<string, { readonly Condition?: string; readonly Value: unknown }>>;
}

export interface ResolvedTemplate {
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export const ACCOUNT = '123456789012';
export const REGION = 'eu-central-1';

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Region': REGION,
  'AWS::Partition': 'aws',
  'AWS::StackName': 'Stack',
  'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/Stack/1`,
  'AWS::URLSuffix': 'amazonaws.com',
};
const NOTHING = Symbol('AWS::NoValue');

/**
 * A resource's `Ref` becomes its logical id, and each attribute of it `arn:aws:test:::ID` (`Arn`) or `ID.Attribute`.
 *
 * @throws Error when something refers to a resource that is not there under these parameters, as CloudFormation would.
 */
export function resolveTemplate(
  raw: object,
  parameters: Readonly<Record<string, unknown>> = {},
): ResolvedTemplate {
  const { Parameters = {}, Conditions = {}, Resources, Outputs = {} } = raw as RawTemplate;

  const holds = (name: string): boolean => {
    if (!(name in Conditions)) throw new Error(`there is no condition ${name}`);
    return resolve(Conditions[name]) === true;
  };
  const exists = (id: string): boolean => {
    const resource = Resources[id];
    return resource !== undefined && (resource.Condition === undefined || holds(resource.Condition));
  };
  const requireResource = (id: string): string => {
    if (!exists(id)) throw new Error(`refers to ${id}, which is not there`);
    return id;
  };

  function ref(name: string): unknown {
    if (name === 'AWS::NoValue') return NOTHING;
    if (name in PSEUDO) return PSEUDO[name];
    if (!(name in Parameters)) return requireResource(name);
    const value = parameters[name] ?? Parameters[name]?.Default;
    if (value === undefined) throw new Error(`the parameter ${name} has no value`);
    return Parameters[name]?.Type === 'CommaDelimitedList' ? (value as string).split(',') : value;
  }

  const functions: Readonly<Record<string, (argument: never) => unknown>> = {
    Ref: ref,
    Condition: holds,
    'Fn::GetAtt': ([id, attribute]: [string, string]) =>
      attribute === 'Arn'
        ? arnOf(requireResource(id))
        : attribute === 'FunctionUrl'
          ? `https://${requireResource(id)}.lambda-url/`
          : `${requireResource(id)}.${attribute}`,
    'Fn::Split': ([separator, text]: [string, unknown]) => String(resolve(text)).split(separator),
    'Fn::Join': ([separator, parts]: [string, unknown[]]) => (resolve(parts) as string[]).join(separator),
    'Fn::Select': ([index, list]: [number | string, unknown]) => (resolve(list) as unknown[])[Number(index)],
    'Fn::GetAZs': () => [`${REGION}a`, `${REGION}b`, `${REGION}c`],
    'Fn::Sub': (text: string) => text.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => String(ref(name))),
    'Fn::If': ([name, yes, no]: [string, unknown, unknown]) => resolve(holds(name) ? yes : no),
    'Fn::Not': ([value]: [unknown]) => resolve(value) !== true,
    'Fn::And': (values: unknown[]) => values.every((value) => resolve(value) === true),
    'Fn::Equals': ([one, other]: [unknown, unknown]) => String(resolve(one)) === String(resolve(other)),
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== NOTHING);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [only] = entries;
    if (entries.length === 1 && only !== undefined) {
      const run = functions[only[0]];
      if (run !== undefined) return run(only[1] as never);
      if (only[0].startsWith('Fn::')) throw new Error(`${only[0]} is not known here`);
    }
    return Object.fromEntries(
      entries.map(([key, item]) => [key, resolve(item)]).filter(([, item]) => item !== NOTHING),
    );
  }

  return {
    resources: Object.fromEntries(
      Object.entries(Resources)
        .filter(([id]) => exists(id))
        .map(([id, resource]) => {
          const resolved = resolve({ ...resource, Condition: undefined }) as Partial<Resource>;
          return [id, { Properties: {}, ...resolved } as Resource];
        }),
    ),
    outputs: Object.fromEntries(
      Object.entries(Outputs)
        .filter(([, { Condition }]) => Condition === undefined || holds(Condition))
        .map(([name, { Value }]) => [name, resolve(Value)]),
    ),
  };
}

export const arnOf = (id: string): string => `arn:aws:test:::${id}`;
