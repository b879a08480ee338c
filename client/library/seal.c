/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon reads only what can neither change nor block it: a file is copied here, with the caller's own
 * rights, and sealed.
 */
#include "client/library/seal.h"

#include <errno.h>

#include "proto/channel.h"
#include "proto/own.h"
#include "proto/whole.h"

#define SEAL_BYTES_MAX (16u << 20)	/* the daemon's own limit for an object */

int seal_file(int fd, int *ret_fd)
{
	OWN_MEM uint8_t *bytes = NULL;
	size_t cnt;
	int r = whole_read(fd, SEAL_BYTES_MAX, &bytes, &cnt);

	return r < 0 ? r : channel_seal_bytes(bytes, cnt, ret_fd);
}
