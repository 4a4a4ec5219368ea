export * from './nodes';
export { parseToml } from './parser';
export * from './tree';
