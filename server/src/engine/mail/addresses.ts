import { UserError } from '../../base/errors';
import { fullAddress, isAgentName, parseAddress } from '../../town/layout';

/** Address of the person in charge of the town. */
export const OVERSEER = 'overseer';
const PERSON_WORDS: ReadonlySet<string> = new Set([OVERSEER, 'human']);

const HINT =
  "an agent (toy/rust, toy/crew/ann), mayor, deacon, <rig>/witness, a person's name, or overseer for the person in charge of the town";

/** Current recipients of mail in a town. */
export interface AddressBook {
  isRig(name: string): boolean;
  /** Names of the members of a rig's crew. */
  crew(rig: string): readonly string[];
  /** Names of the polecats of a rig. */
  polecats(rig: string): readonly string[];
  /** Whether a person of this name has acted in the town. */
  isPerson(name: string): boolean;
}

/** Whether a word means the person in charge of the town. */
export function isOverseer(text: string): boolean {
  return PERSON_WORDS.has(text.replace(/^@/, ''));
}

/** Whether an address belongs to a person, and not to an agent or a rule. */
export function isForPerson(address: string): boolean {
  return !isAgentName(address);
}

/**
 * Resolves an address to its full form. `toy/joe` is the crew member of this name if there is one, else the polecat.
 * @throws UserError if there can be no such agent, or the rig does not exist
 */
export function recipient(text: string, book: Pick<AddressBook, 'isRig' | 'crew'>): string {
  const plain = text.trim().replace(/^@/, '').replace(/\/+$/, '');
  if (plain === '' || /[\u0000-\u001f\u007f-\u009f]/.test(plain)) throw new UserError('that is not an address', HINT);
  if (isOverseer(plain)) return OVERSEER;
  if (!plain.includes('/')) return plain;
  const full = fullAddress(plain);
  if (!parseAddress(full) && !isRuleAddress(full)) throw new UserError(`${text} is not an address`, HINT);
  const rig = full.split('/')[0]!;
  if (!book.isRig(rig)) throw new UserError(`there is no rig ${rig}`, 'see "gt rig list"', 'not-found');
  const name = plain.split('/')[1]!;
  return full !== plain && book.crew(rig).includes(name) ? `${rig}/crew/${name}` : full;
}

/**
 * Like `recipient`, for an address that is stored for later: it must exist now.
 * @param self the caller, whose address always exists
 * @throws UserError `not-found`
 */
export function knownRecipient(text: string, book: AddressBook, self: string): string {
  const address = recipient(text, book);
  if (address === self || address === OVERSEER) return address;
  const parsed = parseAddress(address);
  if (!parsed) {
    if (isAgentName(address) || isRuleAddress(address) || book.isPerson(address)) return address;
    throw new UserError(
      `there is no ${text} in this town`,
      `use "overseer" for the person in charge of the town, "mayor/", or an agent: "gt agents" lists them`,
      'not-found',
    );
  }
  const { rig, role, name } = parsed;
  if ((role === 'crew' ? book.crew(rig) : book.polecats(rig)).includes(name)) return address;
  throw new UserError(
    role === 'crew' ? `${rig} has no crew member ${name}` : `${rig} has no crew member or polecat ${name}`,
    `"gt agents" lists the existing ones; "gt crew add ${name} --rig ${rig}" adds a crew member`,
    'not-found',
  );
}

function isRuleAddress(address: string): boolean {
  return /^[^/]+\/(witness|refinery)$/.test(address);
}
