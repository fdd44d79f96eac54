import { choice, credentialSecret, filePath, keyHex, roleArn, secretArn } from '../values/values.ts';

/** Of the console. Part of the one table in `schema.ts`. */
export const CONSOLE_SETTINGS = {
  ARCHIVE_CONSOLE_REASON: {
    schema: choice(['required', 'optional']),
    group: 'Console',
    meaning:
      'whether who listens to a recording in the console must say why; the reason stands in the access log',
    example: 'required',
    default: 'optional',
    since: 'console',
    usedFor: ['wrap'],
  },
  ARCHIVE_CONSOLE_SIGN_ON: {
    schema: filePath,
    group: 'Console',
    meaning:
      'JSON file that says by which address people open the console, who signs them in, and what their groups may do (docs/console-sign-on.md); without it the console is for the person who starts it',
    example: './sign-on.json',
    since: 'console',
    usedFor: ['wrap'],
  },
  ARCHIVE_CONSOLE_CLIENT_SECRET: {
    schema: credentialSecret,
    group: 'Console',
    meaning: 'secret of the client at the OpenID provider that the sign-on file names',
    example: 'as the provider shows it once',
    since: 'console',
    usedFor: ['wrap'],
    secret: true,
  },
  ARCHIVE_CONSOLE_SESSION_KEY: {
    schema: keyHex,
    group: 'Console',
    meaning:
      'key that seals the cookies of signed-in people, 64 hex digits; without it people sign in again when the console is restarted',
    example: 'made by `openssl rand -hex 32`',
    since: 'console',
    usedFor: ['wrap'],
    secret: true,
  },
  ARCHIVE_CONSOLE_SECRET_ARN: {
    schema: secretArn,
    group: 'Console',
    meaning:
      'secret of AWS Secrets Manager that the function of the console reads: the sign-on file as `signOn`, `clientSecret`, and `sessionKey` (docs/console-sign-on.md); the stack sets it',
    example: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:console-AbCdEf',
    since: 'console',
    usedFor: ['wrap'],
  },
  ARCHIVE_CONSOLE_ROLE_ARN: {
    schema: roleArn,
    group: 'Console',
    meaning:
      'role that the function of the console assumes for each person, under their name, to reach the archive; the stack sets it',
    example: 'arn:aws:iam::123456789012:role/console-reader',
    since: 'console',
    usedFor: ['wrap'],
  },
} as const;
