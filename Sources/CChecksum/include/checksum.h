#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC32C (Castagnoli, polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4) of `n` bytes, going
/// on from `crc`: 0 at first, then what the last call returned. Uses the processor's instruction
/// where there is one.
uint32_t daybook_crc32c(uint32_t crc, const void *p, size_t n);

/// The same by table, for processors without the instruction and for tests of the other.
uint32_t daybook_crc32c_table(uint32_t crc, const void *p, size_t n);
