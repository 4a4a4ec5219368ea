export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * A script that a shell sources to complete `gt` or `bd`. It runs `<name> __complete <shell> <words…>` and falls back
 * to file names.
 */
export function completionScript(name: string, shell: Shell): string {
  return { bash, zsh, fish }[shell](name);
}

function bash(name: string): string {
  return `# bash completion for ${name}. To enable it: source <(${name} completion bash)
_${name}_complete() {
  local value text
  COMPREPLY=()
  while IFS=$'\\t' read -r value text; do
    [ -n "$value" ] && COMPREPLY+=("$(printf '%q' "$value")")
  done < <("$1" __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
  # No space after a word that ends in =: its value follows. Bash 3 has no compopt.
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == *= ]] && type compopt >/dev/null 2>&1 && compopt -o nospace 2>/dev/null
  return 0
}
complete -o bashdefault -o default -F _${name}_complete ${name}
`;
}

function zsh(name: string): string {
  return `#compdef ${name}
# zsh completion for ${name}. To enable it, after compinit: source <(${name} completion zsh)
_${name}() {
  local value text
  local -a found
  while IFS=$'\\t' read -r value text; do
    [[ -n "$value" ]] && found+=("\${value//:/\\\\:}\${text:+:$text}")
  done < <("$words[1]" __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)
  if (( ! \${#found} )); then _files
  elif [[ "\${found[1]%%:*}" == *= ]]; then _describe '${name}' found -S ''
  else _describe '${name}' found; fi
}
if [ "$funcstack[1]" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fish(name: string): string {
  return `# fish completion for ${name}. To enable it: ${name} completion fish | source
function __${name}_candidates
  set -l words (commandline -opc) (commandline -ct)
  # Both conditions below are evaluated for one completion: the second reuses the answer of the first.
  set -l asked "$words" (date +%s)
  if test "$asked" != "$__${name}_asked"
    set -g __${name}_asked $asked
    set -g __${name}_found (command ${name} __complete fish $words[2..-1] 2>/dev/null </dev/null)
  end
  test (count $__${name}_found) -gt 0
end
complete -c ${name} -n __${name}_candidates -f -a '(printf "%s\\n" $__${name}_found)'
complete -c ${name} -n 'not __${name}_candidates' -F
`;
}
