import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { modelPrice } from '../protocol/schemas/history';
import { runtimeSettings } from '../protocol/schemas/runtime';
import {
  gateNames,
  mergeModes,
  mergeStrategies,
  neededReviews,
  pullRequestMerges,
  reviewDepths,
  reviewModes,
  type GateInfo,
  type GateLimits,
  type GateName,
  type MergeStrategy,
  type ReviewSetting,
} from '../protocol/town';
import { FILTER_COMMAND, FILTER_NAME, filterCommands } from '../git/filters';
import { SettingsFile } from './files';
import type { RigLayout, TownLayout } from './layout';

/** `mayor/town.json` of a town. Unknown keys of all these files are kept: the Go `gt` has more of them. */
const townSchema = z.looseObject({
  type: z.literal('town').default('town'),
  version: z.number().default(2),
  name: z.string().default('town'),
  created_at: z.string().default(''),
});

/** `mayor/rigs.json` */
const rigsSchema = z.looseObject({
  version: z.number().default(1),
  rigs: z
    .record(
      z.string(),
      z.looseObject({
        git_url: z.string(),
        added_at: z.string().default(''),
        beads: z.looseObject({ prefix: z.string() }),
        /** Id of the request that added it: a repetition after a lost answer is not refused. */
        operation: z.string().optional(),
      }),
    )
    .default({}),
});

/** `settings/config.json` of the town. */
const townSettingsSchema = z.looseObject({
  type: z.literal('town-settings').default('town-settings'),
  version: z.number().default(1),
  default_agent: z.string().default('claude'),
  /** Runtime of the Mayor; by default the town's default agent. */
  mayor: z.string().optional(),
  agent_email_domain: z.string().default('gastown.local'),
  /** Whether the Mayor may land work without review (`gt land --direct`). */
  mayor_may_land: z.boolean().default(false),
  /** Whether new convoys collect their beads on a feature branch, if they do not set it themselves. */
  feature_branch: z.boolean().default(false),
  /** The merge strategy of rigs that do not set their own: see `mergeStrategies`. */
  merge_strategy: z.enum(mergeStrategies).default('squash'),
  /** Prices of models, by name or pattern: what costs are computed with. */
  prices: z.record(z.string(), modelPrice).default({}),
  /** Whether the engine is up. */
  up: z.boolean().default(false),
});

/** `settings/agents.json` */
const agentsSchema = z.looseObject({
  version: z.number().default(1),
  agents: z.record(z.string(), runtimeSettings).default({}),
});

/** `<rig>/config.json` */
const rigSchema = z.looseObject({
  type: z.literal('rig').default('rig'),
  version: z.number().default(1),
  name: z.string(),
  git_url: z.string(),
  /** True if `git_url` is a folder with a checkout. */
  folder: z.boolean().default(false),
  default_branch: z.string(),
  object_format: z.enum(['sha1', 'sha256']).optional(),
  /** Whether it is a clone that fetches missing objects from its own remote on demand. */
  partial: z.boolean().optional(),
  created_at: z.string().default(''),
  beads: z.looseObject({ prefix: z.string() }),
});

const seconds = z
  .number()
  .positive()
  .max(24 * 3600);

const memoryMb = z.number().int().min(16).max(10_000_000);
const processes = z.number().int().min(1).max(1_000_000);

const filterCommand = z.string().regex(FILTER_COMMAND).optional();
const gitFilter = z.strictObject({
  clean: filterCommand,
  smudge: filterCommand,
  process: filterCommand,
  required: z.boolean().optional(),
});

/** Names of reviewers, which become parts of addresses and folders. */
const REVIEWER_NAME = /^[A-Za-z0-9][\w-]{0,39}$/;

/** In the syntax of `gh`: `owner/name`, or `host/owner/name`. No part can be an option. */
const PULL_REQUEST_REPOSITORY = /^(?:[\w.][\w.-]*\/)?[\w.][\w.-]*\/[\w.][\w.-]*$/;

/** The Go `gt` writes `direct` if work lands without a pull request. */
const mergeStrategy = z.preprocess((value) => (value === 'direct' ? 'squash' : value), z.enum(mergeStrategies));

