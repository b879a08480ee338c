/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's calls that send to a socket, replaced for what rtnetlink is told of XDP: ip(8), bpftool and libxdp attach by
 * RTM_SETLINK, for which the kernel wants CAP_NET_ADMIN and a real program. With a handle it becomes a link that is kept by
 * a pin, "xdp-" and the interface's name below the bpffs, as a rule grants both; without a program (off) that pin goes. Who names
 * the program that is to be replaced (libxdp) replaces that one or none. The kernel
 * is sent a message that says nothing in the place of the request, so that what it answers comes where it is waited for.
 * tc's filters have no such link: who sends one with a handle is told to use TCX. All else is sent as it is.
 */
#include "client/library/call.h"
#include "client/library/pinfile.h"
#include "client/preload/preload.h"
#include "client/library/self.h"
#include "proto/kernel_types.h"
#include "proto/own.h"
#include "proto/raw.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NETLINK_REQUEST_MAX = 4096 };

/* What a request says of XDP. */
struct netlink_xdp {
	int ifindex, fd; /* fd < 0: off */
	uint32_t flags;
	bool replaces; /* `expected`, and nothing else; < 0: where nothing is */
	int expected;
};

/* ---- reading ---- */

/* The attribute of this type among those in [at, at + bytes), or NULL. */
static const struct nlattr *netlink_find(const uint8_t *at, size_t bytes, uint16_t type)
{
	while (bytes >= sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)at;
		size_t step = NLA_ALIGN(attr->nla_len);

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > bytes)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		if (step >= bytes)
			return NULL;
		at += step;
		bytes -= step;
	}
	return NULL;
}

static const struct nlattr *netlink_find_in(const struct nlattr *nest, uint16_t type)
{
	return nest ? netlink_find((const uint8_t *)nest + NLA_HDRLEN, nest->nla_len - (size_t)NLA_HDRLEN, type) :
		      NULL;
}

static bool netlink_word(const struct nlattr *attr, uint32_t *ret_word)
{
	if (!attr || attr->nla_len < NLA_HDRLEN + sizeof(*ret_word))
		return false;
	memcpy(ret_word, (const uint8_t *)attr + NLA_HDRLEN, sizeof(*ret_word));
	return true;
}

static const struct nlattr *netlink_attr(const struct nlmsghdr *nlh, size_t head_bytes, uint16_t type)
{
	size_t skip = NLMSG_LENGTH(NLMSG_ALIGN(head_bytes));

	return nlh->nlmsg_len <= skip ? NULL :
					netlink_find((const uint8_t *)nlh + skip, nlh->nlmsg_len - skip, type);
}

/* false: it is not about XDP, or says more than is understood here. */
static bool netlink_read_xdp(const struct nlmsghdr *nlh, struct netlink_xdp *ret_xdp)
{
	const struct ifinfomsg *info = NLMSG_DATA(nlh);
	const struct nlattr *nest, *name;
	char ifname[IF_NAMESIZE] = "";
	uint32_t fd = 0, expected = 0;

	if ((nlh->nlmsg_type != RTM_SETLINK && nlh->nlmsg_type != RTM_NEWLINK) ||
	    nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return false;
	nest = netlink_attr(nlh, sizeof(*info), IFLA_XDP);
	*ret_xdp = (struct netlink_xdp){ .ifindex = info->ifi_index };
	if (!netlink_word(netlink_find_in(nest, IFLA_XDP_FD), &fd))
		return false;
	(void)netlink_word(netlink_find_in(nest, IFLA_XDP_FLAGS), &ret_xdp->flags);
	ret_xdp->replaces = ret_xdp->flags & XDP_FLAGS_REPLACE;
	if (ret_xdp->replaces && !netlink_word(netlink_find_in(nest, IFLA_XDP_EXPECTED_FD), &expected))
		return false;
	ret_xdp->fd = (int)fd;
	ret_xdp->expected = (int)expected;
	name = netlink_attr(nlh, sizeof(*info), IFLA_IFNAME);
	if (ret_xdp->ifindex <= 0 && name && name->nla_len > NLA_HDRLEN) {
		snprintf(ifname, sizeof(ifname), "%.*s", (int)(name->nla_len - NLA_HDRLEN),
			 (const char *)name + NLA_HDRLEN);
		ret_xdp->ifindex = (int)if_nametoindex(ifname);
	}
	return ret_xdp->ifindex > 0;
}

static bool netlink_is_tc(const struct nlmsghdr *nlh)
{
	const struct nlattr *kind, *options;
	uint32_t fd;

	if (nlh->nlmsg_type != RTM_NEWTFILTER || nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg)))
		return false;
	kind = netlink_attr(nlh, sizeof(struct tcmsg), TCA_KIND);
	options = netlink_attr(nlh, sizeof(struct tcmsg), TCA_OPTIONS);
	return kind && kind->nla_len >= NLA_HDRLEN + 4 &&
	       memcmp((const uint8_t *)kind + NLA_HDRLEN, "bpf", 4) == 0 &&
	       netlink_word(netlink_find_in(options, TCA_BPF_FD), &fd) && call_maybe_handle((int)fd);
}

