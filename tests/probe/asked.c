/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers questions about the kernel it runs on: does it know this type, may such a program call this helper or kernel
 * function, read or write there? Each is a program of a few instructions put before the verifier, whose words tell what
 * it stumbled over. Runs as root in a guest; reads questions, one a line, and prints each with its answer.
 *
 *   class NAME PROG-TYPE ATTACH-TYPE FLAGS TARGET	who asks; TARGET: -, or kind:name of the kernel's BTF
 *   prog CLASS
 *   map TYPE KEY VALUE ENTRIES FLAGS BTF			BTF: the value type's of the kernel, or -
 *   helper CLASS ID NAME
 *   kfunc CLASS NAME
 *   ctx CLASS OFFSET SIZE r|w
 *
 * Answers: yes, no, or ? and why nothing can be said.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CLASSES_MAX 128
#define LOG_BYTES (64 * 1024)

struct class {
	char name[48];
	uint32_t prog_type, attach_type, flags, btf_id;
	int missing;	/* its target is not in this kernel */
};

static struct class classes[CLASSES_MAX];
static uint32_t class_cnt;
static struct btf *vmlinux;
static char log_text[LOG_BYTES];

static const struct class *class_of(const char *name)
{
	for (uint32_t i = 0; i < class_cnt; i++)
		if (!strcmp(classes[i].name, name))
			return &classes[i];
	return NULL;
}

/* "func:bpf_iter_task": a type of that kind and name; 0: there is none. */
static uint32_t type_of(const char *target)
{
	static const struct {
		const char *word;
		uint32_t kind;
	} kinds[] = { { "func", BTF_KIND_FUNC }, { "typedef", BTF_KIND_TYPEDEF }, { "struct", BTF_KIND_STRUCT } };
	const char *name = strchr(target, ':');
	int id;

	for (size_t i = 0; name && vmlinux && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(target, kinds[i].word, (size_t)(name - target)))
			continue;
		id = btf__find_by_name_kind(vmlinux, name + 1, kinds[i].kind);
		return id > 0 ? (uint32_t)id : 0;
	}
	return 0;
}

