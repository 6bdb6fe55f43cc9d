#pragma once
#include <stdint.h>

/// Lets the process live on when it touches a page of a mapped file that the file no longer has
/// (SIGBUS with BUS_ADRERR): a page of zeros takes its place, and is counted. The signal's other
/// causes stay with whoever handled it before. Returns 0, or what errno was. Call it once.
int daybook_outlive_cut_files(void);

/// How many pages were replaced so far.
uint64_t daybook_cut_pages(void);