/* ---- doing ---- */

static int netlink_bpf(uint32_t cmd, const uint8_t attr[ATTR_BYTES], uint32_t bytes)
{
	struct call_outcome outcome = { 0 };
	int r = call_bpf(cmd, attr, bytes, &outcome);

	if (r < 0 && outcome.reason[0])
		fprintf(stderr, "bpfgate: attaching XDP: %s\n", outcome.reason);
	return r;
}

static int netlink_pin(uint32_t cmd, const char *path, int fd)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u64(attr, ATTR_OBJ_PATHNAME, (uintptr_t)path);
	attr_put_u32(attr, ATTR_OBJ_BPF_FD, (uint32_t)fd);
	return netlink_bpf(cmd, attr, ATTR_OBJ_FILE_FLAGS + 4);
}

static int netlink_make_link(const struct netlink_xdp *xdp, const char *path)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	OWN_FD int link = -1;

	attr_put_u32(attr, ATTR_LINK_CREATE_PROG_FD, (uint32_t)xdp->fd);
	attr_put_u32(attr, ATTR_LINK_CREATE_TARGET_FD, (uint32_t)xdp->ifindex);
	attr_put_u32(attr, ATTR_LINK_CREATE_ATTACH_TYPE, KERNEL_ATTACH_XDP);
	attr_put_u32(attr, ATTR_LINK_CREATE_FLAGS, xdp->flags & XDP_FLAGS_MODES);
	link = netlink_bpf(CMD_LINK_CREATE, attr, ATTR_LINK_CREATE_FLAGS + 4);
	return link < 0 ? link : netlink_pin(CMD_OBJ_PIN, path, link);
}

static int netlink_change_link(const struct netlink_xdp *xdp, int link)
{
	uint8_t attr[ATTR_BYTES] = { 0 };

	attr_put_u32(attr, ATTR_LINK_UPDATE_LINK_FD, (uint32_t)link);
	attr_put_u32(attr, ATTR_LINK_UPDATE_NEW_PROG_FD, (uint32_t)xdp->fd);
	if (xdp->replaces) {
		attr_put_u32(attr, ATTR_LINK_UPDATE_FLAGS, 4 /* BPF_F_REPLACE */);
		attr_put_u32(attr, ATTR_LINK_UPDATE_OLD_PROG_FD, (uint32_t)xdp->expected);
	}
	return netlink_bpf(CMD_LINK_UPDATE, attr, ATTR_LINK_UPDATE_OLD_PROG_FD + 4);
}

/* The number of a program, or of the one that a link holds; 0: not known. */
static uint32_t netlink_prog_id(int fd, bool is_link)
{
	union {
		struct bpf_link_info link;
		struct bpf_prog_info prog;
	} info = { 0 };
	uint8_t attr[ATTR_BYTES] = { 0 };
	struct call_outcome ignored = { 0 };

	attr_put_u32(attr, ATTR_INFO_BPF_FD, (uint32_t)fd);
	attr_put_u32(attr, ATTR_INFO_INFO_LEN, is_link ? sizeof(info.link) : sizeof(info.prog));
	attr_put_u64(attr, ATTR_INFO_INFO, (uintptr_t)&info);
	if (call_bpf(CMD_OBJ_GET_INFO_BY_FD, attr, ATTR_INFO_INFO + 8, &ignored) < 0)
		return 0;
	return is_link ? info.link.prog_id : info.prog.id;
}

/* Is what stands there what the caller expects? link < 0: nothing of ours does. */
static bool netlink_is_expected(const struct netlink_xdp *xdp, int link)
{
	uint32_t id;

	if (!xdp->replaces)
		return true;
	if (xdp->expected < 0 || link < 0)
		return xdp->expected < 0 && link < 0;
	id = netlink_prog_id(xdp->expected, false);
	return id && id == netlink_prog_id(link, true);
}

/* 0; -ENOSYS: the kernel may hear it itself; or what the caller is told. */
static int netlink_do_xdp(const struct netlink_xdp *xdp)
{
	struct codec_source src;
	const struct pinfile_view view = { .src = &src };
	char ifname[IF_NAMESIZE], path[64];
	OWN_FD int link = -1;

	if (!if_indextoname((unsigned int)xdp->ifindex, ifname) || (xdp->fd >= 0 && !call_maybe_handle(xdp->fd)))
		return -ENOSYS;
	self_init_source(&src);
	snprintf(path, sizeof(path), PINFILE_BPFFS "/xdp-%s", ifname);
	link = pinfile_get(&view, path);
	if (!netlink_is_expected(xdp, link))
		return -EEXIST;
	if (xdp->fd < 0)
		return pinfile_unlink(&view, path) == 0 ? 0 : -ENOSYS;
	if (link < 0)
		return netlink_make_link(xdp, path);
	return xdp->flags & XDP_FLAGS_UPDATE_IF_NOEXIST ? -EBUSY : netlink_change_link(xdp, link);
}

