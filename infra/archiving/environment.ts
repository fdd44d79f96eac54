/** What a function that others can look at must not hold, or must not do. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:GENESYS_CLIENT_SECRET|ENCRYPTION_KEY_HEX|ARCHIVE_WEBHOOK_SECRET)$/,
    'is a secret, and variables of a function are shown to all who may look at it; put it into the secret of the stack',
  ],
  [/^ARCHIVE_ALLOW_LOOPBACK$/, 'is for tests only'],
  [/^NODE_TLS_REJECT_UNAUTHORIZED$/, 'would send secrets to hosts without a valid certificate'],
  [/^ARCHIVE_WEBHOOK_OPEN$/, 'would archive calls for unsigned requests of anyone'],
];

/**
 * The variables of the function: the stack's own and the user's.
 *
 * @throws Error that names every variable that the stack sets itself, or that must not be set.
 */
export function functionEnvironment(
  own: Readonly<Record<string, string>>,
  further: Readonly<Record<string, string>>,
): Record<string, string> {
  const problems = Object.keys(further).flatMap((name) => {
    if (name in own) return [`${name} is set by the stack`];
    const reason = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
    return reason === undefined ? [] : [`${name} ${reason}`];
  });
  if (problems.length > 0) throw new Error(`environmentVariables: ${problems.join('; ')}`);
  return { ...own, ...further };
}
