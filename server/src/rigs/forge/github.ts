import { z } from 'zod';
import { UserError } from '../../base/errors';
import { schemaProblems } from '../../base/schemaProblems';
import type { Forge, NewPullRequest, PullRequest, PullRequestMethod, PullRequestStatus } from './forge';
import type { GhProgram } from './ghProgram';

const pullRequests = z.array(z.object({ number: z.number().int(), url: z.string() }));

/** One entry of `statusCheckRollup`: a check run, or a status of another system. */
const rollupEntry = z.union([
  z.object({
    __typename: z.literal('CheckRun'),
    name: z.string(),
    status: z.string(),
    conclusion: z.string().nullish(),
    detailsUrl: z.string().nullish(),
  }),
  z.object({
    __typename: z.literal('StatusContext'),
    context: z.string(),
    state: z.string(),
    targetUrl: z.string().nullish(),
  }),
]);

/** `gh pr view --json`, the fields of `FIELDS`. */
const viewSchema = z.object({
  state: z.enum(['OPEN', 'MERGED', 'CLOSED']),
  headRefOid: z.string(),
  mergeCommit: z.object({ oid: z.string() }).nullish(),
  reviewDecision: z.string().nullish(),
  mergeStateStatus: z.string(),
  reviews: z.array(
    z.object({
      author: z.object({ login: z.string() }).nullish(),
      body: z.string(),
      state: z.string(),
      commit: z.object({ oid: z.string() }).nullish(),
    }),
  ),
  statusCheckRollup: z.array(rollupEntry).nullish(),
});
type View = z.output<typeof viewSchema>;
const FIELDS = Object.keys(viewSchema.shape).join(',');

/** Comments on lines (`GET /repos/{owner}/{repo}/pulls/{number}/comments`). */
const remarks = z.array(
  z.object({
    path: z.string(),
    line: z.number().nullish(),
    body: z.string(),
    commit_id: z.string(),
    user: z.object({ login: z.string() }).nullish(),
  }),
);

/** Conclusions of a check run that count as a success. */
const PASSED: ReadonlySet<string> = new Set(['SUCCESS', 'NEUTRAL', 'SKIPPED']);

/** Pull requests at GitHub, through its program `gh`. @param repository `owner/name`, or `host/owner/name` */
export class GitHub implements Forge {
  constructor(
    private readonly repository: string,
    private readonly gh: GhProgram,
  ) {}

  find(branch: string): Promise<PullRequest | undefined> {
    return this.newest([`--head=${branch}`, '--state=open']);
  }

  findMerged(branch: string, base: string): Promise<PullRequest | undefined> {
    return this.newest([`--head=${branch}`, `--base=${base}`, '--state=merged']);
  }

  private async newest(filter: readonly string[]): Promise<PullRequest | undefined> {
    const text = await this.pr(['list'], [...filter, '--json=number,url', '--limit=1']);
    return parsed(pullRequests, text, 'gh pr list')[0];
  }

  async create({ branch, base, title, body }: NewPullRequest): Promise<PullRequest> {
    const given = [`--head=${branch}`, `--base=${base}`, `--title=${title}`, '--body-file=-'];
    const url = (await this.pr(['create'], given, body)).trim().split('\n').at(-1) ?? '';
    const number = /\/pull\/(\d+)$/.exec(url)?.[1];
    if (number === undefined)
      throw new UserError(`gh pr create did not name a pull request: ${url}`, undefined, 'unavailable');
    return { number: Number(number), url };
  }

  async status(number: number): Promise<PullRequestStatus> {
    const view = parsed(viewSchema, await this.pr(['view', String(number)], [`--json=${FIELDS}`]), 'gh pr view');
    const { headRefOid: head } = view;
    const mergeCommit = view.mergeCommit?.oid;
    return {
      state: view.state === 'OPEN' ? 'open' : view.state === 'MERGED' ? 'merged' : 'closed',
      head,
      ...(mergeCommit === undefined ? {} : { mergeCommit }),
      checks: checksOf(view),
      requestedChanges: await this.requestedChanges(number, view),
      merging: mergingOf(view),
    };
  }

