#ifndef LEXER_H
#define LEXER_H

/// What a line of input is made of.
enum token_kind { TOKEN_NUMBER, TOKEN_OPERATOR, TOKEN_END, TOKEN_WRONG };

struct token {
  enum token_kind kind;
  double value;
  char symbol;
};

/// Reads the token at `*place` and moves `*place` past it.
struct token next_token(const char **place);

#endif
