import { UserError } from '../../base/errors';
import { ModelPrices } from '../../protocol/history';
import type { ModelPrice } from '../../protocol/usage';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { GtContext } from './context';

interface PriceOptions {
  cacheRead?: number;
  cacheWrite?: number;
  remove?: boolean;
}

export function addPrice(config: CliCommand, context: GtContext): void {
  config
    .command('price')
    .argument('[model]', 'a model, or a pattern such as "claude-opus-*"')
    .argument('[input]', 'US dollars for a million tokens that it reads', { parse: dollars })
    .argument('[output]', 'US dollars for a million tokens that it writes', { parse: dollars })
    .description('show or set the prices of models, with which costs are computed')
    .option('--cache-read <dollars>', 'for a million tokens read from its cache (default: as input)', dollars)
    .option('--cache-write <dollars>', 'for a million tokens written to its cache (default: as input)', dollars)
    .option('--remove', 'remove the price of the model')
    .withHelp({
      text: 'The price of a model itself comes before patterns, and a longer pattern before a shorter one.',
      examples: [
        ['gt config price', 'show all'],
        ['gt config price "claude-opus-*" 5 25 --cache-read 0.5 --cache-write 6.25', 'set one'],
        ['gt config price "claude-opus-*" --remove', 'remove it'],
      ],
      see: ['gt costs', 'gt convoy stage'],
    })
    .action(
      async (
        model: string | undefined,
        input: number | undefined,
        output: number | undefined,
        options: PriceOptions,
        invocation: Invocation,
      ) => {
        const prices = await context.call(invocation, ModelPrices.spec, {
          model,
          price: givenPrice(model, input, output, options),
        });
        context.print(invocation, prices, () => priceLines(prices, model));
      },
    );
}

/** @returns null to remove it, undefined to show it */
function givenPrice(
  model: string | undefined,
  input: number | undefined,
  output: number | undefined,
  { cacheRead, cacheWrite, remove }: PriceOptions,
): ModelPrice | null | undefined {
  const isSet = input !== undefined || cacheRead !== undefined || cacheWrite !== undefined;
  if (remove) {
    if (model === undefined || isSet) throw new UserError('--remove takes a model and no price');
    return null;
  }
  if (!isSet) return undefined;
  if (input === undefined || output === undefined)
    throw new UserError('a price has two parts', 'gt config price <model> <input> <output>');
  return {
    ...{ input, output },
    ...(cacheRead === undefined ? {} : { cache_read: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cache_write: cacheWrite }),
  };
}

function priceLines(prices: Readonly<Record<string, ModelPrice>>, model: string | undefined): string[] {
  const shown = Object.entries(prices).filter(([name]) => model === undefined || name === model);
  if (shown.length === 0) return [model === undefined ? 'No prices' : `${model} has no price of its own`];
  return shown.map(([name, { input, output, cache_read: read, cache_write: write }]) => {
    const cache = [
      ...(read === undefined ? [] : [`cache read $${read}`]),
      ...(write === undefined ? [] : [`cache write $${write}`]),
    ];
    return `${oneLine(name)}: input $${input}, output $${output}${cache.map((part) => `, ${part}`).join('')} for a million tokens`;
  });
}

/** @throws UserError for what is no amount */
function dollars(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > MAX_DOLLARS)
    throw new UserError(`invalid price "${text}"`, 'US dollars for a million tokens, such as 5 or 0.25');
  return value;
}

const MAX_DOLLARS = 100_000;
