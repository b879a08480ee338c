/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon reads only what can neither change nor block it: a file is copied here, with the caller's own
 * rights, and sealed.
 */
#include "client/library/seal.h"

#include <errno.h>
#include <sys/stat.h>

#include "proto/channel.h"
#include "proto/own.h"

#define SEAL_BYTES_MAX (16u << 20)	/* the daemon's own limit for an object */

int seal_file(int fd, int *ret_fd)
{
	OWN_MEM char *bytes = NULL;
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > SEAL_BYTES_MAX)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	while (done < (size_t)st.st_size) {
		ssize_t n = pread(fd, bytes + done, (size_t)st.st_size - done, (off_t)done);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return channel_seal_bytes(bytes, done, ret_fd);
}
