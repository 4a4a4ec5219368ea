import fs from 'node:fs';
import { commands } from './commands';
import { engine } from './engine';
import { landing } from './landing';
import { ledger } from './ledger';
import { load } from './load';
import type { Row, Subject } from './measure';
import { queue } from './queue';
import { outside } from './outside';
import { memory } from './memory';
import { circumstances, table } from './report';
import { scale } from './scale';
import { server } from './server';
import { vscode } from './vscode';

/** `npm run bench [-- [--save] [subject…]]`. Never a test: nothing fails because a machine is slow. */
const subjects: Readonly<Record<string, Subject>> = {
  ledger,
  commands,
  outside,
  server,
  engine,
  landing,
  queue,
  memory,
  load,
  scale,
  vscode,
};
const resultFile = 'test/bench/results.md';

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const wanted = words.filter((word) => !word.startsWith('--'));
  const unknown = wanted.filter((word) => !(word in subjects));
  if (unknown.length > 0)
    throw new Error(`there is no ${unknown.join(', ')}; there are: ${Object.keys(subjects).join(', ')}`);
  const rows: Row[] = [];
  for (const name of wanted.length > 0 ? wanted : Object.keys(subjects)) {
    process.stderr.write(`${name} …\n`);
    // One that cannot be measured here, such as VS Code where none can be had, takes none of the others with it.
    rows.push(
      ...((await subjects[name]!().catch(
        (error: unknown) => void process.stderr.write(`${name}: ${String(error)}\n`),
      )) ?? []),
    );
  }
  const text = `${table(rows)}\n`;
  process.stdout.write(
    `Medians. Compare them with each other, not with another machine: ${circumstances()}\n\n${text}`,
  );
  if (words.includes('--save'))
    fs.writeFileSync(
      resultFile,
      `# Results of \`npm run bench\`\n\nThe last run that was kept (\`npm run bench -- --save\`): ${circumstances()}.\n\n${text}`,
    );
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
