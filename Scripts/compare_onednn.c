// Speed of this project's bfloat16 products and of oneDNN's, in turns in one process, on the four
// products of a layer with 8,192 tokens. Built and run by Scripts/compare_onednn.
#include <dnnl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "CKernels.h"

enum { TOKENS = 8192, CHUNK = 256, ROUNDS = 7 };
enum kind { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT };
static const char *const kind_names[] = {"y = x Wt", "dx = dy W", "dW += dyt x"};

#define CHECK(call)                                                       \
  do {                                                                    \
    dnnl_status_t status = (call);                                        \
    if (status) fprintf(stderr, "%s: status %d\n", #call, status), exit(1); \
  } while (0)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *numbers(long count, unsigned seed) {
  float *x = nb_memory_allocate((size_t)count * 4);
  for (long i = 0; x && i < count; i++) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (float)(int)seed * 0x1p-31f;
  }
  if (!x) exit(1);
  return x;
}

/// One weight of outputs x inputs, with what its products read and write.
struct shape {
  long outputs, inputs;
  float *weight, *x, *dy, *result;
};

// MARK: Ours, as LanguageModel has it: weights packed once, rows and tiles handed to a pool.

typedef __attribute__((swiftcall)) void (*body)(long chunk, long worker,
                                                __attribute__((swift_context)) void *context);
__attribute__((swiftcall)) void nb_pool_run(struct nb_pool *pool, long chunks, body body,
                                            void *context);

struct ours {
  struct nb_pool *pool;
  int threads;
  float *packed, *work;
  enum kind kind;
  const struct shape *shape;
};

static long tile(long length, long width) {
  long sizes[2];
  for (int i = 0; i < 2; i++) {
    long side = i ? width : length, pieces = (side + 511) / 512;
    sizes[i] = ((side + pieces - 1) / pieces + 31) / 32 * 32;
  }
  return sizes[0] < sizes[1] ? sizes[0] : sizes[1];
}

static long smaller(long a, long b) { return a < b ? a : b; }

static __attribute__((swiftcall)) void pack(long chunk, long worker,
                                            __attribute__((swift_context)) void *context) {
  (void)worker;
  struct ours *o = context;
  const struct shape *s = o->shape;
  int forward = o->kind == FORWARD;
  long k = forward ? s->inputs : s->outputs, n = forward ? s->outputs : s->inputs;
  nb_pack(NB_BF16, o->packed, s->weight, k, n, s->inputs, forward, chunk * 8,
          smaller(nb_panel_count(n), chunk * 8 + 8));
}

static __attribute__((swiftcall)) void rows(long chunk, long worker,
                                            __attribute__((swift_context)) void *context) {
  struct ours *o = context;
  const struct shape *s = o->shape;
  int forward = o->kind == FORWARD;
  long k = forward ? s->inputs : s->outputs, n = forward ? s->outputs : s->inputs;
  nb_product_rows(NB_BF16, s->result + chunk * CHUNK * n, n,
                  (forward ? s->x : s->dy) + chunk * CHUNK * k, k, o->packed, CHUNK, n, k, 0,
                  o->work + worker * NB_PRODUCT_WORDS);
}

static long width;

static __attribute__((swiftcall)) void columns(long chunk, long worker,
                                               __attribute__((swift_context)) void *context) {
  struct ours *o = context;
  const struct shape *s = o->shape;
  long height = tile(s->outputs, width), across = tile(s->inputs, width);
  long tiles = (s->inputs + across - 1) / across;
  long output = chunk / tiles * height, input = chunk % tiles * across;
  nb_product_columns(NB_BF16, s->result + output * s->inputs + input, s->inputs, s->dy + output,
                     s->outputs, s->x + input, s->inputs, smaller(height, s->outputs - output),
                     smaller(across, s->inputs - input), TOKENS,
                     o->work + worker * NB_PRODUCT_WORDS);
}

static double run_ours(struct ours *o, enum kind kind, const struct shape *s) {
  o->kind = kind;
  o->shape = s;
  double start = now();
  if (kind == WEIGHT_GRADIENT) {
    long height = tile(s->outputs, width), across = tile(s->inputs, width);
    nb_pool_run(o->pool,
                ((s->outputs + height - 1) / height) * ((s->inputs + across - 1) / across), columns,
                o);
  } else {
    long panels = nb_panel_count(kind == FORWARD ? s->outputs : s->inputs);
    nb_pool_run(o->pool, (panels + 7) / 8, pack, o);
    nb_pool_run(o->pool, TOKENS / CHUNK, rows, o);
  }
  return now() - start;
}

