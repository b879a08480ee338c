// SPDX-License-Identifier: Apache-2.0
// want: code=HELPER-TYPE class=missing_feature
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
#ifndef FIXED
	bpf_get_socket_cookie(ctx); // HERE
#endif
	return XDP_PASS;
}
