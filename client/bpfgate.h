/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpfgate: bpf(2) without privileges. A program that issues its bpf() calls through
 * bpfgate_bpf() needs no capability; the daemon bpfgated decides, verifies and loads.
 *
 * Thread-safe. After fork() the child makes a connection of its own, and so does a thread that changed
 * its user, groups or network namespace: each call is made as who and where the thread is then. Handles stay,
 * but serve only the user who loaded the program. Every fd is close-on-exec.
 * Nothing is logged, no signal handler is installed, the process is never ended.
 *
 * Environment: BPFGATE_SOCKET, path of the daemon's socket (default /run/bpfgate/bpfgate.sock);
 * ignored in programs that gained privileges by being executed (secure_getenv(3)).
 */
#ifndef BPFGATE_H
#define BPFGATE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * bpf(2): the same commands, the same union bpf_attr, the same result (-1 and errno, or >= 0).
 *
 * Operations on maps and other fds that the process holds go straight to the kernel. Everything
 * else goes to the daemon. A program may come back as a handle instead of a program fd: it stands
 * for the program in every call of this function, and only there.
 *
 * Beyond the kernel's own errors: EPERM when policy refuses or no daemon answers, EAGAIN when the
 * daemon went away in the middle of a call whose outcome is unknown. bpfgate_last_reason() says
 * more.
 */
int bpfgate_bpf(int cmd, void *attr, unsigned int size);

/*
 * Why the calling thread's last bpfgate_bpf() failed, as text for people; "" if there is nothing to
 * add to errno. Valid until the thread's next call of the library. Never NULL.
 */
const char *bpfgate_last_reason(void);

/* The number of the calling thread's last decision (as in `bpfgate why D-...`), or 0. */
uint64_t bpfgate_last_decision(void);

enum bpfgate_question {
	BPFGATE_STATUS = 1, /* no argument */
	BPFGATE_LIST = 2,   /* "progs", "maps", "links", "pins", "orphans", "clients" or "decisions" */
	BPFGATE_WHY = 3,    /* a decision's number in hex, or "" for the caller's last */
	BPFGATE_UNPIN = 5,  /* a path: removes the caller's only pin of that path, whatever directory it led to */
	BPFGATE_RELOAD = 6, /* no argument; root only: reads the policy anew; -EBADMSG, -EACCES...: it is refused */
};

/*
 * Asks the daemon about itself. `arg` may be NULL for "". Returns 0 and *ret_json (malloc; the
 * caller frees it), or -errno: -ENOENT, -ECONNREFUSED (no daemon) and connect(2)'s others,
 * -EPROTONOSUPPORT (no version in common), -EBADMSG (not a bpfgated); or the daemon's own refusal.
 */
int bpfgate_control(enum bpfgate_question what, const char *arg, char **ret_json);

/*
 * Presents an ELF object and its detached CMS signature (sig_fd -1: none, or appended to the
 * object), so that its programs are known by digest when they are loaded. Both fds are borrowed.
 * Returns 0 and *ret_json (what the daemon found; ret_json may be NULL if not wanted), or as above;
 * *ret_json is also set where the daemon refuses the object and says why (-ENOKEY: it is not signed,
 * -EKEYREJECTED: by nobody who counts, -EBADMSG: malformed), and left alone otherwise.
 */
int bpfgate_present_object(const char *name, int elf_fd, int sig_fd, char **ret_json);

/*
 * Removes a pin that the caller made through bpfgate, as unlink(2) would: the one in the directory that the path leads
 * this process to. Returns 0, -ENOENT (none of that name there, or not the caller's), or as above.
 */
int bpfgate_unpin(const char *path);

#ifdef __cplusplus
}
#endif

#endif