/* Looked at first: it costs no system call, which most that is sent must not. */
static bool netlink_may_be(const void *head, size_t bytes)
{
	struct nlmsghdr nlh;

	if (bytes < sizeof(nlh))
		return false;
	memcpy(&nlh, head, sizeof(nlh));
	return nlh.nlmsg_len <= bytes && (nlh.nlmsg_type == RTM_NEWLINK || nlh.nlmsg_type == RTM_SETLINK ||
					  nlh.nlmsg_type == RTM_NEWTFILTER);
}

static bool netlink_is_route(int sock)
{
	struct sockaddr_nl name = { 0 };
	socklen_t bytes = sizeof(name);
	int protocol = -1;
	socklen_t len = sizeof(protocol);

	return getsockname(sock, (struct sockaddr *)&name, &bytes) == 0 && name.nl_family == AF_NETLINK &&
	       getsockopt(sock, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 && protocol == NETLINK_ROUTE;
}

/*
 * Looks at a whole request. 1: it is done, and the first of its bytes say nothing now; 0: it is as it was; -errno: it is
 * refused.
 */
static int netlink_take(struct nlmsghdr *nlh, size_t bytes)
{
	struct netlink_xdp xdp;
	int r;

	if (bytes < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > bytes)
		return 0;
	if (netlink_is_tc(nlh)) {
		fprintf(stderr,
			"bpfgate: tc filters are not attached for users: use TCX (bpf_program__attach_tcx, "
			"bpftool net attach tcx_ingress, \"tcx\" in a rule's \"attach\")\n");
		return -EPERM;
	}
	if (!netlink_read_xdp(nlh, &xdp))
		return 0;
	r = netlink_do_xdp(&xdp);
	if (r == -ENOSYS)
		return 0;
	if (r < 0)
		return r;
	nlh->nlmsg_type = NLMSG_NOOP;
	nlh->nlmsg_len = sizeof(*nlh);
	return 1;
}

/* ---- the calls ---- */

/* What is really sent of a request that was done: its head. Its sender hears that all of it was. */
static long netlink_send_word(int sock, const struct nlmsghdr *nlh, int flags, size_t bytes)
{
	long r = raw_syscall(__NR_sendto, sock, (long)(uintptr_t)nlh, sizeof(*nlh), flags, 0, 0);

	return r < 0 ? r : (long)bytes;
}

static long netlink_send(int sock, const void *buf, size_t bytes, int flags, const struct sockaddr *to,
			 socklen_t to_bytes)
{
	uint8_t copy[NETLINK_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	int r = 0;

	if (bytes <= sizeof(copy) && netlink_may_be(buf, bytes) && netlink_is_route(sock)) {
		memcpy(copy, buf, bytes);
		r = netlink_take((struct nlmsghdr *)copy, bytes);
	}
	if (r < 0)
		return r;
	if (r > 0)
		return netlink_send_word(sock, (struct nlmsghdr *)copy, flags, bytes);
	return raw_syscall(__NR_sendto, sock, (long)(uintptr_t)buf, (long)bytes, flags, (long)(uintptr_t)to,
			   (long)to_bytes);
}

PUBLIC ssize_t sendto(int sock, const void *buf, size_t bytes, int flags, const struct sockaddr *to,
		      socklen_t to_bytes)
{
	return preload_result(netlink_send(sock, buf, bytes, flags, to, to_bytes));
}

PUBLIC ssize_t send(int sock, const void *buf, size_t bytes, int flags)
{
	return preload_result(netlink_send(sock, buf, bytes, flags, NULL, 0));
}

PUBLIC ssize_t sendmsg(int sock, const struct msghdr *msg, int flags)
{
	uint8_t copy[NETLINK_REQUEST_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t bytes = 0;
	int r = 0;

	if (msg && !msg->msg_controllen && msg->msg_iovlen && netlink_may_be(msg->msg_iov[0].iov_base, msg->msg_iov[0].iov_len) &&
	    netlink_is_route(sock)) {
		for (size_t i = 0; i < msg->msg_iovlen && bytes <= sizeof(copy); i++) {
			size_t part = msg->msg_iov[i].iov_len;

			if (part <= sizeof(copy) - bytes)
				memcpy(copy + bytes, msg->msg_iov[i].iov_base, part);
			bytes += part;
		}
		if (bytes <= sizeof(copy))
			r = netlink_take((struct nlmsghdr *)copy, bytes);
	}
	if (r < 0)
		return preload_result(r);
	if (r > 0)
		return preload_result(netlink_send_word(sock, (struct nlmsghdr *)copy, flags, bytes));
	return preload_result(raw_syscall(__NR_sendmsg, sock, (long)(uintptr_t)msg, flags, 0, 0, 0));
}
