/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOKEN_CREATE: libbpf asks for a token whenever it finds a bpffs, and goes on without one if the
 * answer is root's answer in the initial user namespace. No token is ever made: the answer is read off
 * the descriptor, in the kernel's order (kernel/bpf/token.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/store/kinds.h"

enum {
	TOKEN_BPFFS_ROOT_INO = 1,
};

/* The running kernel is older than 6.9, which brought the command. */
static bool token_is_unknown(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname uts;

	if (uname(&uts) < 0 || sscanf(uts.release, "%u.%u", &major, &minor) != 2)
		return true;
	return major < 6 || (major == 6 && minor < 9);
}

static int token_answer(int fd)
{
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || flags & O_PATH)
		return -EBADF;
	if (kinds_of(fd) != KIND_BPFFS || fstat(fd, &st) < 0 || st.st_ino != TOKEN_BPFFS_ROOT_INO)
		return -EINVAL;
	return -EOPNOTSUPP;
}

void token_create(struct work *work)
{
	if (token_is_unknown() || work_u32(work, ATTR_TOKEN_FLAGS))
		work_reply(work, -EINVAL);
	else
		work_reply(work, token_answer(work_fd_at(work, ATTR_TOKEN_BPFFS_FD)));
}
