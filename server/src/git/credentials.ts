import { UserError } from '../base/errors';
import { readTextIfPresent, removeFile, writeFileAtomic } from '../base/safeFiles';

export interface Credential {
  username: string;
  password: string;
}

/** A git address without its secret, and the secret. */
export interface SplitAddress {
  location: string;
  credential?: Credential;
}

/**
 * Removes user and password, or a token, from an http address: the rest may be shown, stored and passed on a command
 * line. An ssh address keeps its user, which is not a secret; its password is dropped, as ssh never uses it.
 */
export function splitAddress(address: string): SplitAddress {
  const [, scheme, user, rest] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)@(.*)$/is.exec(address) ?? [];
  if (scheme === undefined || user === undefined || rest === undefined) return { location: address };
  const colon = user.indexOf(':');
  const username = colon < 0 ? user : user.slice(0, colon);
  if (!/^https?$/i.test(scheme)) return { location: `${scheme}://${username}@${rest}` };
  // A user without a password may be a token: it is removed too.
  const credential = { username: decoded(username), password: decoded(colon < 0 ? '' : user.slice(colon + 1)) };
  return { location: `${scheme}://${rest}`, credential };
}

function decoded(text: string): string {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // A literal "%".
  }
  if (/[\0\r\n]/.test(plain)) throw new UserError('the address of the repository has a line break before its "@"');
  return plain;
}

/** The credentials for the remote of a rig, in a file that only its owner can read. */
export class CredentialFile {
  /** @param location the address of the remote, without secrets */
  constructor(
    private readonly file: string,
    private readonly location: string,
  ) {}

  write(credential: Credential | undefined): void {
    if (credential === undefined) return removeFile(this.file);
    writeFileAtomic(this.file, `username=${credential.username}\npassword=${credential.password}\n`, 0o600);
  }

  /**
   * Settings with which git itself reads the file, so that the secret is on no command line. Only for the remote's
   * host, and without other credential stores. Empty without credentials.
   */
  get config(): string[] {
    const host = /^https?:\/\/[^/?#]+/i.exec(this.location)?.[0];
    if (host === undefined || readTextIfPresent(this.file) === undefined) return [];
    const quoted = `'${this.file.replaceAll("'", "'\\''")}'`;
    return [`credential.${host}.helper=`, `credential.${host}.helper=!f() { test "$1" = get && cat ${quoted}; }; f`];
  }
}
