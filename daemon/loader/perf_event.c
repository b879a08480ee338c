/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Perf events. Promises that whatever an approval says, the event is of a kind that BPF programs
 * are attached to or write into, tells of no registers and no stacks, and has no bit that nobody
 * thought of: every field of the kernel's struct is written here, from a field of ours. A process
 * is named by number to the kernel, so whether that was the one that is meant shows its pidfd,
 * which must still be alive when the event is there.
 */
#include "daemon/loader/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proto/own.h"
#include "proto/perf.h"

#define PERF_RETURNS	   1ull /* both probes' format/retprobe: config:0 */
#define PERF_REF_CTR_SHIFT 32	/* uprobe's format/ref_ctr_offset: config:32-63 */

/* ---- what the kernel calls its probes ---- */

static uint32_t perf_read_type(const char *name)
{
	char path[64], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	(void)fclose(file);
	return (uint32_t)strtoul(text, NULL, 10);
}

void perf_event_look(struct perf_types *ret_types)
{
	*ret_types = (struct perf_types){ perf_read_type("kprobe"), perf_read_type("uprobe") };
}

/* ---- one event ---- */

/* A path of the loader's own: where the kernel finds the file that the client opened. */
struct perf_path {
	char text[32];
};

static int perf_fill_output(const struct perf_types *types, const struct perf_open *open,
			    struct perf_path *path, struct perf_event_attr *attr)
{
	(void)types, (void)open, (void)path;
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = PERF_COUNT_SW_BPF_OUTPUT;
	return 0;
}

static int perf_fill_tracepoint(const struct perf_types *types, const struct perf_open *open,
				struct perf_path *path, struct perf_event_attr *attr)
{
	(void)types, (void)path;
	attr->type = PERF_TYPE_TRACEPOINT;
	attr->config = open->config;
	return 0;
}

static int perf_fill_kprobe(const struct perf_types *types, const struct perf_open *open,
			    struct perf_path *path, struct perf_event_attr *attr)
{
	(void)path;
	if (!types->kprobe)
		return -ENOENT;
	/* Without a name config2 would be an address. */
	if (!open->name)
		return -EINVAL;
	attr->type = types->kprobe;
	attr->config = open->flags & PERF_OPEN_RETURN ? PERF_RETURNS : 0;
	attr->config1 = open->name;
	return 0;
}

static int perf_fill_uprobe(const struct perf_types *types, const struct perf_open *open,
			    struct perf_path *path, struct perf_event_attr *attr)
{
	if (!types->uprobe)
		return -ENOENT;
	if (!(open->flags & PERF_OPEN_FILE))
		return -EINVAL;
	snprintf(path->text, sizeof(path->text), "/proc/self/fd/%d", open->file);
	attr->type = types->uprobe;
	attr->config = (open->flags & PERF_OPEN_RETURN ? PERF_RETURNS : 0) |
		       open->ref_ctr_offset << PERF_REF_CTR_SHIFT;
	attr->config1 = (uint64_t)(uintptr_t)path->text;
	attr->config2 = open->offset;
	return 0;
}

static int perf_fill_software(const struct perf_types *types, const struct perf_open *open,
			      struct perf_path *path, struct perf_event_attr *attr)
{
	(void)types, (void)path;
	attr->type = PERF_TYPE_SOFTWARE;
	attr->config = open->config;
	return 0;
}

static int (*const perf_fill[PERF_KIND_CNT])(const struct perf_types *types,
					     const struct perf_open *open, struct perf_path *path,
					     struct perf_event_attr *attr) = {
	[PERF_KIND_OUTPUT] = perf_fill_output,	   [PERF_KIND_TRACEPOINT] = perf_fill_tracepoint,
	[PERF_KIND_KPROBE] = perf_fill_kprobe,	   [PERF_KIND_UPROBE] = perf_fill_uprobe,
	[PERF_KIND_SOFTWARE] = perf_fill_software,
};

/* The bits lie in the one word after read_format, in the order of the kernel's header. */
#define PERF_BITS_AT (offsetof(struct perf_event_attr, read_format) + sizeof(uint64_t))

static int perf_fill_attr(const struct perf_types *types, const struct perf_open *open,
			  struct perf_path *path, struct perf_event_attr *attr)
{
	uint64_t bits = open->bits & PERF_BITS;

	*attr = (struct perf_event_attr){ .size = sizeof(*attr) };
	if (open->kind >= PERF_KIND_CNT || !perf_fill[open->kind])
		return -EINVAL;
	memcpy((uint8_t *)attr + PERF_BITS_AT, &bits, sizeof(bits));
	attr->sample_period = open->period;
	attr->sample_type = open->sample_type & PERF_SAMPLE_GRANTABLE;
	attr->read_format = open->read_format & PERF_READ_FORMATS;
	attr->wakeup_events = open->wakeup;
	attr->clockid = open->clockid;
	return perf_fill[open->kind](types, open, path, attr);
}

static bool perf_process_lives(int pidfd)
{
	struct pollfd look = { .fd = pidfd, .events = POLLIN };
	struct timespec now = { 0, 0 };

	return ppoll(&look, 1, &now, NULL) == 0;
}

int perf_event_run(const struct perf_types *types, const struct approval *approval,
		   struct kern_outcome *ret_outcome)
{
	struct door_perf want;
	struct perf_event_attr attr;
	struct perf_path path;
	OWN_FD int fd = -1;
	bool of_process;
	int r;

	if (approval->ask.attr_bytes != sizeof(want))
		return -EINVAL;
	memcpy(&want, approval->ask.attr, sizeof(want));
	of_process = want.open.flags & PERF_OPEN_PROCESS;
	r = perf_fill_attr(types, &want.open, &path, &attr);
	if (r == 0)
		r = kern_set_caps(approval->ask.caps);
	if (r < 0)
		return r;
	fd = (int)syscall(__NR_perf_event_open, &attr, of_process ? want.pid : -1, want.open.cpu,
			  -1, PERF_FLAG_FD_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	if (r == 0 && of_process && !perf_process_lives(want.open.pidfd)) {
		own_close_fd(&fd);
		r = -ESRCH;
	}
	*ret_outcome = (struct kern_outcome){ .result = r, .fd = r < 0 ? -1 : TAKE_FD(fd) };
	return 0;
}

int perf_event_set_bpf(const struct approval *approval, struct kern_outcome *ret_outcome)
{
	struct perf_set_bpf want;
	int r;

	if (approval->ask.attr_bytes != sizeof(want))
		return -EINVAL;
	memcpy(&want, approval->ask.attr, sizeof(want));
	r = kern_set_caps(approval->ask.caps);
	if (r < 0)
		return r;
	r = ioctl(want.perf_fd, PERF_EVENT_IOC_SET_BPF, want.prog_fd);
	*ret_outcome = (struct kern_outcome){ .result = r < 0 ? -errno : 0, .fd = -1 };
	return 0;
}
