import path from 'node:path';
import type { Command } from 'commander';
import { writeFileAtomic } from '../../base/atomicFile';
import { UserError } from '../../base/errors';
import { LedgerExport, LedgerImport } from '../../protocol/bead';
import { townOfDirectory } from '../shared/findTown';
import type { BdContext, GlobalOptions } from './context';
import { collect, defined, readText } from './options';

export function addFiles(program: Command, context: BdContext): void {
  addInit(program, context);
  addExport(program, context);
  addImport(program, context);
  addMerge(program, context);
}

function addInit(program: Command, context: BdContext): void {
  const command = program
    .command('init')
    .description('make a ledger in this folder')
    .option('-p, --prefix <prefix>', 'prefix of ids; the name of the folder by default')
    .option('-q, --quiet', 'print nothing')
    .action(async (options: { prefix?: string; quiet?: boolean }) => {
      const { cwd, env } = context.surroundings;
      const named = command.optsWithGlobals<GlobalOptions>().db ?? env.BEADS_DIR;
      const directory = named ? path.resolve(cwd, named) : path.join(cwd, '.beads');
      if (townOfDirectory(path.dirname(directory), {}))
        throw new UserError(
          'this folder belongs to a town, whose rigs have ledgers already',
          'Add a rig with gt rig add.',
        );
      const [{ initLedger }, { readLedgerConfig }, { realFs }] = await Promise.all([
        import('../../beads/storage/init'),
        import('../../beads/storage/ledgerConfig'),
        import('../../beads/storage/ledgerFs'),
      ]);
      const known = readLedgerConfig(realFs, directory).prefix;
      const prefix = options.prefix ?? known ?? prefixFromFolder(path.basename(path.dirname(directory)));
      initLedger(directory, prefix);
      const value = { prefix: prefix.replace(/-+$/, ''), directory, created: known === undefined };
      if (!options.quiet)
        context.print(command, value, () => [
          `${context.paint()('green', '✓')} ${known === undefined ? 'Made' : 'Found'} a ledger with prefix ${value.prefix}- in ${directory}`,
        ]);
    });
}

/** The folder's name with what an id must not contain turned into hyphens. */
function prefixFromFolder(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'bd'
  );
}

function addExport(program: Command, context: BdContext): void {
  const command = program
    .command('export')
    .description('print the ledger as issues.jsonl')
    .option('-o, --output <file>', 'write to this file')
    .option('-s, --status <statuses>', 'only these statuses', collect)
    .option('--rig <name>', 'the ledger of this rig')
    .action(async (options: { output?: string; status?: string[]; rig?: string }) =>
      context.run(command, async (backend) => {
        const { text, count } = await backend.call(
          LedgerExport.spec,
          defined({ status: options.status, ledger: options.rig }),
        );
        if (options.output === undefined) {
          context.terminal.write(text);
          return;
        }
        writeFileAtomic(path.resolve(context.surroundings.cwd, options.output), text);
        context.print(command, { exported: count, output: options.output }, () => [
          `${context.paint()('green', '✓')} Exported ${count} issues to ${options.output ?? ''}`,
        ]);
      }),
    );
}

function addImport(program: Command, context: BdContext): void {
  const command = program
    .command('import')
    .description('take in the beads of an issues.jsonl; newer ones replace older ones')
    .argument('[file]', 'the file; - for stdin')
    .option('-i, --input <file>', 'the file')
    .option('--rig <name>', 'into the ledger of this rig')
    .option('--dry-run', 'show what would change')
    .action(async (file: string | undefined, options: { input?: string; rig?: string; dryRun?: boolean }) => {
      const text = readText(inFolder(file ?? options.input ?? '-', context.surroundings.cwd), context.surroundings);
      await context.run(command, async (backend) => {
        const result = await backend.call(LedgerImport.spec, {
          text,
          ...defined({ ledger: options.rig, dryRun: options.dryRun }),
        });
        const value = {
          created: result.created.length,
          updated: result.updated.length,
          unchanged: result.unchanged,
          skipped: result.skipped.length,
          ids: [...result.created, ...result.updated],
        };
        context.print(command, value, () => [
          `${options.dryRun ? 'Would import' : 'Imported'}: ${value.created} new, ${value.updated} changed, ${value.unchanged} unchanged, ${value.skipped} skipped (deleted here)`,
        ]);
      });
    });
}

function inFolder(file: string, cwd: string): string {
  return file === '-' ? file : path.resolve(cwd, file);
}

function addMerge(program: Command, context: BdContext): void {
  const command = program
    .command('merge')
    .description('merge driver for git: merge.beads.driver "bd merge %A %O %A %B"')
    .argument('<output>')
    .argument('<base>')
    .argument('<left>')
    .argument('<right>')
    .action(async (output: string, base: string, left: string, right: string) => {
      const { mergeFiles } = await import('../../beads/merge/mergeFiles');
      const at = (file: string): string => path.resolve(context.surroundings.cwd, file);
      const { count } = mergeFiles(at(output), at(base), at(left), at(right), new Date());
      context.print(command, { merged: count, output }, () => [`Merged ${count} issues`]);
    });
}
