#define _GNU_SOURCE
#include "mapped_faults.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sigaction before;
static atomic_uint_fast64_t pages;
static uintptr_t page_bytes;

// As systemd does for its journal files (src/basic/sigbus.c): mmap(2) is a mere system call on
// Linux, and safe in a signal handler.
static void replace_page(int number, siginfo_t *info, void *context) {
  (void)context;
  int kept = errno;
  if (info->si_code == BUS_ADRERR) {
    void *page = (void *)((uintptr_t)info->si_addr & ~(page_bytes - 1));
    void *zeros = mmap(
        page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == page) {
      atomic_fetch_add(&pages, 1);
      errno = kept;
      return;
    }
  }
  // It comes again as soon as this returns; one that was sent does not by itself.
  sigaction(SIGBUS, &before, NULL);
  if (info->si_code <= 0) raise(number);
  errno = kept;
}

int daybook_outlive_cut_files(void) {
  page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {0};
  action.sa_sigaction = replace_page;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, &before) == 0 ? 0 : errno;
}

uint64_t daybook_cut_pages(void) { return atomic_load(&pages); }
