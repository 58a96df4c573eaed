// Matrix products over packed panels and tiled attention, for one micro kernel.
//
// The right factor lies in panels of PANEL columns, each k words deep, so that the micro kernel
// reads it in one stream. Weights are packed once a pass and shared by all rows.

// How the left factor lies: its rows `stride` apart, its columns `stride` apart, or in tiles of MR
// rows by all of k, column after column.
enum { FN(ROWS), FN(COLUMNS), FN(TILES) };

#define NB_STRIP(rows_)                                                              \
  case rows_:                                                                        \
    FN(micro)(rows_, k, a, form ? 1 : stride, form == FN(TILES) ? MR : form ? stride : 1, b, c, ldc, \
              add, ahead);                                                           \
    break;

static inline __attribute__((always_inline)) void FN(strip)(const int form, long rows, long k,
                                                            const WORD *a, long stride,
                                                            const WORD *b, float *c, long ldc,
                                                            int add, const WORD *ahead) {
  switch (rows) {
    NB_STRIP(1) NB_STRIP(2) NB_STRIP(3) NB_STRIP(4) NB_STRIP(5) NB_STRIP(6)
#if MR > 6
    NB_STRIP(7) NB_STRIP(8) NB_STRIP(9) NB_STRIP(10) NB_STRIP(11) NB_STRIP(12)
#endif
#if MR > 12
    NB_STRIP(13) NB_STRIP(14)
#endif
  }
}

/// c (m × n) = or += a b over k words; n starts at the first panel.
static inline __attribute__((always_inline)) void FN(multiply)(
    const int form, float *c, long ldc, const WORD *a, long stride, const WORD *panels,
    long panel_stride, long m, long n, long k, int add) {
  // k is cut evenly so that a panel's part and the rows of a stay in the caches.
  const long pieces = (k + 767) / 768, deep = pieces ? (k + pieces - 1) / pieces : 1;
  for (long k0 = 0; k0 < k; k0 += deep) {
    long depth = FN(min)(deep, k - k0);
    const WORD *left = a + (form ? k0 * stride : k0);
    for (long j = 0; j < n; j += FN(TILE_COLUMNS)) {
      const WORD *b = panels + j / PANEL * panel_stride + j % PANEL + k0 * PANEL;
      long columns = n - j;
      for (long i = 0; i < m; i += MR) {
        long rows = FN(min)(MR, m - i);
        const WORD *x = form == FN(TILES) ? a + i * k + k0 * MR : left + (form ? i : i * stride);
        float *to = c + i * ldc + j;
        // The first two strips of rows fetch the next panel, half of it each.
        const WORD *ahead = b;
        if (i < 2 * MR && j + PANEL < n) ahead += panel_stride + (i ? depth * 16 : 0);
        if (columns >= FN(TILE_COLUMNS)) {
          FN(strip)(form, rows, depth, x, stride, b, to, ldc, add || k0, ahead);
        } else {
          float edge[MR * FN(TILE_COLUMNS)];
          FN(strip)(form, rows, depth, x, stride, b, edge, FN(TILE_COLUMNS), 0, ahead);
          for (long r = 0; r < rows; r++)
            for (long q = 0; q < columns; q++)
              to[r * ldc + q] = edge[r * FN(TILE_COLUMNS) + q] +
                                (add || k0 ? to[r * ldc + q] : 0.0f);
        }
      }
    }
  }
}

static __attribute__((noinline)) void FN(multiply_rows)(float *c, long ldc, const WORD *a,
                                                        long stride, const WORD *panels,
                                                        long panel_stride, long m, long n, long k,
                                                        int add) {
  FN(multiply)(FN(ROWS), c, ldc, a, stride, panels, panel_stride, m, n, k, add);
}

static __attribute__((noinline)) void FN(multiply_columns)(float *c, long ldc, const WORD *a,
                                                           long stride, const WORD *panels,
                                                           long panel_stride, long m, long n,
                                                           long k, int add) {
  FN(multiply)(FN(COLUMNS), c, ldc, a, stride, panels, panel_stride, m, n, k, add);
}

static inline long FN(words)(long k) { return (k + KSTEP - 1) / KSTEP; }

static void FN(pack)(void *to, const float *b, long k, long n, long ldb, int transposed,
                     long first, long last) {
  long size = FN(words)(k) * PANEL;
  for (long panel = first; panel < last; panel++) {
    long j = panel * PANEL;
    FN(pack_panel)((WORD *)to + panel * size, transposed ? b + j * ldb : b + j, k,
                   FN(min)(PANEL, n - j), ldb, transposed);
  }
}

