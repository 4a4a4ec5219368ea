import fs from 'node:fs';
import path from 'node:path';
import { references } from './reference';

/** `npm run docs`: writes the documents that are generated. A test holds them to what the commands say. */
async function main(): Promise<void> {
  for (const [name, text] of Object.entries(await references())) {
    const file = path.join('docs', name);
    fs.writeFileSync(file, text);
    process.stdout.write(`${file}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
