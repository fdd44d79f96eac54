/** The whole object is read at once: a recipe to be understood at a glance, not a tool. `openssl enc` knows no GCM. */
export function decryptionRecipe(iv: string): string[] {
  return [
    '',
    'To decrypt a copy of the object (here object.enc) without this program; the last 16 bytes are the tag:',
    '',
    '  # Node.js: ENCRYPTION_KEY_HEX=… node decrypt.mjs',
    "  import { createDecipheriv } from 'node:crypto';",
    "  import { readFileSync, writeFileSync } from 'node:fs';",
    "  const object = readFileSync('object.enc');",
    "  const key = Buffer.from(process.env.ENCRYPTION_KEY_HEX, 'hex');",
    `  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from('${iv}', 'base64'), { authTagLength: 16 });`,
    '  decipher.setAuthTag(object.subarray(-16));',
    '  const plaintext = Buffer.concat([decipher.update(object.subarray(0, -16)), decipher.final()]);',
    "  writeFileSync('recording.wav', plaintext);",
    '',
    '  # Python: pip install cryptography; ENCRYPTION_KEY_HEX=… python3 decrypt.py',
    '  import base64, os',
    '  from cryptography.hazmat.primitives.ciphers.aead import AESGCM',
    "  key = bytes.fromhex(os.environ['ENCRYPTION_KEY_HEX'])",
    `  plaintext = AESGCM(key).decrypt(base64.b64decode('${iv}'), open('object.enc', 'rb').read(), None)`,
    "  open('recording.wav', 'wb').write(plaintext)",
  ];
}
