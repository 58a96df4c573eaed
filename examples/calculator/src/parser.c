#include "parser.h"

#include "lexer.h"

#ifdef CHECKED
#include <assert.h>
#else
#define assert(condition) ((void)0)
#endif

/// Where the parser stands; each rule below reads one level of precedence.
struct state {
  const char *place;
  struct token token;
  const char *fault;
};

static void advance(struct state *state) { state->token = next_token(&state->place); }

static int is_at(const struct state *state, char symbol) {
  return state->token.kind == TOKEN_OPERATOR && state->token.symbol == symbol;
}

static double sum(struct state *state);

static double factor(struct state *state) {
  if (is_at(state, '-')) {
    advance(state);
    return -factor(state);
  }
  if (is_at(state, '(')) {
    advance(state);
    double value = sum(state);
    if (!is_at(state, ')')) state->fault = "a ) is missing";
    advance(state);
    return value;
  }
  if (state->token.kind != TOKEN_NUMBER) {
    if (!state->fault) state->fault = "a number is missing";
    return 0;
  }
  double value = state->token.value;
  advance(state);
  return value;
}

static double product(struct state *state) {
  double value = factor(state);
  while (is_at(state, '*') || is_at(state, '/')) {
    char symbol = state->token.symbol;
    advance(state);
    double other = factor(state);
    if (symbol == '*') {
      value *= other;
    } else if (other != 0) {
      value /= other;
    } else if (!state->fault) {
      state->fault = "division by zero";
    }
  }
  return value;
}

static double sum(struct state *state) {
  double value = product(state);
  while (is_at(state, '+') || is_at(state, '-')) {
    char symbol = state->token.symbol;
    advance(state);
    double other = product(state);
    value += symbol == '+' ? other : -other;
  }
  return value;
}

double evaluate(const char *line, const char **fault) {
  assert(line && fault);
  struct state state = {line, {TOKEN_END, 0, 0}, 0};
  advance(&state);
  double value = sum(&state);
  if (!state.fault && state.token.kind != TOKEN_END) state.fault = "this is no expression";
  *fault = state.fault;
  return state.fault ? 0 : value;
}
