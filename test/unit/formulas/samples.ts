import assert from 'node:assert/strict';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import type { JobRunner } from '../../../server/src/base/jobs/messages';
import type { FormulaFiles } from '../../../server/src/formulas/registry/files';
import { FormulaRegistry } from '../../../server/src/formulas/registry/registry';
import { FormulaService } from '../../../server/src/formulas/service/formulaService';
import { runFormulaJob, type FormulaJob } from '../../../server/src/formulas/service/jobs';
import { registerFormulaHandlers } from '../../../server/src/formulas/pour/handlers';
import { parseFormula } from '../../../server/src/formulas/load/parse';
import { validate } from '../../../server/src/formulas/check/validate';
import type { Formula, Problem } from '../../../server/src/formulas/model';
import type { CookOptions } from '../../../server/src/formulas/cook/cook';
import type { Proto } from '../../../server/src/formulas/cook/proto';
import { openService, type Service } from '../beads/service';

/** Formula files in memory. */
export function filesOf(files: Readonly<Record<string, string>>): FormulaFiles {
  return {
    list: (directory) =>
      Object.keys(files)
        .filter((file) => path.posix.dirname(file) === directory)
        .map((file) => path.posix.basename(file)),
    read: (file) => files[file],
  };
}

/** A registry of one project: texts by the names of formulas. */
export function registryOf(texts: Readonly<Record<string, string>>): FormulaRegistry {
  const files = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [`/p/${name}${/\.json$/.test(name) ? '' : '.formula.toml'}`, text]),
  );
  return new FormulaRegistry([{ tier: 'project', directory: '/p' }], { files: filesOf(files) });
}

/** A workflow of these steps: `id`, or `id < need need`. */
export function workflow(name: string, steps: readonly string[], more = ''): string {
  const tables = steps.map((step) => {
    const [id = '', needs = ''] = step.split(' < ');
    return `[[steps]]\nid = "${id}"\ntitle = "Do ${id}"\nneeds = [${needs
      .split(' ')
      .filter(Boolean)
      .map((need) => `"${need}"`)
      .join(', ')}]\n`;
  });
  return `formula = "${name}"\n${tables.join('\n')}\n${more}`;
}

export const expansion = (name: string, ids: readonly string[], more = ''): string =>
  `formula = "${name}"\ntype = "expansion"\n${ids.map((id, index) => `[[template]]\nid = "{target}.${id}"\ntitle = "${id} {target.title}"\n${index > 0 ? `needs = ["{target}.${ids[index - 1]}"]\n` : ''}`).join('\n')}\n${more}`;

/** Cooks the first of these formulas. */
export function cooked(texts: Readonly<Record<string, string>>, options: CookOptions = {}): Proto {
  return registryOf(texts).cook(Object.keys(texts)[0]!, options).proto;
}

/** `id < needs` of each step. */
export function shape(proto: Proto): string[] {
  return proto.steps.map((step) =>
    [step.id, step.needs.length > 0 ? `< ${step.needs.join(' ')}` : '', step.parent ? `in ${step.parent}` : '']
      .filter(Boolean)
      .join(' '),
  );
}

/** All that is wrong with a text. */
export function problemsOf(text: string, format: 'toml' | 'json' = 'toml'): Problem[] {
  const { formula, problems } = parseFormula(text, format);
  return [...problems, ...(formula ? validate(formula) : [])];
}

export function formulaOf(text: string): Formula {
  const { formula, problems } = parseFormula(text, 'toml');
  if (!formula) throw new Error(problems.map((problem) => problem.message).join('\n'));
  return formula;
}

/** Where nothing is looked for: the registry of a test knows its texts. */
export const places = { ledger: '/p' };

/** The service over these texts, in this very thread. */
export function formulaService(texts: Readonly<Record<string, string>>): FormulaService {
  const runner: JobRunner = {
    run: async <T>(job: unknown) => runFormulaJob(job as FormulaJob, registryOf(texts)) as T,
  };
  return new FormulaService(runner);
}

/** Ledgers in memory with the handlers of beads and of formulas. */
export async function openMolecules(texts: Readonly<Record<string, string>> = {}): Promise<Service> {
  const service = await openService(['toy', 'hq']);
  registerFormulaHandlers(service.dispatcher, service.store, {
    ledgerFor: (_context, named) => named ?? 'toy',
    placesFor: () => places,
    formulas: formulaService(texts),
  });
  return service;
}

/**
 * Checks that something throws a UserError.
 * @param hint matched with the hint of the error
 */
export function refused(work: () => unknown, message: RegExp, hint?: RegExp): void {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    if (hint) assert.match(error.hint ?? '', hint);
    return true;
  });
}
