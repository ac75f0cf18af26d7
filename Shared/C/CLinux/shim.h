#ifndef PGA_CLINUX_SHIM_H
#define PGA_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

// A signal handler may touch little more than errno, write(2) and a static of the program, so it is C: a Swift global
// could be initialised lazily, under a lock, at its first use.
static int pga_signal_pipe = -1;

static void pga_on_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(pga_signal_pipe, &byte, 1);
    (void)ignored;
    errno = saved;
}

/// Has SIGINT and SIGTERM written to the descriptor, a byte each, and SIGPIPE ignored; 0, or -1 with errno.
static inline int pga_catch_signals(int descriptor) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigfillset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = pga_on_signal;
    pga_signal_pipe = descriptor;
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0) return -1;
    action.sa_handler = SIG_IGN;
    return sigaction(SIGPIPE, &action, NULL);
}

// Swift sees glibc's headers without _GNU_SOURCE, so what is only there with it is declared here.
extern int pipe2(int ends[2], int flags);

/// A pipe that programs we start do not inherit; 0, or -1 with errno.
static inline int pga_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

extern int memfd_create(const char *name, unsigned int flags);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// Has the kernel remember how children end, also when our parent had SIGCHLD ignored.
static inline void pga_keep_children(void) {
    struct sigaction action;
    if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
        action.sa_handler = SIG_DFL;
        sigaction(SIGCHLD, &action, NULL);
    }
}

/// A file without a name, in memory.
static inline int pga_memory_file(const char *name) { return memfd_create(name, 1U /* MFD_CLOEXEC */); }

/// Has the child start in a directory; 0 or an errno.
static inline int pga_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

/// Has the child close all descriptors from this one on; 0 or an errno.
static inline int pga_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/// Names the calling thread; the kernel keeps 15 bytes.
static inline void pga_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0L, 0L, 0L); }

// getopt keeps its place in globals, which Swift does not let anybody touch.
static inline void pga_getopt_reset(void) {
    optind = 0;  // glibc: forget everything of an earlier parse, not only the index
    opterr = 0;
}
static inline int pga_getopt_index(void) { return optind; }
static inline int pga_getopt_bad(void) { return optopt; }
static inline const char *pga_getopt_argument(void) { return optarg; }

/// Has the C heap stay small: a thread more does not mean an arena more.
static inline void pga_heap_keep_small(void) { mallopt(M_ARENA_MAX, 2); }

/// Gives what is free inside the heap back to the system.
static inline void pga_heap_trim(void) { malloc_trim(0); }

#endif
