/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of bpf(2) commands: one row for each command of Linux 7.3, with everything that a
 * marshaller, a fuzzer, the documentation and the daemon need to know about it. A command that has
 * no row is refused. Pure data: nothing here reads memory or makes a system call.
 */
#ifndef BPFGATE_PROTO_CMD_H
#define BPFGATE_PROTO_CMD_H

#include "proto/kernel_types.h"
#include "proto/attr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The commands under our own names: the build host's header may lack the newer ones. */
enum cmd_id {
#define KERNEL_COMMAND(number, NAME, since) CMD_##NAME = number,
#include "proto/kernel_types.def"
	CMD_CNT,
};

#define CMD_PTRS_MAX 12 /* pointers of one command, those inside a struct it points to included */
#define CMD_FDS_MAX  5	/* fd fields of one command's attr */
#define CMD_OUTS_MAX 6	/* output fields of one command's attr */

/* Flags of bpf(2) that the table needs and Linux 6.1's header lacks or spreads over enums. */
#define CMD_F_REPLACE	      (1u << 2)
#define CMD_F_UPROBE_PATH_FD  (1u << 1) /* of link_create.uprobe_multi.flags, from 7.2 on */
#define CMD_F_ID	      (1u << 5)
#define CMD_F_LINK	      (1u << 13)
#define CMD_F_PATH_FD	      (1u << 14)
#define CMD_F_VTYPE_BTF_OBJ_FD (1u << 15)
#define CMD_F_TOKEN_FD	      (1u << 16)

/* Of an element, from 7.0 on: the value is one CPU's, or one for all. Its CPU is in the upper half of the flags. */
#define CMD_F_CPU      (1u << 3)
#define CMD_F_ALL_CPUS (1u << 4)

/* OR-ed into the command by kernels from 7.0 on, with two more arguments. We have no such row. */
#define CMD_COMMON_ATTRS (1u << 16)

/* "No such offset". */
#define CMD_NO_OFF UINT16_MAX

/* Who carries the command out: docs/DESIGN.md section 4. */
enum cmd_gate {
	CMD_REFUSED = 0, /* nobody */
	CMD_LOCAL,	 /* the client itself, on fds it holds; brokered when one is a handle */
	CMD_JUDGED,	 /* the daemon, after a judge has read the bytes */
	CMD_BROKERED,	 /* the daemon */
	CMD_VIRTUAL,	 /* nobody: answered from the ledger */
};

enum cmd_dir {
	CMD_IN = 1,
	CMD_OUT = 2,
	CMD_INOUT = CMD_IN | CMD_OUT,
};

/* How many bytes a pointer points to. */
enum cmd_len {
	CMD_LEN_COUNT,	   /* u32 at len_off, times elem_bytes */
	CMD_LEN_HINT,	   /* as COUNT; 0 means as much as comes (test_run's outputs) */
	CMD_LEN_RECORDS,   /* u32 at len_off, times the u32 at rec_off */
	CMD_LEN_NUL,	   /* text up to its NUL */
	CMD_LEN_STRINGS,   /* u32 at len_off pointers, each to a text up to its NUL */
	CMD_LEN_FD_ARRAY,  /* u32 at len_off entries of 4 bytes, or, if that is 0, what insns use */
	CMD_LEN_MAP_KEY,   /* key_size of the map at map_fd_off; batches: times the count at len_off */
	CMD_LEN_MAP_VALUE, /* its value as the system call sees it (CMD_F_CPU: of one); batches as above */
};

/* What a pointer's contents hold that the marshaller must look into. */
enum cmd_content {
	CMD_PLAIN = 0,
	CMD_INSNS,     /* fds in ld_imm64 */
	CMD_FDS,       /* int32 fds */
	CMD_ITER_INFO, /* union bpf_iter_link_info: an fd in one of its words */
	CMD_VALUE,     /* map value: an fd where the map type says so */
	CMD_INFO,      /* struct bpf_prog_info: pointers of its own */
	CMD_CTX,       /* a test run's context, which a syscall program writes where it was read */
	CMD_PATH,      /* a path: the directory it leads to goes along */
	CMD_FILE,      /* a path: its file goes along, open for reading, and a pidfd of the process that the attr names */
};

/* Which attach types a field is for: the unions inside link_create and its like. */
enum cmd_attach_class {
	CMD_ATTACH_ANY = 0, /* in a field: used whatever the attach type */
	CMD_ATTACH_OTHER,   /* in an attach type: none of the following */
	CMD_ATTACH_CGROUP,
	CMD_ATTACH_NETDEV, /* tcx, netkit */
	CMD_ATTACH_ITER,
	CMD_ATTACH_KPROBE_MULTI,
	CMD_ATTACH_UPROBE_MULTI,
	CMD_ATTACH_TRACING_MULTI,
	CMD_ATTACH_CLASS_CNT
};

/* What target_fd/target_ifindex means for an attach type. */
enum cmd_target {
	CMD_TARGET_NONE = 0,
	CMD_TARGET_IFINDEX,
	CMD_TARGET_CGROUP,
	CMD_TARGET_NETNS,
	CMD_TARGET_MAP,	 /* sockmap */
	CMD_TARGET_PERF, /* perf event */
	CMD_TARGET_PROG, /* freplace, fentry of another program */
	CMD_TARGET_DEV,	 /* lirc */
	CMD_TARGET_FUNCTIONS, /* of the kernel, named by the link: no rule covers them */
};

