import fs from 'node:fs';

/*
 * HMAC-SHA256 (RFC 2104, FIPS 180-4) and random numbers for the client's side of the handshake. Loading `node:crypto`
 * takes a tenth of a command's run time; servers use it, and the tests compare this with it. Node's Buffer methods
 * are compiled on first use, which takes as long again, so this uses plain typed arrays.
 */

const BLOCK = 64;
const WORDS = 16;
const DIGEST = 32;
const BYTE = 0x100;
const HEX = 16;

/** Fractions of the cube roots of the first 64 primes. */
// biome-ignore format: a table
const roundConstants = new Int32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
/** Fractions of the square roots of the first 8 primes. */
// biome-ignore format: a table
const initialState = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/** @returns the code in hexadecimal */
export function hmacSha256(key: Uint8Array, text: string): string {
  const message = Buffer.from(text);
  const inner = new Uint8Array(BLOCK + message.length).fill(0x36, 0, BLOCK);
  const outer = new Uint8Array(BLOCK + DIGEST).fill(0x5c, 0, BLOCK);
  const bytes = key.length > BLOCK ? sha256(key) : key;
  for (let index = 0; index < bytes.length; index++) {
    inner[index]! ^= bytes[index]!;
    outer[index]! ^= bytes[index]!;
  }
  inner.set(message, BLOCK);
  outer.set(sha256(inner), BLOCK);
  return hexOf(sha256(outer));
}

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index++) text += (bytes[index]! + BYTE).toString(HEX).slice(1);
  return text;
}

export function sha256(data: Uint8Array): Uint8Array {
  // The data, a bit, zeros, and the number of bits in eight bytes.
  const padded = new Uint8Array(Math.ceil((data.length + 9) / BLOCK) * BLOCK);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  const bits = data.length * 8;
  view.setUint32(padded.length - 8, Math.floor(bits / 2 ** 32));
  view.setUint32(padded.length - 4, bits);
  const state = new Int32Array(initialState);
  const schedule = new Int32Array(BLOCK);
  for (let offset = 0; offset < padded.length; offset += BLOCK) {
    for (let word = 0; word < WORDS; word++) schedule[word] = view.getInt32(offset + word * 4);
    compress(state, schedule);
  }
  const digest = new DataView(new ArrayBuffer(DIGEST));
  for (let word = 0; word < state.length; word++) digest.setInt32(word * 4, state[word]!);
  return new Uint8Array(digest.buffer);
}

/**
 * Written out plainly, without calls and destructuring: a command runs it only a few times, too few for V8 to optimise
 * it.
 * @param schedule its first 16 words are the block
 */
function compress(state: Int32Array, schedule: Int32Array): void {
  for (let index = WORDS; index < BLOCK; index++) {
    const x = schedule[index - 15]!;
    const y = schedule[index - 2]!;
    const small0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const small1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    schedule[index] = schedule[index - WORDS]! + small0 + schedule[index - 7]! + small1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let round = 0; round < BLOCK; round++) {
    const big1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + big1 + ((e & f) ^ (~e & g)) + roundConstants[round]! + schedule[round]!) | 0;
    const big0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}

/** This many random bytes from the system, in hexadecimal. */
export async function randomHex(bytes: number): Promise<string> {
  if (process.platform === 'win32') return (await import('node:crypto')).randomBytes(bytes).toString('hex');
  const file = fs.openSync('/dev/urandom', 'r');
  try {
    const random = Buffer.alloc(bytes);
    for (let read = 0; read < bytes; ) read += fs.readSync(file, random, read, bytes - read, null);
    return random.toString('hex');
  } finally {
    fs.closeSync(file);
  }
}