/** `<rig>/settings/config.json` */
const rigSettingsSchema = z
  .looseObject({
    type: z.literal('rig-settings').default('rig-settings'),
    version: z.number().default(1),
    /** Runtime for this rig; by default the town's. */
    agent: z.string().optional(),
    max_workers: z.number().int().min(1).max(50).default(2),
    /** Seconds between two starts of workers. */
    worker_spawn_delay: z.number().min(0).max(3600).default(0),
    /** Maximum number of attempts before a bead is `failed`. */
    max_attempts: z.number().int().min(1).max(50).default(3),
    /** Maximum number of consecutive restarts of a killed session without a new commit or step. */
    max_restarts: z.number().int().min(0).max(1000).default(10),
    /** Formula for beads that name none themselves, such as `mol-polecat-work`. */
    formula: z.string().optional(),
    /** Who reviews a change before it is merged: see `reviewModes`. */
    review: z.enum(reviewModes).default('off'),
    /** For `script`: run in a checkout of the change. Exit code 0 approves, 1 rejects with its output. */
    review_command: z.string().optional(),
    /** For `agent`: the reviewer's runtime; the town's default agent if it is missing. */
    reviewer: z.string().optional(),
    /** Several reviewers of the same change, instead of `review`: runtimes, `agent`, `script`, `person`. */
    reviewers: z.array(z.string().regex(REVIEWER_NAME, 'is not a reviewer name')).max(8).default([]),
    /** Whether all of them have to approve: see `neededReviews`. */
    reviews_needed: z.enum(neededReviews).default('all'),
    /** What reviewers are asked to read: see `reviewDepths`. */
    review_depth: z.enum(reviewDepths).default('normal'),
    /** Maximum number of rejections of a change before its bead is `failed`. */
    max_review_rounds: z.number().int().min(1).max(50).default(3),
    /** Time limit of a script or an agent for one review, in seconds. */
    review_timeout: seconds.default(1800),
    /** Whether a bead waits for unmerged work on its declared files (metadata `files`). */
    avoid_overlap: z.boolean().default(false),
    /** Seconds of silence after which an agent is nudged or restarted. */
    stall_after: seconds.default(600),
    /**
     * Files that agents and gates need but that are not committed, such as `.env`: copied into every worktree. See
     * `git/extraFiles.ts`.
     */
    worktree_files: z.array(z.string()).default([]),
    /**
     * Like `worktree_files`, but linked instead of copied, such as `node_modules`: for large files that are only read.
     */
    worktree_links: z.array(z.string()).default([]),
    /** Whether submodules are initialised in the worktrees of agents and of the refinery. */
    submodules: z.boolean().default(true),
    /**
     * Git filters whose programs run in the worktrees, such as those of git-lfs. `gt rig set` copies them from the
     * source.
     */
    git_filters: z.record(z.string().regex(FILTER_NAME), gitFilter).default({}),
    /**
     * Key with which agents sign their commits, and its format; without one they do not sign, regardless of the user's
     * settings.
     */
    agent_signing_key: z.string().optional(),
    agent_signing_format: z.enum(['openpgp', 'ssh', 'x509']).default('openpgp'),
    /** The remote with which the rig's ledger is synchronised: `origin` or an address. */
    sync_remote: z.string().optional(),
    namepool: z.looseObject({ names: z.array(z.string()).optional() }).default({}),
    merge_queue: z
      .looseObject({
        setup_command: z.string().optional(),
        typecheck_command: z.string().optional(),
        lint_command: z.string().optional(),
        build_command: z.string().optional(),
        test_command: z.string().optional(),
        /** Seconds for each gate; `gate_timeouts` names exceptions. */
        gate_timeout: seconds.default(600),
        gate_timeouts: z.partialRecord(z.enum(gateNames), seconds).default({}),
        /**
         * Limits for all processes of a gate together, if the system shows their usage; `gate_limits` names exceptions.
         */
        gate_memory_mb: memoryMb.optional(),
        gate_processes: processes.optional(),
        gate_limits: z
          .partialRecord(
            z.enum(gateNames),
            z.strictObject({ memory_mb: memoryMb.optional(), processes: processes.optional() }),
          )
          .default({}),
        /** Variables for the gates, such as folders of caches. They are accepted together with the commands. */
        env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
        /** `each` tests every commit separately, `batch` several together: see `mergeModes`. */
        mode: z.enum(mergeModes).default('batch'),
        /** The merge strategy; by default that of the town. */
        merge_strategy: mergeStrategy.optional(),
        /** For `pr`: the repository at the provider, `owner/name`, if the address of the source does not contain it. */
        pr_repository: z.string().regex(PULL_REQUEST_REPOSITORY, 'is not owner/name').optional(),
        /** For `pr`: how pull requests are merged, see `pullRequestMerges`. */
        pr_merge: z.enum(pullRequestMerges).default('rebase'),
        /** Maximum batch size. */
        max_batch: z.number().int().min(1).max(100).default(16),
        /** How often a failed gate is repeated on the same files before a change is rejected for it. */
        flaky_retries: z.number().int().min(0).max(10).default(1),
        /** Whether independent gates run in parallel, in one checkout. */
        parallel: z.boolean().default(false),
        /** Maximum number of parallel gate runs, each in its own checkout; see `gateRunsOf` for the default. */
        gate_runs: z.number().int().min(1).max(32).optional(),
        /**
         * Parts of the repository that depend only on their own files and on files outside of all targets: a change
         * within them runs only the gates that they name. Files outside of all targets affect all of them.
         */
        targets: z
          .record(
            z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/),
            z.strictObject({
              /** Patterns of paths, such as `services/api/**`: see `base/pathGlob.ts`. */
              paths: z.array(z.string().min(1).max(300)).min(1),
              gates: z.array(z.enum(gateNames)),
            }),
          )
          .default({}),
        /**
         * Whether new convoys with beads of this rig collect them on a feature branch; by default the town's setting.
         */
        feature_branch: z.boolean().optional(),
        /** Whether gates run before a person is asked to review a change: a change that fails goes back unreviewed. */
        checks_before_review: z.boolean().default(true),
        /** Whether agents may run the gates on their work before they submit it; the queue reuses the results. */
        pre_verified: z.boolean().default(false),
        /** Ignored files that are kept between two gate runs, as patterns of `git clean -e`, such as `node_modules`. */
        keep: z.array(z.string()).default([]),
      })
      .prefault({}),
  })
  .refine((settings) => settings.review !== 'script' || settings.review_command?.trim(), {
    path: ['review_command'],
    message: 'is missing, and "review" is "script": name the command, or set "review" to off, agent or person',
  })
  .refine(({ reviewers, review_command: command }) => !reviewers.includes('script') || command?.trim(), {
    path: ['review_command'],
    message: 'is missing, and "reviewers" has "script": name the command',
  })
  .refine(({ reviewers }) => new Set(reviewers).size === reviewers.length, {
    path: ['reviewers'],
    message: 'names a reviewer twice',
  });