struct cmd_attach {
	const char *name; /* without BPF_ */
	uint8_t cls;	  /* enum cmd_attach_class */
	uint8_t target;	  /* enum cmd_target */
	uint8_t link;	  /* enum kernel_link_type; none: LINK_CREATE makes none */
};

#define CMD_ATTACH_CNT KERNEL_ATTACH_CNT

struct cmd_ptr {
	const char *name;
	uint8_t dir;	 /* enum cmd_dir */
	uint8_t len;	 /* enum cmd_len */
	uint8_t content; /* enum cmd_content */
	uint8_t only_for; /* enum cmd_attach_class */
	/* Offsets are inside the attr, or inside the INFO contents when in_info is set. */
	uint16_t off;
	uint16_t len_off;
	uint16_t rec_off; /* CMD_LEN_RECORDS: record size; map lengths: the map fd */
	uint16_t elem_bytes;
	bool in_info;
	uint32_t max_bytes; /* longer: over_errno, before anything is read; 0: cut */
	uint8_t over_errno;
};

/* When an fd field holds an fd. */
enum cmd_fd_when {
	CMD_FD_ALWAYS,	    /* 0 is a real fd */
	CMD_FD_NONZERO,	    /* 0 is none */
	CMD_FD_IF_FLAG,	    /* if (u32 at flag_off) & flag */
	CMD_FD_ANCHOR,	    /* (u32 at flag_off) says: an id (CMD_F_ID), a link (CMD_F_LINK), else NONZERO */
	CMD_FD_IF_TARGET,   /* the attach type at flag_off has a target that is an fd */
	CMD_FD_IF_PLACE,    /* the same, but a network namespace is the caller's own there and named by 0 */
	CMD_FD_IF_SELF,	    /* the pid at flag_off is the caller's own, or CMD_PID_SELF */
	CMD_FD_IF_ANY,	      /* one of the u32s at any_off is not 0: 0 is a real fd then */
	CMD_FD_IF_MAP_IN_MAP, /* the map type at flag_off takes an inner map */
};

struct cmd_fd {
	const char *name;
	uint16_t off;
	uint8_t when;	  /* enum cmd_fd_when */
	uint8_t only_for; /* enum cmd_attach_class */
	uint16_t flag_off;
	uint32_t flag;
	uint16_t any_off[3];
};

/* A field the kernel writes back. Written only if the client's attr is long enough to hold it. */
struct cmd_out {
	const char *name;
	uint16_t off;
	uint8_t bytes; /* 4 or 8 */
};

struct cmd_row {
	const char *name; /* without BPF_ */
	uint8_t gate;	  /* enum cmd_gate */
	bool returns_fd;
	uint16_t least_kernel; /* KERNEL() */
	uint16_t attr_end;     /* non-zero bytes from here on are EINVAL (the kernel's CHECK_ATTR) */
	uint16_t attach_off;   /* of the attach type that only_for speaks of */
	uint8_t ptr_cnt;
	uint8_t fd_cnt;
	uint8_t out_cnt;
	const struct cmd_ptr *ptrs;
	const struct cmd_fd *fds;
	const struct cmd_out *outs;
};

/* The row of a command, or NULL: refuse it. */
const struct cmd_row *cmd_row_of(uint32_t cmd);

/* The number of a row that cmd_row_of() gave. */
uint32_t cmd_id_of(const struct cmd_row *row);

/*
 * Where in a map's value an fd lies (program and outer maps, device, CPU and socket maps, ...), or
 * -ENOENT for map types that hold plain values.
 */
int cmd_value_fd_off(uint32_t map_type);

/* The same for an fd that is a program's. */
int cmd_value_prog_off(uint32_t map_type);

/* Does a system call see a value of such a map once for each possible CPU? */
bool cmd_value_is_percpu(uint32_t map_type);

/* The row of an attach type, or NULL. */
const struct cmd_attach *cmd_attach_of(uint32_t attach_type);

/*
 * Index of a pointer or output row by its attr offset (pointers inside INFO contents are not
 * found by it). -ENOENT if the command has none there. ptr names of a union that share an offset
 * are told apart by the attr's attach type, so `attr` (ATTR_BYTES) is needed.
 */
int cmd_find_ptr(const struct cmd_row *row, const uint8_t *attr, uint16_t off);
int cmd_find_out(const struct cmd_row *row, uint16_t off);

/* Whether a pointer or fd row is in use, given the attach type in `attr` (ATTR_BYTES). */
bool cmd_used_for(const struct cmd_row *row, uint8_t only_for, const uint8_t *attr);

/*
 * What the codec sends for the caller's own pid: pids have other numbers in other pid namespaces, and `bpfgate run` asks
 * for another process than its own. The kernel finds no process of this number, so a caller's own 0 becomes one that
 * nobody has.
 */
#define CMD_PID_SELF 0u

/* Whether the fd field holds an fd number in this attr. `self_pid` is the caller's own pid. */
bool cmd_fd_used(const struct cmd_row *row, const struct cmd_fd *fd, const uint8_t *attr,
		 uint32_t self_pid);

#endif
