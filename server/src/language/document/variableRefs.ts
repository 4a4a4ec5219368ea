import type { Path } from '../../formulas/model';
import { reservedWords } from '../../formulas/cook/variables';
import { offsetInString, type Span, type StringValue } from '../../toml/nodes';

export interface VariableRef extends Span {
  name: string;
  plain: boolean;
}

const plain = /\{\{([a-zA-Z_]\w*)\}\}/g;
const block = /\{\{\s*(?:[#/^]\s*(?:if|unless|each|with)|else\s+if)\s+([a-zA-Z_]\w*)\s*\}\}/g;
/** Templates and loops use single braces. */
const single = /(?<!\{)\{([a-zA-Z_]\w*)\}(?!\})/g;

/** References to variables in a string; with single braces only to declared ones. */
export function variableRefs(value: StringValue, path: Path, declared: ReadonlySet<string>): VariableRef[] {
  const text = value.value;
  if (!text.includes('{')) return [];
  const found: VariableRef[] = [];
  const add = (pattern: RegExp, isPlain: boolean, accept: (name: string) => boolean): void => {
    for (const match of text.matchAll(pattern)) {
      const name = match[1]!;
      if (!accept(name)) continue;
      const at = match.index + match[0].lastIndexOf(name);
      found.push({
        name,
        plain: isPlain,
        start: offsetInString(value, at),
        end: offsetInString(value, at + name.length),
      });
    }
  };
  add(plain, true, (name) => !reservedWords.has(name));
  add(block, false, (name) => !reservedWords.has(name));
  if (path[0] === 'template' || path.includes('loop')) add(single, false, (name) => declared.has(name));
  return found.sort((a, b) => a.start - b.start);
}
