// SPDX-License-Identifier: Apache-2.0
// want: code=RET-RANGE class=your_code
// cause: is returned here; allowed is 0 to 3
#include "x.h"
SEC("cgroup_skb/egress") int f(struct __sk_buff *skb)
{
#ifdef FIXED
	return skb->len ? 1 : 0;
#else
	return skb->len; // HERE
#endif
}