  async merge(number: number, head: string, method: PullRequestMethod): Promise<void> {
    await this.pr(['merge', String(number)], [`--${method}`, `--match-head-commit=${head}`]);
  }

  async close(number: number, comment: string): Promise<void> {
    const { state } = parsed(
      z.object({ state: z.string() }),
      await this.pr(['view', String(number)], ['--json=state']),
      'gh pr view',
    );
    if (state === 'OPEN') await this.pr(['close', String(number)], [`--comment=${comment}`]);
  }

  private async requestedChanges(
    number: number,
    { headRefOid, reviews }: View,
  ): Promise<PullRequestStatus['requestedChanges']> {
    // Reviews of earlier commits have been answered by this one.
    const latest = new Map<string, View['reviews'][number]>();
    for (const review of reviews)
      if (review.commit?.oid === headRefOid && (review.state === 'APPROVED' || review.state === 'CHANGES_REQUESTED'))
        latest.set(review.author?.login ?? '', review);
    const negative = [...latest].filter(([, { state }]) => state === 'CHANGES_REQUESTED');
    if (negative.length === 0) return [];
    const said = (await this.remarks(number)).filter(({ commit_id }) => commit_id === headRefOid);
    return negative.map(([by, { body }]) => ({
      by: by || 'somebody',
      text: [
        body.trim(),
        ...said
          .filter(({ user }) => (user?.login ?? '') === by)
          .map(({ path, line, body: text }) => `${path}${line == null ? '' : `:${line}`}: ${text.trim()}`),
      ]
        .filter(Boolean)
        .join('\n\n'),
    }));
  }

  private async remarks(number: number): Promise<z.output<typeof remarks>> {
    const [name, owner, host] = this.repository.split('/').reverse();
    const where = host === undefined ? [] : ['--hostname', host];
    const text = await this.gh(['api', ...where, `repos/${owner}/${name}/pulls/${number}/comments?per_page=100`]);
    return parsed(remarks, text, 'gh api');
  }

  private pr(command: readonly string[], options: readonly string[], input?: string): Promise<string> {
    return this.gh(['pr', ...command, `--repo=${this.repository}`, ...options], input);
  }
}

function checksOf({ statusCheckRollup }: View): PullRequestStatus['checks'] {
  return (statusCheckRollup ?? []).map((entry) => {
    if (entry.__typename === 'StatusContext')
      return {
        name: entry.context,
        outcome: entry.state === 'SUCCESS' ? 'passed' : /^(PENDING|EXPECTED)$/.test(entry.state) ? 'pending' : 'failed',
        ...(entry.targetUrl ? { url: entry.targetUrl } : {}),
      };
    const outcome = entry.status !== 'COMPLETED' ? 'pending' : PASSED.has(entry.conclusion ?? '') ? 'passed' : 'failed';
    return { name: entry.name, outcome, ...(entry.detailsUrl ? { url: entry.detailsUrl } : {}) };
  });
}

function mergingOf({ mergeStateStatus, reviewDecision }: View): PullRequestStatus['merging'] {
  if (mergeStateStatus === 'BEHIND' || mergeStateStatus === 'DIRTY') return 'behind';
  const waits = !/^(CLEAN|HAS_HOOKS|UNSTABLE)$/.test(mergeStateStatus) || reviewDecision === 'REVIEW_REQUIRED';
  return waits ? 'waits' : 'possible';
}

function parsed<S extends z.ZodType>(schema: S, text: string, command: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError(`${command} did not print JSON: ${text.slice(0, 200)}`, 'update gh', 'unavailable');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UserError(
    `${command} printed something unexpected: ${schemaProblems(result.error)}`,
    'update gh',
    'unavailable',
  );
}
