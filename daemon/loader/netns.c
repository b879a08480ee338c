/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises the kernel's own name of an interface, never one that a client said. Trusts that a loader never
 * changes its network namespace: its filter has no setns.
 */
#include "daemon/loader/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "proto/own.h"

static_assert(sizeof(((struct door_netns *)0)->ifname) == IFNAMSIZ, "a name fits");

int netns_look(struct netns *ret_netns)
{
	OWN_FD int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct stat st;
	int high;

	if (sock < 0 || stat("/proc/self/ns/net", &st) < 0)
		return -errno;
	high = fcntl(sock, F_DUPFD_CLOEXEC, NETNS_FD);
	if (high < 0)
		return -errno;
	*ret_netns = (struct netns){ st.st_dev, st.st_ino, high };
	return 0;
}

void netns_describe(const struct netns *netns, struct door_netns *view)
{
	struct ifreq ifr = { .ifr_ifindex = (int)view->ifindex };

	view->dev = netns->dev;
	view->ino = netns->ino;
	memset(view->ifname, 0, sizeof(view->ifname));
	if (view->ifindex && ioctl(netns->sock, SIOCGIFNAME, &ifr) == 0)
		memcpy(view->ifname, ifr.ifr_name, sizeof(view->ifname) - 1);
}
