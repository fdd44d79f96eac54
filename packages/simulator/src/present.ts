type Optional<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/** The members of `T`; those that may be `undefined` are optional, and never `undefined` where they are there. */
type Present<T> = { [K in Exclude<keyof T, Optional<T>>]: T[K] } & {
  [K in Optional<T>]?: Exclude<T[K], undefined>;
};

/** Leaves out the members that are `undefined`: in JSON and headers a member is absent rather than empty. */
export function present<const T extends object>(members: T): Present<T> {
  const found = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as Present<T>;
}
