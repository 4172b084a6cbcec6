// Loaded before the C library (LD_PRELOAD): lets the FAULT_AT-th call of open, write, fsync or rename on anything below
// FAULT_DIR fail with an input/output error, and notes which one it was in FAULT_NOTE.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;

static int fails(const char *name, const char *path) {
    const char *dir = getenv("FAULT_DIR"), *at = getenv("FAULT_AT"), *note = getenv("FAULT_NOTE");
    if (!dir || !at || !note || strncmp(path, dir, strlen(dir)) || atomic_fetch_add(&calls, 1) + 1 != atol(at))
        return 0;
    long file = syscall(SYS_openat, AT_FDCWD, note, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    syscall(SYS_write, file, name, strlen(name));
    syscall(SYS_write, file, " ", 1L);
    syscall(SYS_write, file, path, strlen(path));
    syscall(SYS_close, file);
    errno = EIO;
    return 1;
}

static int fails_on(const char *name, int file) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return fails(name, path);
}

#define NEXT(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...) {                       \
        va_list rest;                                                  \
        va_start(rest, flags);                                         \
        int mode = va_arg(rest, int);                                  \
        va_end(rest);                                                  \
        if (fails("open", path))                                       \
            return -1;                                                 \
        return NEXT(int, #name, const char *, int, ...)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t count) {
    if (fails_on("write", file))
        return -1;
    return NEXT(ssize_t, "write", int, const void *, size_t)(file, bytes, count);
}

int fsync(int file) {
    if (fails_on("fsync", file))
        return -1;
    return NEXT(int, "fsync", int)(file);
}

int rename(const char *from, const char *to) {
    if (fails("rename", from))
        return -1;
    return NEXT(int, "rename", const char *, const char *)(from, to);
}
