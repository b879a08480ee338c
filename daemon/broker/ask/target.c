/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets are objects, never names that a client gave: an interface is an index in the network
 * namespace of the client's socket, a cgroup is a descriptor, a traced function is what the program
 * was loaded for. Where only a name exists (symbols, events, files), it is the very text that the
 * kernel will get.
 */
#include "daemon/broker/ask/target.h"

#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/broker/ask/files.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/store/kinds.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/store/perfs.h"
#include "daemon/broker/ask/procs.h"
#include "daemon/broker/work/session.h"
#include "proto/kernel_types.h"
#include "proto/own.h"

static int target_of_cgroup(struct work *work, const struct target_fields *fields,
			    struct target *target)
{
	int fd = work_fd_at(work, fields->target), cnt;

	if (fd < 0)
		return fd;
	cnt = cgroups_find_ancestors(fd, target->cgroups);
	if (cnt < 0)
		return cnt;
	target->policy.kind = POLICY_ATTACH_CGROUP;
	target->policy.cgroups = target->cgroups;
	target->policy.cgroup_cnt = (size_t)cnt;
	snprintf(target->shown, sizeof(target->shown), "cgroup %llu",
		 (unsigned long long)target->cgroups[0].ino);
	return 0;
}

static int target_refuse(struct target *target, const char *why)
{
	target->why = why;
	return -EPERM;
}

static void target_set_netns(struct target *target, enum policy_attach_kind kind, struct policy_object_id id)
{
	target->policy.kind = kind;
	target->policy.netns = id;
	snprintf(target->shown, sizeof(target->shown), "netns %llu", (unsigned long long)id.ino);
}

/*
 * PROG_ATTACH names no namespace: it is the one that the call is made in. What stands there already, and whose it
 * is, can be asked of our own alone, for which we have a descriptor.
 */
static int target_of_own_netns(struct work *work, struct target *target)
{
	if (work_u32(work, ATTR_ATTACH_TYPE) != BPF_FLOW_DISSECTOR || work->req.cmd == CMD_LINK_CREATE)
		return -EPERM;
	if (work->ident->netns_cookie != work->broker->netns_cookie)
		return target_refuse(target,
				     "in another network namespace than the daemon's a flow dissector is attached by a link");
	target_set_netns(target, POLICY_ATTACH_FLOW_DISSECTOR, work->broker->netns);
	return 0;
}

static int target_of_netns_fd(struct work *work, const struct target_fields *fields,
			      struct target *target)
{
	int fd = work_fd_at(work, fields->target);
	struct stat st;

	if (fd == -ENOENT)
		return target_of_own_netns(work, target);
	if (fd < 0)
		return fd;
	if (kinds_of(fd) != KIND_NETNS || fstat(fd, &st) < 0)
		return -EINVAL;
	target_set_netns(target, policy_attach_kind_of(work_u32(work, fields->type)),
			 (struct policy_object_id){ st.st_dev, st.st_ino });
	return 0;
}

static void target_set_netdev(struct target *target, struct policy_object_id netns,
			      const char *ifname)
{
	target->policy.netns = netns;
	snprintf(target->name, sizeof(target->name), "%s", ifname);
	target->policy.ifname = ifname[0] ? target->name : NULL;
	snprintf(target->shown, sizeof(target->shown), "%.32s (%u)", ifname[0] ? ifname : "netns",
		 target->policy.ifindex);
}

static void target_on_netns(void *ctx, struct loader_result *result)
{
	struct work *work = ctx;
	struct target *target = work_about(work);
	struct door_netns view;

	if (!work_loader_answered(work, result))
		return;
	memcpy(&view, result->answer->attr, sizeof(view));
	view.ifname[sizeof(view.ifname) - 1] = '\0';
	target_set_netdev(target, (struct policy_object_id){ view.dev, view.ino }, view.ifname);
	work_resume(work, 0);
}

/* Asks a loader that stands in the client's namespace: we may not even look into it. */
static int target_ask_loader(struct work *work, struct target *target)
{
	struct door_netns view = { .ifindex = target->policy.ifindex };
	struct loader_call *call = work_new_loader_call(work, 0, 0);

	int r;

	if (!call)
		return -ENOMEM;
	r = work_enter_netns(work);
	if (r < 0)
		return r;
	call->ask.op = DOOR_NETNS;
	call->ask.attr_bytes = sizeof(view);
	memcpy(call->ask.attr, &view, sizeof(view));
	work_submit_loader(work, target_on_netns);
	return 1;
}

/* 0: known; 1: asked, the answer comes later. */
static int target_of_netdev(struct work *work, uint32_t attach_type, uint32_t ifindex,
			    struct target *target)
{
	char ifname[IF_NAMESIZE] = "";

