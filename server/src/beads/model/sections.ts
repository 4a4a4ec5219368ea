import { UserError } from '../../base/errors';

/** Sections that the description of a bead should have, by its type. */

interface Section {
  heading: string;
  purpose: string;
}

const acceptance: Section = { heading: '## Acceptance Criteria', purpose: 'Define criteria to verify the fix' };
const sections: Readonly<Record<string, readonly Section[]>> = {
  bug: [{ heading: '## Steps to Reproduce', purpose: 'Describe how to reproduce the bug' }, acceptance],
  task: [acceptance],
  feature: [acceptance],
  epic: [{ heading: '## Success Criteria', purpose: 'Define what makes the epic done' }],
};

/** Headings that a description lacks; case and level do not matter. */
export function missingSections(type: string, description: string): Section[] {
  const text = description.toLowerCase();
  const wanted = Object.hasOwn(sections, type) ? sections[type]! : [];
  return wanted.filter(({ heading }) => !text.includes(heading.replace(/^#+ /, '').toLowerCase()));
}

/** Checks that a description has the sections of its type. @throws UserError that lists the missing ones */
export function checkSections(type: string, description: string): void {
  const missing = missingSections(type, description);
  if (missing.length === 0) return;
  const lines = missing.map(({ heading, purpose }) => `\n  - ${heading} (${purpose})`);
  throw new UserError(`missing required sections for ${type}:${lines.join('')}`);
}