static void FN(rows)(float *c, long ldc, const float *a, long lda, const void *panels, long m,
                     long n, long k, int add, void *work) {
  long stride, size = FN(words)(k);
#if KSTEP == 1
  const WORD *left = FN(left_rows)((WORD *)work, &stride, a, lda, m, k);
  FN(multiply_rows)(c, ldc, left, stride, (const WORD *)panels, size * PANEL, m, n, size, add);
#else
  // The left factor is converted in blocks that fit the work memory and the caches.
  const long deep = 512 * KSTEP, high = 240;
  for (long i = 0; i < m; i += high)
    for (long k0 = 0; k0 < k; k0 += deep) {
      long count = FN(min)(high, m - i), depth = FN(min)(deep, k - k0);
      const WORD *left = FN(left_rows)((WORD *)work, &stride, a + i * lda + k0, lda, count, depth);
      FN(multiply_rows)(c + i * ldc, ldc, left, stride, (const WORD *)panels + k0 / KSTEP * PANEL,
                        size * PANEL, count, n, FN(words)(depth), add || k0);
    }
#endif
}

/// The size of equal pieces of n, at most `most`, a multiple of `unit`.
static inline long FN(piece)(long n, long most, long unit) {
  long pieces = (n + most - 1) / most;
  return pieces ? ((n + pieces - 1) / pieces + unit - 1) / unit * unit : unit;
}

/// Rows of both factors that the next step will read, asked for a few lines at a time: they are far
/// apart in memory, so nothing but us will fetch them in time, and many at once would have to wait.
struct FN(coming) {
  const float *a, *b;
  long lda, ldb, height, width, rows, place;
};

static inline void FN(prefetch)(struct FN(coming) *next, long lines) {
  while (next->rows && lines-- > 0) {
    long place = next->place;
    __builtin_prefetch(place < next->height ? next->a + place : next->b + place - next->height, 0, 2);
    next->place += 16;
    if (next->place < next->height + next->width) continue;
    *next = (struct FN(coming)){next->a + next->lda, next->b + next->ldb, next->lda, next->ldb,
                                next->height, next->width, next->rows - 1, 0};
  }
}

/// c (m × n) += a b over k words, a in tiles and b in panels.
static __attribute__((noinline)) void FN(multiply_tiles)(float *c, long ldc, const WORD *a,
                                                         const WORD *panels, long m, long n,
                                                         long k, struct FN(coming) *next) {
  long strips = (m + MR - 1) / MR * ((n + PANEL - 1) / PANEL);
  long lines = (next->rows * (next->height + next->width) / 16 + strips - 1) / strips;
  for (long j = 0; j < n; j += PANEL)
    for (long i = 0; i < m; i += MR) {
      FN(prefetch)(next, lines);
      FN(multiply)(FN(TILES), c + i * ldc + j, ldc, a + i * k, 0, panels + j * k, 0,
                   FN(min)(MR, m - i), FN(min)(PANEL, n - j), k, 1);
    }
}

static void FN(columns)(float *c, long ldc, const float *a, long lda, const float *b, long ldb,
                        long m, long n, long k, void *work) {
  const long deep = 64 * KSTEP, side = 512;
  const long high = FN(piece)(m, side, MR), wide = FN(piece)(n, side, PANEL);
  WORD *left = (WORD *)work, *panels = left + 64 * (side + MR);
  for (long i = 0; i < m; i += high)
    for (long j = 0; j < n; j += wide) {
      long height = FN(min)(high, m - i), width = FN(min)(wide, n - j);
      for (long k0 = 0; k0 < k; k0 += deep) {
        long depth = FN(min)(deep, k - k0);
        const float *x = a + k0 * lda + i, *y = b + k0 * ldb + j;
        // Both factors are copied, since rows a power of two apart would fight for the same cache
        // sets; row after row, so that memory is read in long runs.
        FN(right_panels)(panels, y, ldb, width, depth);
        FN(left_tiles)(left, x, lda, height, depth);
        struct FN(coming) next = {x + depth * lda, y + depth * ldb, lda, ldb, (height + 15) / 16 * 16,
                                  width, FN(min)(deep, k - k0 - depth), 0};
        FN(multiply_tiles)(c + i * ldc + j, ldc, left, panels, height, width, FN(words)(depth),
                           &next);
      }
    }
}

