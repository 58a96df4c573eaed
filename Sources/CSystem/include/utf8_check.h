#pragma once
#include <stddef.h>
#include <stdint.h>

/// The length of the longest prefix of `bytes` that is valid UTF-8 (RFC 3629) and ends with a whole
/// code point: `count` when all of it is.
size_t nb_utf8_valid_prefix(const uint8_t *bytes, size_t count);

/// The length of the longest prefix of `bytes` that a JSON string may hold as it is: no quote, no
/// backslash, no control character.
size_t nb_json_plain_prefix(const uint8_t *bytes, size_t count);
