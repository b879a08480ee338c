// SPDX-License-Identifier: Apache-2.0
// want: code=MEM-KIND var=p class=your_code
// cause: bpf_skb_pull_data()
#include "x.h"
SEC("tc") int f(struct __sk_buff *skb)
{
	char *p = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	if (p + 20 > end)
		return 0;
	bpf_skb_pull_data(skb, 40);
#ifdef FIXED
	p = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (p + 20 > end)
		return 0;
#endif
	return p[19]; // HERE
}
