#pragma once
#include <zlib.h>

/// Begins to inflate a raw deflate stream (RFC 1951), as it lies in a zip. `Z_OK`, or zlib's error.
static inline int daybook_inflate_start(z_stream *stream) {
  return inflateInit2(stream, -MAX_WBITS);
}

/// Begins to deflate one. `Z_OK`, or zlib's error.
static inline int daybook_deflate_start(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}
