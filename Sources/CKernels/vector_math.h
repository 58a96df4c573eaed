// Exponential, tanh and sums that the compiler turns into vector code; included once a variant.

#define REASSOCIATE _Pragma("clang fp reassociate(on) contract(fast)")

/// exp(x), at most about 1 ulp off on [-87, 88]; clamped outside. Cephes polynomial.
static inline __attribute__((unused)) float FN(exp)(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float shifted = x * 1.44269504f + 12582912.0f;
  int32_t n;
  __builtin_memcpy(&n, &shifted, 4);
  float k = shifted - 12582912.0f;
  float r = x - k * 0.693359375f;
  r = r + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t scale_bits = (int32_t)((uint32_t)(n + 127 - 0x4B400000) << 23);
  float scale;
  __builtin_memcpy(&scale, &scale_bits, 4);
  return p * scale;
}

/// tanh(x) as a ratio of polynomials, a few ulp off everywhere.
static inline __attribute__((unused)) float FN(tanh)(float x) {
  x = x < -7.90531110763549805f ? -7.90531110763549805f : x;
  x = x > 7.90531110763549805f ? 7.90531110763549805f : x;
  float s = x * x;
  float p = -2.76076847742355e-16f;
  p = p * s + 2.00018790482477e-13f;
  p = p * s - 8.60467152213735e-11f;
  p = p * s + 5.12229709037114e-08f;
  p = p * s + 1.48572235717979e-05f;
  p = p * s + 6.37261928875436e-04f;
  p = p * s + 4.89352455891786e-03f;
  float q = 1.19825839466702e-06f;
  q = q * s + 1.18534705686654e-04f;
  q = q * s + 2.26843463243900e-03f;
  q = q * s + 4.89352518554385e-03f;
  return x * p / q;
}

static inline float FN(dot)(const float *a, const float *b, long n) {
  REASSOCIATE
  float sum = 0;
  for (long i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static inline long FN(min)(long a, long b) { return a < b ? a : b; }