	target->policy.kind = policy_attach_kind_of(attach_type);
	target->policy.ifindex = ifindex;
	if (work->ident->netns_cookie != work->broker->netns_cookie) {
		target->in_netns = true;
		return target_ask_loader(work, target);
	}
	if (ifindex)
		(void)if_indextoname(ifindex, ifname);
	target_set_netdev(target, work->broker->netns, ifname);
	return 0;
}

/* Tracing programs name their target at the load; raw tracepoints in the call. */
static int target_of_prog(struct work *work, const struct target_fields *fields,
			  const struct ledger_rec *rec, struct target *target)
{
	const struct request_ptr *name;

	if (!facts_target_of(work->broker->vmbtf, &rec->prog, target->name, sizeof(target->name),
			     &target->policy)) {
		if (fields->name == TARGET_NOWHERE)
			return -EPERM;
		name = work_ptr(work, fields->name);
		if (name->state != WIRE_PTR_PRESENT || name->bytes == 0)
			return -EFAULT;
		snprintf(target->name, sizeof(target->name), "%s", (const char *)name->data);
		target->policy.kind = POLICY_ATTACH_RAW_TRACEPOINT;
		target->policy.name = target->name;
	}
	snprintf(target->shown, sizeof(target->shown), "%.63s",
		 target->policy.name ? target->policy.name : "?");
	return 0;
}

static int target_of_map(struct work *work, const struct target_fields *fields,
			 struct target *target)
{
	struct client_obj map;
	const char *type;
	int r = client_obj_at(work, fields->target, KEEP_MAP, &map);

	if (r < 0)
		return r;
	if (!map.rec || !forward_may_use(work, map.rec))
		return -EPERM;
	type = policy_map_type_name(map.rec->map.type);
	snprintf(target->name, sizeof(target->name), "%s", type ? type : "?");
	target->policy.kind = POLICY_ATTACH_MAP;
	target->policy.name = target->name;
	snprintf(target->shown, sizeof(target->shown), "map %u", map.id);
	return 0;
}

/* It was decided what the event is of when it was opened. Its process may be a stranger to who
 * attaches now. */
static int target_of_event(struct work *work, const struct target_fields *fields,
			   struct target *target)
{
	int fd = work_fd_at(work, fields->target);
	const struct perfs_facts *facts;

	/* As the kernel: first, is there such a descriptor? */
	if (fd < 0 || kinds_of(fd) != KIND_PERF_EVENT)
		return -EBADF;
	facts = perfs_find(work->broker->perfs, fd);
	if (!facts)
		return -EXDEV;
	target->policy = facts->target;
	snprintf(target->name, sizeof(target->name), "%s", facts->name);
	target->policy.name = target->name;
	target->policy.others |= facts->uid != work->ident->uid;
	snprintf(target->shown, sizeof(target->shown), "%.63s", target->name);
	return 0;
}

/* ---- links to several functions ---- */

/* A decision each: more than a program of today attaches to by name. */
#define TARGET_NAMES_MAX 1024u

/* Each is held against the rules by its name: whose address it is nobody here knows. */
static int target_of_functions(struct work *work, struct target *target)
{
	const struct request_ptr *names = work_ptr(work, ATTR_LINK_CREATE_KPROBE_MULTI_SYMS);
	uint32_t cnt = work_u32(work, ATTR_LINK_CREATE_KPROBE_MULTI_CNT);

	if (names->state == WIRE_PTR_FAULT)
		return -EFAULT;
	if (work_ptr(work, ATTR_LINK_CREATE_KPROBE_MULTI_ADDRS)->state != WIRE_PTR_NULL)
		return target_refuse(
			target, "bpfgate attaches to kernel functions by name, not by address");
	if (names->state != WIRE_PTR_PRESENT || !cnt)
		return -EINVAL;
	if (cnt > TARGET_NAMES_MAX)
		return target_refuse(
			target, "bpfgate attaches to 1024 kernel functions at once and no more");
	target->names = (const char *)names->data;
	target->names_cnt = cnt;
	target->policy.kind = POLICY_ATTACH_KPROBE;
	target->policy.name = target->names;
	snprintf(target->name, sizeof(target->name), "%s", target->names);
	snprintf(target->shown, sizeof(target->shown), "%.40s%s", target->names,
		 cnt > 1 ? " and others" : "");
	return 0;
}

/* That which the kernel will take: by 7.2's flag another descriptor than the opened path's. */
static int target_probed_file(const struct work *work)
{
	if (work_u32(work, ATTR_LINK_CREATE_UPROBE_MULTI_FLAGS) & CMD_F_UPROBE_PATH_FD)
		return work_fd_at(work, ATTR_LINK_CREATE_UPROBE_MULTI_PATH_FD);
	return work_fd(work, WIRE_FD_FILE);
}

/*
 * The file and the process that came along; their path and number mean nothing here. A probe stays
 * where it is when the process runs a set-user-ID file: it reaches others.
 */