// MARK: oneDNN

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static dnnl_memory_desc_t matrix(long m, long n, dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_memory_desc_t md;
  CHECK(dnnl_memory_desc_init_by_tag(&md, 2, (dnnl_dims_t){m, n}, type, tag));
  return md;
}

static dnnl_memory_t memory(const dnnl_memory_desc_t *md, void *data) {
  dnnl_memory_t result;
  CHECK(dnnl_memory_create(&result, md, engine, data ? data : DNNL_MEMORY_ALLOCATE));
  return result;
}

/// A copy of single-precision memory in another format.
struct conversion {
  dnnl_memory_t from, to;
  dnnl_primitive_t primitive;
};

static struct conversion conversion(const dnnl_memory_desc_t *from, float *data,
                                    const dnnl_memory_desc_t *to) {
  struct conversion c = {memory(from, data), memory(to, 0), 0};
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, 0));
  CHECK(dnnl_primitive_create(&c.primitive, pd));
  CHECK(dnnl_primitive_desc_destroy(pd));
  return c;
}

static void convert(const struct conversion *c) {
  dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, c->from}, {DNNL_ARG_TO, c->to}};
  CHECK(dnnl_primitive_execute(c->primitive, stream, 2, args));
}

static void conversion_free(struct conversion *c) {
  dnnl_memory_destroy(c->from);
  dnnl_memory_destroy(c->to);
  dnnl_primitive_destroy(c->primitive);
}

struct product {
  struct conversion a, b;
  dnnl_memory_t c;
  dnnl_primitive_t primitive;
  char implementation[64];
};

static struct product product(enum kind kind, const struct shape *s, float *result) {
  long m = kind == WEIGHT_GRADIENT ? s->outputs : TOKENS;
  long k = kind == FORWARD ? s->inputs : kind == INPUT_GRADIENT ? s->outputs : TOKENS;
  long n = kind == FORWARD ? s->outputs : s->inputs;
  dnnl_format_tag_t a_tag = kind == WEIGHT_GRADIENT ? dnnl_ba : dnnl_ab;
  dnnl_format_tag_t b_tag = kind == FORWARD ? dnnl_ba : dnnl_ab;
  dnnl_memory_desc_t a32 = matrix(m, k, dnnl_f32, a_tag), b32 = matrix(k, n, dnnl_f32, b_tag);
  dnnl_memory_desc_t c = matrix(m, n, dnnl_f32, dnnl_ab);
  // It may choose its own layout for both factors: they are converted anyway.
  dnnl_memory_desc_t a = matrix(m, k, dnnl_bf16, dnnl_format_tag_any);
  dnnl_memory_desc_t b = matrix(k, n, dnnl_bf16, dnnl_format_tag_any);
  dnnl_primitive_attr_t attributes;
  CHECK(dnnl_primitive_attr_create(&attributes));
  if (kind == WEIGHT_GRADIENT) {
    dnnl_post_ops_t sum;
    CHECK(dnnl_post_ops_create(&sum));
    CHECK(dnnl_post_ops_append_sum(sum, 1));
    CHECK(dnnl_primitive_attr_set_post_ops(attributes, sum));
    CHECK(dnnl_post_ops_destroy(sum));
  }
  dnnl_matmul_desc_t description;
  CHECK(dnnl_matmul_desc_init(&description, &a, &b, 0, &c));
  dnnl_primitive_desc_t pd;
  CHECK(dnnl_primitive_desc_create(&pd, &description, attributes, engine, 0));
  struct product p = {0};
  const char *name;
  CHECK(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name));
  snprintf(p.implementation, sizeof p.implementation, "%s", name);
  float *left = kind == FORWARD ? s->x : s->dy;
  float *right = kind == WEIGHT_GRADIENT ? s->x : s->weight;
  p.a = conversion(&a32, left, dnnl_primitive_desc_query_md(pd, dnnl_query_src_md, 0));
  p.b = conversion(&b32, right, dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
  p.c = memory(&c, result);
  CHECK(dnnl_primitive_create(&p.primitive, pd));
  CHECK(dnnl_primitive_desc_destroy(pd));
  CHECK(dnnl_primitive_attr_destroy(attributes));
  return p;
}

