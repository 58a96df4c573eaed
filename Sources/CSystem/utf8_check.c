#include "utf8_check.h"
#include <string.h>

static inline int continues(uint8_t byte) { return (byte & 0xc0) == 0x80; }

size_t nb_utf8_valid_prefix(const uint8_t *bytes, size_t count) {
  size_t i = 0;
  while (i < count) {
    // Most text is ASCII: 32 bytes a step as long as no high bit is set.
    while (count - i >= 32) {
      uint64_t words[4];
      memcpy(words, bytes + i, 32);
      if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ull) break;
      i += 32;
    }
    size_t end = count - i > 32 ? i + 32 : count;
    while (i < end) {
      uint8_t a = bytes[i];
      if (a < 0x80) {
        i += 1;
      } else if (a >= 0xc2 && a <= 0xdf) {
        if (count - i < 2 || !continues(bytes[i + 1])) return i;
        i += 2;
      } else if ((a & 0xf0) == 0xe0) {
        if (count - i < 3 || !continues(bytes[i + 1]) || !continues(bytes[i + 2])) return i;
        if (a == 0xe0 && bytes[i + 1] < 0xa0) return i;   // longer than needed
        if (a == 0xed && bytes[i + 1] > 0x9f) return i;   // a surrogate
        i += 3;
      } else if (a >= 0xf0 && a <= 0xf4) {
        if (count - i < 4 || !continues(bytes[i + 1]) || !continues(bytes[i + 2]) ||
            !continues(bytes[i + 3]))
          return i;
        if (a == 0xf0 && bytes[i + 1] < 0x90) return i;   // longer than needed
        if (a == 0xf4 && bytes[i + 1] > 0x8f) return i;   // above U+10FFFF
        i += 4;
      } else {
        return i;
      }
    }
  }
  return i;
}

static inline int is_plain(uint8_t byte) { return byte >= 0x20 && byte != '"' && byte != '\\'; }

size_t nb_json_plain_prefix(const uint8_t *bytes, size_t count) {
  size_t i = 0;
  // A fixed number of comparisons without a branch becomes a few vector instructions.
  while (count - i >= 32) {
    uint8_t special = 0;
    for (size_t j = 0; j < 32; j++) {
      uint8_t byte = bytes[i + j];
      special |= (uint8_t)(byte < 0x20) | (uint8_t)(byte == '"') | (uint8_t)(byte == '\\');
    }
    if (special) break;
    i += 32;
  }
  while (i < count && is_plain(bytes[i])) i++;
  return i;
}
