/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises all of a file or nothing, and never more memory than the caller allows for. Trusts the size that the kernel
 * says only to begin with: a file that has another one when it was read is refused. Who may own it is the caller's matter.
 */
#include "proto/whole.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/own.h"

/* Up to cnt bytes; how many there were, or -errno. */
static ssize_t whole_read_some(int fd, uint8_t *bytes, size_t cnt)
{
	size_t done = 0;

	while (done < cnt) {
		ssize_t n = pread(fd, bytes + done, cnt - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int whole_read(int fd, size_t most, uint8_t **ret_bytes, size_t *ret_cnt)
{
	OWN_MEM uint8_t *bytes = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > most)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	/* one byte more than it had: a file that grows meanwhile is half-written */
	n = whole_read_some(fd, bytes, (size_t)st.st_size + 1);
	if (n != st.st_size)
		return n < 0 ? (int)n : -EAGAIN;
	bytes[n] = '\0';
	*ret_bytes = TAKE_PTR(bytes);
	*ret_cnt = (size_t)n;
	return 0;
}