static int target_of_file(struct work *work, struct target *target)
{
	int file = target_probed_file(work);
	int process = work_fd(work, WIRE_FD_PROCESS);
	OWN_MEM struct file_name *name = malloc(sizeof(*name));
	struct proc_facts proc = { 0, false };
	int r;

	if (!name)
		return -ENOMEM;
	if (file < 0 || (process < 0 && work_u32(work, ATTR_LINK_CREATE_UPROBE_MULTI_PID)))
		return target_refuse(
			target, "the file of the probes, or their process, did not come along");
	target->file = file;
	r = files_name(target->file, name);
	if (r < 0 || strlen(name->text) >= sizeof(target->name))
		return target_refuse(
			target,
			"probes are for files that the daemon sees under the same name, local ones that the caller may read");
	if (process >= 0) {
		target->pidfd = process;
		r = procs_look(target->pidfd, work->ident->uid, &proc);
		if (r < 0)
			return r;
	}
	target->pid = proc.pid;
	memcpy(target->name, name->text, strlen(name->text) + 1);
	target->policy = (struct policy_target){
		.kind = POLICY_ATTACH_UPROBE, .name = target->name, .file = name->id, .others = true
	};
	snprintf(target->shown, sizeof(target->shown), "%.63s", target->name);
	return 0;
}

/*
 * A replacement may be attached to another program than the one that it was loaded for: the
 * caller's own, and the kernel compares their functions. Number 0 is no descriptor here, as for the
 * kernel.
 */
static int target_of_replacement(struct work *work, const struct target_fields *fields,
				 const struct ledger_rec *rec, struct target *target)
{
	struct client_obj obj;
	int r;

	if (!work_fd_number(work, fields->target))
		return target_of_prog(work, fields, rec, target);
	r = client_obj_at(work, fields->target, KEEP_PROG, &obj);
	if (r < 0)
		return r;
	if (!obj.rec || !owner_has(work->ident, obj.rec))
		return target_refuse(target,
				     "a function is replaced in programs of the caller's own");
	facts_target_in_prog(rec->prog.type, obj.rec->prog.type, target->name, sizeof(target->name),
			     &target->policy);
	target->prog = obj;
	snprintf(target->shown, sizeof(target->shown), "program %u", obj.id);
	return 0;
}

static int target_by_type(struct work *work, const struct target_fields *fields,
			  const struct ledger_rec *rec, struct target *target)
{
	uint32_t type = fields->type >= TARGET_IS_EVENT ? UINT32_MAX : work_u32(work, fields->type);
	const struct cmd_attach *attach = cmd_attach_of(type);

	if (fields->type == TARGET_IS_EVENT)
		return target_of_event(work, fields, target);
	if (fields->type == TARGET_NOWHERE)
		return target_of_prog(work, fields, rec, target);
	/* Whatever attach type was sent: the kernel looks at the program's type first. A query is of a place, without one. */
	if (rec && rec->prog.type == BPF_PROG_TYPE_EXT && work->req.cmd == CMD_LINK_CREATE)
		return target_of_replacement(work, fields, rec, target);
	if (!attach)
		return -EINVAL;
	if (type == KERNEL_ATTACH_NETFILTER)
		return target_of_netdev(work, type, 0, target);
	switch ((enum cmd_target)attach->target) {
	case CMD_TARGET_IFINDEX:
		return target_of_netdev(work, type, work_u32(work, fields->target), target);
	case CMD_TARGET_CGROUP:
		return target_of_cgroup(work, fields, target);
	case CMD_TARGET_NETNS:
		return target_of_netns_fd(work, fields, target);
	case CMD_TARGET_MAP:
		return target_of_map(work, fields, target);
	case CMD_TARGET_PERF:
		return target_of_event(work, fields, target);
	case CMD_TARGET_PROG:
		/* Another target than the one that the program was loaded for: the kernel has none
		 * for these. */
		if (work_fd_at(work, fields->target) != -ENOENT)
			return -EINVAL;
		return target_of_prog(work, fields, rec, target);
	case CMD_TARGET_NONE:
		if (attach->cls == CMD_ATTACH_KPROBE_MULTI)
			return target_of_functions(work, target);
		if (attach->cls == CMD_ATTACH_UPROBE_MULTI)
			return target_of_file(work, target);
		return target_of_prog(work, fields, rec, target);
	case CMD_TARGET_DEV:
		break;
	case CMD_TARGET_FUNCTIONS:
		return target_refuse(
			target, "bpfgate attaches fentry and fexit to several functions one by one, not by one link");
	}
	return -EPERM;
}

void target_find(struct work *work, const struct target_fields *fields,
		 const struct ledger_rec *rec, struct target *target, work_then_fn then)
{
	int r;

	target->file = target->pidfd = -1;
	work_then(work, then, target);
	r = target_by_type(work, fields, rec, target);
	if (r <= 0)
		work_resume(work, r);
}
