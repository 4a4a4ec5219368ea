/** What the rules do at the moment, for display. A rule may do several things at a time: the latest is shown. */
export class Activities {
  private readonly running = new Map<string, Set<Activity>>();

  /** The current activity of an actor, such as `testing toy-1`. */
  of(actor: string): string | undefined {
    return [...(this.running.get(actor) ?? [])].findLast(({ text }) => text !== undefined)?.text;
  }

  /** Starts an activity without a text; it lasts until its `end`. */
  begin(actor: string): Activity {
    const own = this.running.get(actor) ?? new Set<Activity>();
    this.running.set(actor, own);
    const activity: Activity = {
      text: undefined,
      show: (text) => {
        activity.text = text;
        // The latest one is the last.
        own.delete(activity);
        own.add(activity);
      },
      end: () => {
        own.delete(activity);
        if (own.size === 0 && this.running.get(actor) === own) this.running.delete(actor);
      },
    };
    own.add(activity);
    return activity;
  }
}

/** One thing that an actor does. */
export interface Activity {
  text: string | undefined;
  show(text: string): void;
  end(): void;
}
