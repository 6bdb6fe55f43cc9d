#pragma once
#include <zlib.h>

/// Begins to inflate a raw deflate stream (RFC 1951), as it lies in a zip. `Z_OK`, or zlib's error.
static inline int daybook_inflate_start(z_stream *stream) {
  return inflateInit2(stream, -MAX_WBITS);
}
