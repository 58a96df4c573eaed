#ifndef PARSER_H
#define PARSER_H

/// Computes `line`; gives 0 and a message in `*fault` when it is no expression.
double evaluate(const char *line, const char **fault);

#endif
