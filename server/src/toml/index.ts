export * from './nodes';
export { MAX_DEPTH, parseToml } from './parser';
export * from './tree';