static void multiply(const struct product *p) {
  dnnl_exec_arg_t args[] = {
      {DNNL_ARG_SRC, p->a.to}, {DNNL_ARG_WEIGHTS, p->b.to}, {DNNL_ARG_DST, p->c}};
  CHECK(dnnl_primitive_execute(p->primitive, stream, 3, args));
  CHECK(dnnl_stream_wait(stream));
}

/// Seconds of the product alone and with the conversion of both factors.
static void run_onednn(const struct product *p, double *alone, double *whole) {
  double start = now();
  convert(&p->a);
  convert(&p->b);
  CHECK(dnnl_stream_wait(stream));
  double converted = now();
  multiply(p);
  *alone = now() - converted;
  *whole = now() - start;
}

static void product_free(struct product *p) {
  conversion_free(&p->a);
  conversion_free(&p->b);
  dnnl_memory_destroy(p->c);
  dnnl_primitive_destroy(p->primitive);
}

// MARK: Comparison

static double difference(const float *a, const float *b, long count) {
  double distance = 0, size = 0;
  for (long i = 0; i < count; i++) {
    distance += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    size += (double)a[i] * a[i];
  }
  return sqrt(distance / size);
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 2;
  if (!nb_engine_runs(NB_BF16)) return fprintf(stderr, "no AVX512_BF16 here\n"), 1;
  CHECK(dnnl_engine_create(&engine, dnnl_cpu, 0));
  CHECK(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
  const dnnl_version_t *v = dnnl_version();
  printf("oneDNN %d.%d.%d, %d threads; GFLOP/s, the best of %d rounds in turns\n", v->major,
         v->minor, v->patch, threads, ROUNDS);
  printf("| depth | product | ours | oneDNN | with conversion | ratio | with conversion |\n");
  printf("|---|---|---|---|---|---|---|\n");
  struct ours o = {.pool = nb_pool_create(threads), .threads = threads};
  o.work = nb_memory_allocate((size_t)threads * NB_PRODUCT_WORDS * 4);
  for (int depth = 4; depth <= 12; depth += 4) {
    width = 64 * depth;
    long sizes[4][2] = {{3 * width, width}, {width, width}, {4 * width, width}, {width, 4 * width}};
    o.packed = nb_memory_allocate((size_t)nb_packed_words(NB_BF16, 4 * width, 4 * width) * 4);
    char used[64] = "";
    double error = 0;
    for (enum kind kind = FORWARD; kind <= WEIGHT_GRADIENT; kind++) {
      double ours = 0, alone = 0, whole = 0, operations = 0;
      for (int i = 0; i < 4; i++) {
        long outputs = sizes[i][0], inputs = sizes[i][1];
        long results = kind == WEIGHT_GRADIENT ? outputs * inputs
                       : TOKENS * (kind == FORWARD ? outputs : inputs);
        struct shape s = {outputs, inputs, numbers(outputs * inputs, 1),
                          numbers(TOKENS * inputs, 2), numbers(TOKENS * outputs, 3),
                          nb_memory_allocate((size_t)results * 4)};
        float *other = nb_memory_allocate((size_t)results * 4);
        struct product p = product(kind, &s, other);
        if (!strstr(used, p.implementation)) {
          strncat(used, *used ? ", " : "", sizeof used - strlen(used) - 1);
          strncat(used, p.implementation, sizeof used - strlen(used) - 1);
        }
        double best[3] = {1e9, 1e9, 1e9};
        for (int round = 0; round < ROUNDS; round++) {
          double times[3] = {run_ours(&o, kind, &s)};
          run_onednn(&p, &times[1], &times[2]);
          for (int t = 0; t < 3; t++)
            if (times[t] < best[t]) best[t] = times[t];
        }
        double found = difference(s.result, other, results);
        if (found > error) error = found;
        ours += best[0], alone += best[1], whole += best[2];
        operations += 2.0 * TOKENS * (double)outputs * (double)inputs * 1e-9;
        product_free(&p);
        nb_memory_free(s.weight, 0), nb_memory_free(s.x, 0), nb_memory_free(s.dy, 0);
        nb_memory_free(s.result, 0), nb_memory_free(other, 0);
      }
      printf("| d%d | %s | %.0f | %.0f | %.0f | %.2f | %.2f |\n", depth, kind_names[kind],
             operations / ours, operations / alone, operations / whole, alone / ours, whole / ours);
      fflush(stdout);
    }
    printf("d%d: oneDNN ran %s; results differ by %.1e of their size\n", depth, used, error);
    nb_memory_free(o.packed, 0);
  }
  nb_pool_free(o.pool);
  return 0;
}