export type RigConfig = z.output<typeof rigSchema>;
export type RigSettings = z.output<typeof rigSettingsSchema>;

export const townFile = (town: TownLayout) => new SettingsFile(town.townFile, townSchema);
export const rigsFile = (town: TownLayout) => new SettingsFile(town.rigsFile, rigsSchema);
export const townSettingsFile = (town: TownLayout) => new SettingsFile(town.settingsFile, townSettingsSchema);
export const agentsFile = (town: TownLayout) => new SettingsFile(town.agentsFile, agentsSchema);
export const rigConfigFile = (rig: RigLayout) => new SettingsFile(rig.configFile, rigSchema);
export const rigSettingsFile = (rig: RigLayout) => new SettingsFile(rig.settingsFile, rigSettingsSchema);

/** The signing key of a rig's agents. */
export function signingOf(
  settings: RigSettings,
): { key: string; format: RigSettings['agent_signing_format'] } | undefined {
  const key = settings.agent_signing_key?.trim();
  return key ? { key, format: settings.agent_signing_format } : undefined;
}

/** The merge strategy of a rig. @param settings those of the rig, if readable */
export function mergeStrategyOf(town: TownLayout, settings: RigSettings | undefined): MergeStrategy {
  return settings?.merge_queue.merge_strategy ?? townSettingsFile(town).read().merge_strategy;
}

/** Maximum number of parallel gate runs: by default half of the processors, from 1 to 4. */
export function gateRunsOf({ merge_queue: { gate_runs } }: RigSettings): number {
  return gate_runs ?? Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
}

/** The reviewers of changes of a rig. */
export function reviewSettingOf(settings: RigSettings): ReviewSetting {
  const { review, reviewers, reviews_needed: needed } = settings;
  return reviewers.length > 0 ? { reviewers, needed } : review;
}

/** All commands in a rig's settings, which a person accepts together. */
export function commandsOf(settings: RigSettings): GateInfo[] {
  const isScript = settings.reviewers.length > 0 ? settings.reviewers.includes('script') : settings.review === 'script';
  const command = isScript ? settings.review_command?.trim() : undefined;
  const review = command ? [{ name: 'review', command, timeoutSeconds: settings.review_timeout }] : [];
  const filters = filterCommands(settings.git_filters).map((one) => ({
    ...one,
    timeoutSeconds: settings.merge_queue.gate_timeout,
  }));
  const variables = Object.entries(settings.merge_queue.env).map(([name, value]) => `${name}=${value}`);
  const environment =
    variables.length > 0
      ? [{ name: 'env', command: variables.join('\n'), timeoutSeconds: settings.merge_queue.gate_timeout }]
      : [];
  return [...gatesOf(settings), ...review, ...filters, ...environment];
}

/** The rig's gates in the order they run. */
export function gatesOf(settings: RigSettings): GateInfo[] {
  const queue = settings.merge_queue;
  return gateNames.flatMap((name) => {
    const command = queue[`${name}_command`]?.trim();
    if (!command) return [];
    const timeoutSeconds = queue.gate_timeouts[name] ?? queue.gate_timeout;
    const limits = limitsOf(queue, name);
    const env = Object.keys(queue.env).length > 0 ? { env: queue.env } : {};
    return [{ name, command, timeoutSeconds, ...(limits ? { limits } : {}), ...env }];
  });
}

function limitsOf(queue: RigSettings['merge_queue'], gate: GateName): GateLimits | undefined {
  const own = queue.gate_limits[gate];
  const memory = own?.memory_mb ?? queue.gate_memory_mb;
  const most = own?.processes ?? queue.gate_processes;
  if (memory === undefined && most === undefined) return undefined;
  return { ...(memory === undefined ? {} : { memoryMb: memory }), ...(most === undefined ? {} : { processes: most }) };
}
