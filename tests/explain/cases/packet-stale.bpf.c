// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=data class=your_code
// cause: bpf_xdp_adjust_head()
// out: read data and data_end
#include "x.h"
SEC("xdp") int f(struct xdp_md *ctx)
{
	char *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	if (data + 14 > data_end)
		return XDP_PASS;
	if (bpf_xdp_adjust_head(ctx, 4))
		return XDP_PASS;
#ifdef FIXED
	data = (void *)(long)ctx->data;
	data_end = (void *)(long)ctx->data_end;
	if (data + 1 > data_end)
		return XDP_PASS;
#endif
	return data[0]; // HERE
}
