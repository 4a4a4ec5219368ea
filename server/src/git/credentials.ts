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
 * Takes user and password, or a token, out of an http address: what is left may be shown, stored and passed on a command
 * line. An ssh address keeps its user, who is not a secret; its password is dropped, as ssh never uses it.
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
    // A "%" that stands for itself.
  }
  if (/[\0\r\n]/.test(plain)) throw new UserError('the address of the repository has a line break before its "@"');
  return plain;
}

/** What git needs to log in at the remote of a rig, in a file that only its owner can read. */
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
   * Settings by which git reads the file itself: the secret is on no command line. For the remote's host alone, where no
   * other store is told of it. None where there is nothing to log in with.
   */
  get config(): string[] {
    const host = /^https?:\/\/[^/?#]+/i.exec(this.location)?.[0];
    if (host === undefined || readTextIfPresent(this.file) === undefined) return [];
    const quoted = `'${this.file.replaceAll("'", "'\\''")}'`;
    return [`credential.${host}.helper=`, `credential.${host}.helper=!f() { test "$1" = get && cat ${quoted}; }; f`];
  }
}
