#include "lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct token next_token(const char **place) {
  const char *text = *place;
  while (isspace((unsigned char)*text)) text++;
  struct token token = {TOKEN_WRONG, 0, *text};
  if (*text == 0) {
    token.kind = TOKEN_END;
  } else if (isdigit((unsigned char)*text)) {
    char *end;
    token.kind = TOKEN_NUMBER;
    token.value = strtod(text, &end);
    text = end;
  } else {
    if (strchr("+-*/()", *text)) token.kind = TOKEN_OPERATOR;
    text++;
  }
  *place = text;
  return token;
}
