#include <stdio.h>

#include "parser.h"

/// One expression a line, one result a line.
int main(void) {
  char line[1024];
  int status = 0;
  while (fgets(line, sizeof line, stdin)) {
    const char *fault;
    double value = evaluate(line, &fault);
    if (fault) {
      fprintf(stderr, "%s\n", fault);
      status = 1;
    } else {
      printf("%.10g\n", value);
    }
  }
  return status;
}
