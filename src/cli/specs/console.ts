import { CONSOLE_OPTIONS } from '../options/console.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** The page of who audits. */
export const CONSOLE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'console',
    summary: 'search, listen, verify, hold and export in a browser, with every listen on record',
    options: CONSOLE_OPTIONS,
    purpose: 'wrap',
    details:
      'Prints an address that signs in once: it is for the person who starts the console and already has the keys, and grants everything. Recordings are decrypted in this process, leaf by leaf, each compared with its receipt first; what is played, shown or exported is an entry of the access log before the first byte of it. With ARCHIVE_CONSOLE_SIGN_ON several people share the console: an OpenID provider or a load balancer signs them in, and their groups say what they may do. See docs/console.md.',
    examples: [
      'genesys-archive console --open',
      'genesys-archive console --store s3://my-archive --port 0',
      'genesys-archive console --all-archives',
      'ARCHIVE_CONSOLE_SIGN_ON=sign-on.json genesys-archive console --host 0.0.0.0',
    ],
    exitCodes: [0, 1, 2, 4, 7, 130],
    load: () => import('../commands/console.ts'),
  }),
];
