import fs from 'node:fs';
import path from 'node:path';
import { builtInFormulas } from '../../../server/src/formulas/registry/registry';

/** Formulas to damage: our own, and those of the Go projects where they are at hand. */
export function formulaTexts(): Record<string, string> {
  const folder = fixtureFolder();
  if (!folder) console.log('      (only our own samples: ../shared/fixtures/formulas is not there)');
  const fixtures = folder
    ? fs.readdirSync(folder).map((file): [string, string] => [file, fs.readFileSync(path.join(folder, file), 'utf8')])
    : [];
  return { ...builtInFormulas, mixed: mixedSample, ...Object.fromEntries(fixtures) };
}

export function fixtureFolder(): string | undefined {
  return ['..', '../..', '../../..']
    .map((up) => path.resolve(up, 'shared', 'fixtures', 'formulas'))
    .find((folder) => fs.existsSync(folder));
}

/** A workflow of some size, made here: about so many kilobytes. */
export function longSample(kilobytes: number): string {
  const step = (index: number): string =>
    `[[steps]]\nid = "step-${index}"\ntitle = "Step ${index} of {{feature}}"\nneeds = [${index > 0 ? `"step-${index - 1}"` : ''}]\ndescription = """\nDo number ${index}, then go on.\n\`\`\`sh\nX=1; test "$X" = 1\n\`\`\`\n"""\n\n`;
  let text = 'formula = "long"\n[vars.feature]\nrequired = true\n\n';
  for (let index = 0; text.length < kilobytes * 1000; index++) text += step(index);
  return text;
}

/** Every way to write a value, and texts that look like TOML. */
const mixedSample = `# a comment
formula = "mixed"
description = '''
A text with "quotes" and
[brackets]
key = "value"
'''
version = 2

[vars]
short = "x"
[vars.feature]
description = "What is built" # why
default = ""
enum = [
  "one", # first
  "two",
]

[[steps]]
id = "a"
title = "Say \\"hi\\" to {{feature}}"

[[steps]]
id = "b"
title = 'B'
needs = ["a"]
gate = { type = "timer", timeout = "1h" }
description = """
Some words.
if [[ -f x ]]; then
  FOO=bar
fi
[note]
"""

[[steps]]
id = "c"
title = "C"
needs = [
  "a",
  "b",
]
[[steps.children]]
id = "c.1"
title = "C1"
[steps.children.metadata]
n = 1_000
when = 2020-01-01 10:00:00Z
`;
