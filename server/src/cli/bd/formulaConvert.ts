import path from 'node:path';
import { UserError } from '../../base/errors';
import { removeFile, writeFileAtomic } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import { FormulaList, FormulaShow } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';

/** `bd formula convert`: a formula in JSON becomes one in TOML, which is easier to read and edit. */

interface ConvertOptions {
  all?: boolean;
  delete?: boolean;
  stdout?: boolean;
}

export function addFormulaConvert(formula: CliCommand, context: BdContext): void {
  formula
    .command('convert')
    .description('write a formula that is in JSON as TOML')
    .argument('[name]', 'name of the formula')
    .option('--all', 'every formula that is in JSON')
    .option('--delete', 'then remove the file in JSON')
    .option('--stdout', 'only print the TOML')
    .withHelp({
      text: 'The new file is next to the old one. If both exist, the one in TOML is used.',
      examples: [
        ['bd formula convert release --stdout', 'look first'],
        ['bd formula convert --all --delete', 'all of them'],
      ],
      see: ['bd formula show'],
    })
    .action(async (name: string | undefined, options: ConvertOptions, invocation: Invocation) => {
      if ((name === undefined) === !options.all) throw new UserError('give the name of a formula, or --all');
      const converted = await context.withLedger(invocation, async (backend) => {
        const found: Converted[] = [];
        for (const each of name === undefined ? await namesInJson(backend) : [name])
          found.push(await convert(backend, each));
        return found;
      });
      if (options.stdout)
        return context.print(invocation, converted, () => converted.map(({ toml }) => toml.trimEnd()));
      for (const { file, target } of converted)
        if (isPresent(target))
          throw new UserError(`${target} exists already`, `${file} was not converted.`, 'conflict');
      for (const { file, target, toml } of converted) {
        writeFileAtomic(target, toml);
        if (options.delete) removeFile(file);
      }
      const rows = converted.map(({ file, target }) => ({ source: file, target, deleted: options.delete === true }));
      context.print(invocation, rows, () =>
        rows.length === 0
          ? 'No formulas in JSON.'
          : rows.map(({ source, target }) => `✓ Converted: ${oneLine(path.basename(source))} → ${oneLine(target)}`),
      );
    });
}

interface Converted {
  file: string;
  target: string;
  toml: string;
}

async function namesInJson(backend: Backend): Promise<string[]> {
  const formulas = await backend.call(FormulaList.spec, {});
  return formulas.filter(({ source }) => source.endsWith('.json')).map(({ name }) => name);
}

async function convert(backend: Backend, name: string): Promise<Converted> {
  const { source, toml = '' } = await backend.call(FormulaShow.spec, { name, toml: true });
  if (!source.endsWith('.json')) throw new UserError(`formula ${JSON.stringify(name)} is not in JSON`, source);
  return { file: source, target: source.replace(/\.json$/, '.toml'), toml };
}
