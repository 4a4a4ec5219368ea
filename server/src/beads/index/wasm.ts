import fs from 'node:fs';
import path from 'node:path';
import type { SqlJsStatic } from 'sql.js';

const wasmName = 'sql-wasm.wasm';

/** `sql-wasm.wasm` next to the bundle (`dist/`), above it (`out/` in tests) or in the installed package. */
export function findWasm(start: string = __dirname): string {
  for (let folder = start; ; folder = path.dirname(folder)) {
    for (const candidate of [
      path.join(folder, wasmName),
      path.join(folder, 'node_modules', 'sql.js', 'dist', wasmName),
    ]) {
      if (fs.existsSync(candidate)) return candidate;
    }
    if (path.dirname(folder) === folder) throw new Error(`${wasmName} not found at or above ${start}`);
  }
}

const loaded = new Map<string, Promise<SqlJsStatic>>();

/** SQLite, compiled once per process. Imported when first needed: most commands never do. */
export function loadSql(wasm = findWasm()): Promise<SqlJsStatic> {
  let sql = loaded.get(wasm);
  if (!sql) loaded.set(wasm, (sql = compile(wasm)));
  return sql;
}

async function compile(wasm: string): Promise<SqlJsStatic> {
  const { default: initSqlJs } = await import('sql.js');
  const bytes = fs.readFileSync(wasm);
  return initSqlJs({ wasmBinary: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) });
}
