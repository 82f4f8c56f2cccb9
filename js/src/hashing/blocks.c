// SHA-256 and MD5 of whole blocks of 64 bytes. `make wasm` compiles it, with SIMD and without.
// Lengths, padding and what is left of a block are the caller's.

typedef unsigned int word;
typedef word lanes __attribute__((vector_size(16)));
typedef unsigned char octets __attribute__((vector_size(16)));

/** A digest under way: eight words of SHA-256, or four of MD5. */
word state[8];

/** Blocks to take in. */
unsigned char input[1 << 16] __attribute__((aligned(16)));

static const word K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/** The message schedules of four blocks side by side, with SHA-256's constants added. */
static lanes words[64];

#define RIGHT(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

static lanes big_endian(const unsigned char *at) {
  octets bytes = *(const octets *)at;
  return (lanes)PICK(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** The schedule is a third of the work, and the same for each block: four take hardly longer. */
static void schedule(const unsigned char *blocks) {
  lanes x[16];
  for (int i = 0; i < 16; i += 4) {
    const unsigned char *at = blocks + 4 * i;
    lanes a = big_endian(at), b = big_endian(at + 64);
    lanes c = big_endian(at + 128), d = big_endian(at + 192);
    lanes ab = PICK(a, b, 0, 4, 1, 5), cd = PICK(c, d, 0, 4, 1, 5);
    x[i] = PICK(ab, cd, 0, 1, 4, 5), x[i + 1] = PICK(ab, cd, 2, 3, 6, 7);
    ab = PICK(a, b, 2, 6, 3, 7), cd = PICK(c, d, 2, 6, 3, 7);
    x[i + 2] = PICK(ab, cd, 0, 1, 4, 5), x[i + 3] = PICK(ab, cd, 2, 3, 6, 7);
  }
  for (int i = 0; i < 16; i++) words[i] = x[i] + K[i];
#pragma clang loop unroll(disable)
  for (int t = 16; t < 64; t += 16) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      lanes p = x[(i + 1) & 15], q = x[(i + 14) & 15];
      x[i] += (RIGHT(p, 7) ^ RIGHT(p, 18) ^ p >> 3) + x[(i + 9) & 15];
      x[i] += RIGHT(q, 17) ^ RIGHT(q, 19) ^ q >> 10;
      words[t + i] = x[i] + K[t + i];
    }
  }
}

// `bc` is `b ^ c`, which was `a ^ b` a round before. A word's next round is four words on.
#define ROUND(a, b, c, d, e, f, g, h, t)                         \
  h += w[4 * (t)] + (g ^ (e & (f ^ g)));                         \
  h += RIGHT(e, 6) ^ RIGHT(e, 11) ^ RIGHT(e, 25);                \
  d += h;                                                        \
  ab = a ^ b;                                                    \
  h += b ^ (bc & ab);                                            \
  h += RIGHT(a, 2) ^ RIGHT(a, 13) ^ RIGHT(a, 22);                \
  bc = ab;

#define EIGHT_ROUNDS(t)                                          \
  ROUND(a, b, c, d, e, f, g, h, t)                               \
  ROUND(h, a, b, c, d, e, f, g, t + 1)                           \
  ROUND(g, h, a, b, c, d, e, f, t + 2)                           \
  ROUND(f, g, h, a, b, c, d, e, t + 3)                           \
  ROUND(e, f, g, h, a, b, c, d, t + 4)                           \
  ROUND(d, e, f, g, h, a, b, c, t + 5)                           \
  ROUND(c, d, e, f, g, h, a, b, t + 6)                           \
  ROUND(b, c, d, e, f, g, h, a, t + 7)

/** Take in one block, of whose schedule every fourth word from `w` on is. */
static void rounds(const word *w) {
  word a = state[0], b = state[1], c = state[2], d = state[3];
  word e = state[4], f = state[5], g = state[6], h = state[7];
  word ab, bc = b ^ c;
#pragma clang loop unroll(disable)
  for (int t = 0; t < 64; t += 16) {
    EIGHT_ROUNDS(t)
    EIGHT_ROUNDS(t + 8)
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

/** Take in as many blocks of the input. */
void sha256(int blocks) {
  for (int block = 0; block < blocks; block += 4) {
    schedule(input + 64 * block);
    for (int i = 0; i < 4 && block + i < blocks; i++) rounds((const word *)words + i);
  }
}

static const word T[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

#define F(b, c, d) (d ^ (b & (c ^ d)))
#define G(b, c, d) (c & ~d) + (b & d)
#define H(b, c, d) (b ^ (c ^ d))
#define I(b, c, d) (c ^ (b | ~d))

// What comes of `b` is added last: each step waits for the one before it.
#define STEP(f, a, b, c, d, t, n, left)                          \
  a += T[t] + m[(n) & 15];                                       \
  a += f(b, c, d);                                               \
  a = RIGHT(a, 32 - left) + b;

#define SIXTEEN_STEPS(f, t, by, from, p, q, r, s)                \
  for (int i = 0; i < 16; i += 4) {                              \
    STEP(f, a, b, c, d, t + i, by * i + from, p)                 \
    STEP(f, d, a, b, c, t + i + 1, by * (i + 1) + from, q)       \
    STEP(f, c, d, a, b, t + i + 2, by * (i + 2) + from, r)       \
    STEP(f, b, c, d, a, t + i + 3, by * (i + 3) + from, s)       \
  }

/** Take in as many blocks of the input. */
void md5(int blocks) {
  word a = state[0], b = state[1], c = state[2], d = state[3];
  for (const word *m = (const word *)input; blocks > 0; blocks--, m += 16) {
    word before[4] = {a, b, c, d};
    SIXTEEN_STEPS(F, 0, 1, 0, 7, 12, 17, 22)
    SIXTEEN_STEPS(G, 16, 5, 1, 5, 9, 14, 20)
    SIXTEEN_STEPS(H, 32, 3, 5, 4, 11, 16, 23)
    SIXTEEN_STEPS(I, 48, 7, 0, 6, 10, 15, 21)
    a += before[0], b += before[1], c += before[2], d += before[3];
  }
  state[0] = a, state[1] = b, state[2] = c, state[3] = d;
}