/* Loads and forgets; 0 or a negative errno, the verifier's words in log_text. */
static int load(const struct class *c, const struct bpf_insn *insns, uint32_t cnt)
{
	union bpf_attr attr = {
		.prog_type = c->prog_type,
		.insns = (uint64_t)(uintptr_t)insns,
		.insn_cnt = cnt,
		.license = (uint64_t)(uintptr_t)"GPL",
		.log_buf = (uint64_t)(uintptr_t)log_text,
		.log_size = LOG_BYTES,
		.log_level = 1,
		.expected_attach_type = c->attach_type,
		.prog_flags = c->flags,
		.attach_btf_id = c->btf_id,
	};
	int fd;

	log_text[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int says_any(const char *const *words)
{
	for (; *words; words++)
		if (strstr(log_text, *words))
			return 1;
	return 0;
}

/* Before the verifier looked at an instruction it said no: of this class nothing is known here. */
static const char *answer(int refused)
{
	return refused ? "no" : "yes";
}

static const char *ask_prog(const struct class *c)
{
	const struct bpf_insn insns[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					  { .code = BPF_JMP | BPF_EXIT } };
	int r = load(c, insns, 2);

	/* what a program must return differs: that it was looked at is enough */
	return answer(r && !strstr(log_text, "R0") && !strstr(log_text, "processed"));
}

static const char *ask_call(const struct class *c, uint8_t src, int32_t imm, const char *const *noes)
{
	const struct bpf_insn insns[] = { { .code = BPF_JMP | BPF_CALL, .src_reg = src, .imm = imm },
					  { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					  { .code = BPF_JMP | BPF_EXIT } };
	int r = load(c, insns, 3);

	if (r && !log_text[0])
		return "? not looked at";
	if (r && strstr(log_text, "cannot find address"))
		return "absent"; /* a name for the programs' side of a call only */
	if (r && strstr(log_text, "processed 0 insns"))
		return "? ended before the call";
	return answer(r && says_any(noes));
}

static const char *ask_helper(const struct class *c, const char *words)
{
	static const char *const noes[] = { "unknown func", "invalid func", "cannot use helper", NULL };

	return ask_call(c, 0, (int32_t)strtol(words, NULL, 10), noes);
}

static const char *ask_kfunc(const struct class *c, const char *words)
{
	static const char *const noes[] = { "calling kernel function", "device-bound", NULL };
	int id;

	if (!vmlinux)
		return "? no BTF";
	id = btf__find_by_name_kind(vmlinux, words, BTF_KIND_FUNC);
	return id <= 0 ? "absent" : ask_call(c, BPF_PSEUDO_KFUNC_CALL, id, noes);
}

static const char *ask_ctx(const struct class *c, const char *words)
{
	static const char *const noes[] = { "invalid bpf_context access", "misaligned", "invalid mem access",
					    "is not allowed", "disallowed", NULL };
	uint32_t off, size, code;
	char how;

	if (sscanf(words, "%u %u %c", &off, &size, &how) != 3)
		return "? not understood";
	code = size == 1 ? BPF_B : size == 2 ? BPF_H : size == 4 ? BPF_W : BPF_DW;
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2 },
		how == 'r' ? (struct bpf_insn){ .code = (uint8_t)(BPF_LDX | BPF_MEM | code), .dst_reg = BPF_REG_2,
						.src_reg = BPF_REG_1, .off = (int16_t)off }
			   : (struct bpf_insn){ .code = (uint8_t)(BPF_STX | BPF_MEM | code), .dst_reg = BPF_REG_1,
						.src_reg = BPF_REG_2, .off = (int16_t)off },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, { .code = BPF_JMP | BPF_EXIT },
	};
	int r = load(c, insns, 4);

	if (r && !log_text[0])
		return "? not looked at";
	return answer(r && says_any(noes));
}

static const char *ask_map(const char *words)
{
	union bpf_attr inner = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
	union bpf_attr attr = { 0 };
	uint32_t type, key, value, entries, flags;
	int fd, inner_fd = -1;

	if (sscanf(words, "%u %u %u %u %u", &type, &key, &value, &entries, &flags) != 5)
		return "? not understood";
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	attr.map_flags = flags;
	if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS)
		attr.inner_map_fd = (uint32_t)(inner_fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &inner, sizeof(inner)));
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	close(inner_fd);
	if (fd < 0 && errno != EINVAL)
		return "? made otherwise";	/* by BTF, or with other rights: the type is known */
	close(fd);
	return answer(fd < 0);
}

static void learn_class(const char *words)
{
	struct class *c = &classes[class_cnt];
	char target[160];

	if (class_cnt == CLASSES_MAX || sscanf(words, "%47s %u %u %u %159s", c->name, &c->prog_type, &c->attach_type,
					       &c->flags, target) != 5)
		return;
	c->btf_id = type_of(target);
	c->missing = strcmp(target, "-") && !c->btf_id;
	class_cnt++;
}

static const struct {
	const char *word;
	const char *(*ask)(const struct class *c, const char *words);
} of_class[] = { { "helper", ask_helper }, { "kfunc", ask_kfunc }, { "ctx", ask_ctx } };

static const char *ask(const char *line)
{
	char word[16], name[48];
	const struct class *c;
	int at = 0, after = 0;

	if (sscanf(line, "%15s %n", word, &at) != 1)
		return "? not understood";
	if (!strcmp(word, "map"))
		return ask_map(line + at);
	if (sscanf(line + at, "%47s %n", name, &after) != 1 || !(c = class_of(name)))
		return "? not understood";
	if (c->missing)
		return "? no such target";
	if (!strcmp(word, "prog"))
		return ask_prog(c);
	for (size_t i = 0; i < sizeof(of_class) / sizeof(of_class[0]); i++)
		if (!strcmp(word, of_class[i].word))
			return of_class[i].ask(c, line + at + after);
	return "? not understood";
}

int main(int argc, char **argv)
{
	static char line[256];
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct utsname un;
	FILE *f = argc > 1 ? fopen(argv[1], "re") : stdin;

	if (!f || uname(&un))
		return 2;
	(void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
	vmlinux = btf__load_vmlinux_btf();
	printf("kernel\t%s\t%s\n", un.release, un.machine);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "class ", 6))
			learn_class(line + 6);
		else
			printf("%s\t%s\n", line, ask(line));
	}
	return 0;
}