// MARK: Attention

enum { FN(TILE) = 128, FN(STEP) = 32 };

/// c (m × n) = a b for the visible part of a tile: on the diagonal in strips of rows, each as wide
/// as its last row sees.
static void FN(visible_scores)(float *c, const WORD *a, long stride, const WORD *panels,
                               long panel_stride, long m, long n, long k, int diagonal) {
  long step = diagonal ? FN(STEP) : m;
  for (long i = 0; i < m; i += step)
    FN(multiply_rows)(c + i * FN(TILE), FN(TILE), a + i * stride, stride, panels, panel_stride,
                      FN(min)(step, m - i), diagonal ? FN(min)(n, i + step) : n, k, 0);
}

/// Rows of a tile times values or keys, for the visible part of the tile.
static void FN(add_rows)(float *c, long ldc, const WORD *a, long stride, const WORD *panels,
                         long panel_stride, long m, long n, long k, int diagonal, int add) {
  long step = diagonal ? FN(STEP) : m;
  for (long i = 0; i < m; i += step) {
    long visible = diagonal ? FN(min)(k, i + step) : k;
    FN(multiply_rows)(c + i * ldc, ldc, a + i * stride, stride, panels, panel_stride,
                      FN(min)(step, m - i), n, FN(words)(visible), add);
  }
}

/// The transposed tile times queries or gradients: key strip i is seen from row i on.
static void FN(add_columns)(float *c, long ldc, const WORD *a, long stride, const WORD *panels,
                            long panel_stride, long m, long n, long k, int diagonal) {
  long step = diagonal ? FN(STEP) : m;
  for (long i = 0; i < m; i += step) {
    long from = diagonal ? FN(min)(i, k) / KSTEP : 0;
    FN(multiply_columns)(c + i * ldc, ldc, a + from * stride + i, stride,
                         panels + from * PANEL, panel_stride, FN(min)(step, m - i), n,
                         FN(words)(k) - from, 1);
  }
}

static inline long FN(panels)(long n) { return (n + PANEL - 1) / PANEL; }

/// Cuts consecutive pieces of 64-byte aligned work memory.
static inline void *FN(take)(char **next, long count) {
  void *piece = *next;
  *next += (count * 4 + 63) / 64 * 64;
  return piece;
}

static void FN(attention_forward)(float *o, float *lse, const float *q, const float *k,
                                  const float *v, long t, long d, long so, long sq, long sk,
                                  float scale, void *work) {
  const long tile = FN(TILE);
  char *next = work;
  long key_stride = FN(words)(d) * PANEL, value_stride = FN(words)(t) * PANEL, stride, words;
  WORD *keys = FN(take)(&next, FN(panels)(t) * key_stride);
  WORD *values = FN(take)(&next, FN(panels)(d) * value_stride);
  WORD *buffer = FN(take)(&next, tile * ((d > tile ? d : tile) + 32));
  float *p = FN(take)(&next, tile * tile), *sums = FN(take)(&next, tile);
  FN(pack)(keys, k, d, t, sk, 1, 0, FN(panels)(t));
  FN(pack)(values, v, t, d, sk, 0, 0, FN(panels)(d));
  for (long i0 = 0; i0 < t; i0 += tile) {
    long m = FN(min)(tile, t - i0);
    for (long i = 0; i < m; i++) sums[i] = 0;
    for (long j0 = 0; j0 <= i0; j0 += tile) {
      long n = FN(min)(tile, t - j0);
      int diagonal = j0 == i0;
      const WORD *queries = FN(left_rows)(buffer, &stride, q + i0 * sq, sq, m, d);
      FN(visible_scores)(p, queries, stride, keys + j0 / PANEL * key_stride, key_stride, m, n,
                         FN(words)(d), diagonal);
      for (long i = 0; i < m; i++) {
        REASSOCIATE
        long visible = diagonal ? i + 1 : n;
        float *row = p + i * tile, sum = 0;
        for (long j = 0; j < visible; j++) {
          float e = FN(exp)(row[j] * scale);
          row[j] = e;
          sum += e;
        }
        for (long j = visible; j < (diagonal ? tile : n); j++) row[j] = 0;
        sums[i] += sum;
      }
      const WORD *weights = FN(left_rows)(buffer, &words, p, tile, m, n);
      FN(add_rows)(o + i0 * so, so, weights, words, values + j0 / KSTEP * PANEL, value_stride, m,
                   d, n, diagonal, j0 > 0);
    }
    for (long i = 0; i < m; i++) {
      float inverse = 1.0f / sums[i], *row = o + (i0 + i) * so;
      lse[i0 + i] = logf(sums[i]);
      for (long c = 0; c < d; c++) row[c] *= inverse;
    }
  }
}

