import type { Bead, BeadDetails, BeadListItem, DependencyType } from '../../protocol/bead';
import { validationRecords } from '../model/validations';
import { isExternal, type ExternalState } from '../external/reference';

/** Source of the beads around one. */
export interface BeadSource {
  get(id: string): Bead | undefined;
  /** Beads that depend on this one, by their ids. */
  dependents(id: string): Bead[];
  parent(id: string): string | undefined;
  externals: { stateOf(reference: string): ExternalState };
}

/** A bead with the counts of lists. */
export function listItem(source: BeadSource, bead: Bead): BeadListItem {
  const parent = source.parent(bead.id);
  return {
    ...bead,
    dependency_count: bead.dependencies?.length ?? 0,
    dependent_count: source.dependents(bead.id).length,
    comment_count: bead.comments?.length ?? 0,
    ...(parent === undefined ? {} : { parent }),
  };
}

/** A bead with those that it depends on and those that depend on it. */
export function beadDetails(source: BeadSource, id: string): BeadDetails {
  const bead = source.get(id) as Bead;
  const { dependencies, ...item } = listItem(source, bead);
  const withType = (
    { dependencies: _edges, comments: _comments, ...other }: Bead,
    edge: DependencyType,
  ): Bead & { dependency_type: DependencyType } => ({ ...other, dependency_type: edge });
  const needed = (dependencies ?? []).flatMap((edge) => {
    const target = source.get(edge.depends_on_id);
    return target ? [withType(target, edge.type)] : [];
  });
  const dependents = source
    .dependents(id)
    .flatMap((other) =>
      (other.dependencies ?? []).filter((edge) => edge.depends_on_id === id).map((edge) => withType(other, edge.type)),
    );
  const records = validationRecords(bead);
  const updatedBy = bead.updated_by ?? bead.created_by;
  const external = (dependencies ?? [])
    .filter((edge) => isExternal(edge.depends_on_id))
    .map(({ depends_on_id: id, type }) => ({ id, dependency_type: type, ...source.externals.stateOf(id) }));
  return {
    ...item,
    dependencies: needed,
    dependents,
    ...(updatedBy === undefined ? {} : { updated_by: updatedBy }),
    ...(records.length > 0 ? { validation_records: records } : {}),
    ...(external.length > 0 ? { external_dependencies: external } : {}),
  };
}
