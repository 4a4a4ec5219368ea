import type { LedgerParam } from './beadFilter';
import type { Dependency, TreeNode } from './beadRecord';
import { request } from './request';

/** Parameters of a dependency: `from` depends on `to`. */
export interface EdgeParams extends LedgerParam {
  from: string;
  to: string;
  type?: string;
}

/** A link without a direction: one dependency each way. */
export namespace RelationChange {
  export interface Params extends LedgerParam {
    a: string;
    b: string;
    change: 'add' | 'remove';
  }
  export const spec = request<Params, { id1: string; id2: string }>('gastown/dependency/relate', 'write');
}

export namespace DependencyAdd {
  export const spec = request<EdgeParams, Dependency>('gastown/dependency/add', 'write');
}

export namespace DependencyRemove {
  export const spec = request<EdgeParams, { issue_id: string; depends_on_id: string }>(
    'gastown/dependency/remove',
    'write',
  );
}

export namespace DependencyTree {
  export interface Params extends LedgerParam {
    id: string;
    maxDepth?: number;
    direction?: 'down' | 'up' | 'both';
    /** Lists each bead as often as it is reached, not only at its smallest depth. */
    allPaths?: boolean;
  }
  export const spec = request<Params, TreeNode[]>('gastown/dependency/tree', 'read');
}

export const dependencyRequests = [
  DependencyAdd.spec,
  DependencyRemove.spec,
  DependencyTree.spec,
  RelationChange.spec,
] as const;