static void FN(attention_backward)(float *dq, float *dk, float *dv, const float *dout,
                                   const float *o, const float *lse, const float *q,
                                   const float *k, const float *v, long t, long d, long so,
                                   long sq, long sk, float scale, void *work) {
  const long tile = FN(TILE);
  char *next = work;
  long column_stride = FN(words)(d) * PANEL, row_stride = FN(words)(t) * PANEL, stride;
  WORD *keys_across = FN(take)(&next, FN(panels)(t) * column_stride);
  WORD *values_across = FN(take)(&next, FN(panels)(t) * column_stride);
  WORD *keys = FN(take)(&next, FN(panels)(d) * row_stride);
  WORD *queries = FN(take)(&next, FN(panels)(d) * tile * PANEL);
  WORD *gradients = FN(take)(&next, FN(panels)(d) * tile * PANEL);
  WORD *buffer = FN(take)(&next, tile * ((d > tile ? d : tile) + 32));
  float *p = FN(take)(&next, tile * tile), *ds = FN(take)(&next, tile * tile);
  float *delta = FN(take)(&next, tile);
  FN(pack)(keys_across, k, d, t, sk, 1, 0, FN(panels)(t));
  FN(pack)(values_across, v, d, t, sk, 1, 0, FN(panels)(t));
  FN(pack)(keys, k, t, d, sk, 0, 0, FN(panels)(d));
  for (long i0 = 0; i0 < t; i0 += tile) {
    long m = FN(min)(tile, t - i0), tile_stride = FN(words)(m) * PANEL;
    const float *rows = q + i0 * sq, *above = dout + i0 * so;
    FN(pack)(queries, rows, m, d, sq, 0, 0, FN(panels)(d));
    FN(pack)(gradients, above, m, d, so, 0, 0, FN(panels)(d));
    for (long i = 0; i < m; i++) delta[i] = FN(dot)(above + i * so, o + (i0 + i) * so, d);
    for (long j0 = 0; j0 <= i0; j0 += tile) {
      long n = FN(min)(tile, t - j0);
      int diagonal = j0 == i0;
      const WORD *left = FN(left_rows)(buffer, &stride, rows, sq, m, d);
      FN(visible_scores)(p, left, stride, keys_across + j0 / PANEL * column_stride, column_stride,
                         m, n, FN(words)(d), diagonal);
      left = FN(left_rows)(buffer, &stride, above, so, m, d);
      FN(visible_scores)(ds, left, stride, values_across + j0 / PANEL * column_stride,
                         column_stride, m, n, FN(words)(d), diagonal);
      for (long i = 0; i < m; i++) {
        long visible = diagonal ? i + 1 : n;
        float *row = p + i * tile, *grad = ds + i * tile, l = lse[i0 + i], shift = delta[i];
        for (long j = 0; j < visible; j++) {
          float e = FN(exp)(row[j] * scale - l);
          row[j] = e;
          grad[j] = e * (grad[j] - shift) * scale;
        }
        for (long j = visible; j < (diagonal ? tile : n); j++) row[j] = grad[j] = 0;
      }
      left = FN(left_columns)(buffer, &stride, p, tile, n, m);
      FN(add_columns)(dv + j0 * sk, sk, left, stride, gradients, tile_stride, n, d, m, diagonal);
      left = FN(left_rows)(buffer, &stride, ds, tile, m, n);
      FN(add_rows)(dq + i0 * sq, sq, left, stride, keys + j0 / KSTEP * PANEL, row_stride, m, d, n,
                   diagonal, j0 > 0);
      left = FN(left_columns)(buffer, &stride, ds, tile, n, m);
      FN(add_columns)(dk + j0 * sk, sk, left, stride, queries, tile_stride, n, d, m, diagonal);
    }
  }
}

#define NB_PRODUCTS \
  { FN(pack), FN(rows), FN(columns), FN(attention_forward), FN(attention_backward) }
