import * as vscode from 'vscode';
import { Disposable } from '../../../../server/src/base/lifecycle';
import type { TownConnection } from '../../connection/townConnection';
import type { TownResolver } from '../../connection/townResolver';
import type { TownStore } from '../../state/townStore';
import type { BeadLists } from '../beads/beadLists';
import { viewState } from './viewState';

interface Sources {
  store: TownStore;
  connection: TownConnection;
  resolver: TownResolver;
  lists: BeadLists;
}

/** Sets the context keys that the `when` clauses of welcomes, views and menus use. */
export class ContextKeys extends Disposable {
  private readonly values = new Map<string, unknown>();

  constructor(private readonly sources: Sources) {
    super();
    const update = (): void => this.update();
    const { store, connection, resolver, lists } = sources;
    this._register(store.onDidChange(update));
    this._register(connection.onDidChangeState(update));
    this._register(resolver.onDidChange(update));
    this._register(lists.onDidChange(update));
    this.update();
  }

  private update(): void {
    const { store, connection, resolver, lists } = this.sources;
    const { town } = store;
    this.setKey('gastown.state', viewState(resolver.finding, connection.state, store.hasSnapshot));
    this.setKey('gastown.engine', town === undefined ? 'none' : town.up ? 'up' : 'down');
    this.setKey('gastown.rigs', store.rigs.size);
    this.setKey('gastown.knownTowns', resolver.towns.length);
    this.setKey('gastown.beadGrouping', lists.grouping);
    this.setKey('gastown.beadFilter', lists.filter !== '');
  }

  private setKey(key: string, value: unknown): void {
    if (this.values.get(key) === value) return;
    this.values.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
