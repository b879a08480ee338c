/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local variables by DWARF, which BTF does not have. An object is relocatable and its debug sections are not
 * relocated here: BPF objects keep addends in place and each function begins at its section's start or
 * later, so addresses are offsets in a section, and a function is found by its name. Trusts nothing but libdw's
 * own checks; it runs where the object is judged, without privileges.
 */
#include "client/check/varname.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/tell/srcline.h"

#define VARNAME_DEPTH_MAX 64 /* scopes in scopes */
#define VARNAME_LOCATIONS 4

struct varname {
	Elf *elf;
	Dwarf *dwarf;
	const struct bgv_program *prog;
	const char *function;	/* that prog begins with; NULL: not known */
	struct btf_view *view;	/* of prog, from the first question on; NULL: it has none */
};

/* One search through a function's scopes. */
struct search {
	Dwarf_Addr pc;
	uint32_t regno;
	const char *name;
	int64_t at, most;	/* of what the register is moved by; most is below 0: not at all */
	/* not NULL: not a register, the byte r10 + off of a frame of so many bytes is looked for */
	struct bgv_stack_name *stack;
	int32_t off, frame;
};

struct varname *varname_new(const void *object, size_t bytes)
{
	struct varname *names = calloc(1, sizeof(*names));

	if (!names || elf_version(EV_CURRENT) == EV_NONE) {
		free(names);
		return NULL;
	}
	/* elf_memory() does not write to what it is given unless asked to update */
	names->elf = elf_memory((char *)(uintptr_t)object, bytes);
	names->dwarf = names->elf ? dwarf_begin_elf(names->elf, DWARF_C_READ, NULL) : NULL;
	if (names->dwarf)
		return names;
	varname_free(names);
	return NULL;
}

void varname_free(struct varname *names)
{
	if (!names)
		return;
	btf_view_free(names->view);
	dwarf_end(names->dwarf);
	elf_end(names->elf);
	free(names);
}

void varname_of_program(struct varname *names, const struct bgv_program *prog, const char *function)
{
	if (!names)
		return;
	btf_view_free(names->view);
	names->view = NULL;
	names->prog = prog;
	names->function = function;
}

/* Is it in that register as a whole, at that address? */
static bool is_in_register(Dwarf_Attribute *location, const struct search *search)
{
	Dwarf_Op *ops[VARNAME_LOCATIONS];
	size_t lens[VARNAME_LOCATIONS];
	int i, cnt = dwarf_getlocation_addr(location, search->pc, ops, lens, VARNAME_LOCATIONS);

	for (i = 0; i < cnt; i++)
		if (lens[i] >= 1 && ops[i][0].atom == DW_OP_reg0 + search->regno &&
		    (lens[i] == 1 || ops[i][1].atom == DW_OP_stack_value))
			return true;
	return false;
}

/* What no compiler would write is not a name: it would be shown in the middle of a sentence. */
static bool is_identifier(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *name && !name[strspn(name, letters)];
}

/* Is it the register's value and a constant? What clang writes: a base register with the whole of it, or with a part. */
static bool is_derived(Dwarf_Attribute *location, const struct search *search, int64_t *ret_at)
{
	Dwarf_Op *ops[VARNAME_LOCATIONS];
	size_t lens[VARNAME_LOCATIONS];
	int i, cnt = dwarf_getlocation_addr(location, search->pc, ops, lens, VARNAME_LOCATIONS);

	for (i = 0; i < cnt; i++) {
		if (lens[i] < 2 || lens[i] > 3 || ops[i][0].atom != DW_OP_breg0 + search->regno ||
		    ops[i][lens[i] - 1].atom != DW_OP_stack_value ||
		    (lens[i] == 3 && ops[i][1].atom != DW_OP_plus_uconst))
			continue;
		*ret_at = (int32_t)ops[i][0].number + (lens[i] == 3 ? (int32_t)ops[i][1].number : 0);
		return true;
	}
	return false;
}

static bool is_nearer(Dwarf_Attribute *location, struct search *search)
{
	int64_t at;

	if (search->most < 0 || !is_derived(location, search, &at) || at < search->at || at > search->most)
		return false;
	search->at = at;
	return true;
}

static void look_at(Dwarf_Die *die, struct search *search)
{
	Dwarf_Attribute location;
	const char *name;
	int tag = dwarf_tag(die);

	if (tag != DW_TAG_variable && tag != DW_TAG_formal_parameter)
		return;
	if (!dwarf_attr(die, DW_AT_location, &location) ||
	    !((!search->at && is_in_register(&location, search)) || is_nearer(&location, search)))
		return;
	name = dwarf_diename(die); /* of the function that was inlined, too */
	if (name && is_identifier(name))
		search->name = name;
}

/* ---- variables on the stack ------------------------------------------------------------------- */

/* How far down a function's instructions go from r10, in whole slots: what the compiler made the frame. */
static int32_t frame_bytes(const struct bgv_program *prog, uint32_t start, uint32_t end)
{
	const struct bpf_insn *i;
	int32_t least = 0;
	uint32_t n;

	for (n = start; n < end && n < prog->insn_cnt; n++) {
		i = &prog->insns[n];
		if ((BPF_CLASS(i->code) == BPF_ST || BPF_CLASS(i->code) == BPF_STX) && i->dst_reg == BPF_REG_10)
			least = i->off < least ? i->off : least;
		else if (BPF_CLASS(i->code) == BPF_LDX && i->src_reg == BPF_REG_10)
			least = i->off < least ? i->off : least;
		else if (i->code == (BPF_ALU64 | BPF_ADD | BPF_K) && n > start &&
			 prog->insns[n - 1].code == (BPF_ALU64 | BPF_MOV | BPF_X) &&
			 prog->insns[n - 1].src_reg == BPF_REG_10 && prog->insns[n - 1].dst_reg == i->dst_reg)
			least = i->imm < least && i->imm >= -512 ? i->imm : least;
	}
	return (-least + 7) / 8 * 8;
}

static uint32_t function_end(const struct varname *names, uint32_t start)
{
	uint32_t end = start, at;

	while (end < names->prog->insn_cnt) {
		(void)srcline_function(names->prog, names->view, end, &at);
		if (at != start)
			break;
		end++;
	}
	return end;
}

/* Where the variable lies below r10; old compilers count from the frame's lower end. */
static bool place_on_stack(Dwarf_Die *die, Dwarf_Addr pc, int32_t frame, int32_t *ret_off)
{
	Dwarf_Attribute location;
	Dwarf_Op *ops;
	size_t cnt;

	if (!dwarf_attr(die, DW_AT_location, &location) || dwarf_getlocation_addr(&location, pc, &ops, &cnt, 1) != 1 ||
	    cnt != 1 || (ops[0].atom != DW_OP_fbreg && ops[0].atom != DW_OP_breg10))
		return false;
	*ret_off = (int32_t)ops[0].number >= 0 ? (int32_t)ops[0].number - frame : (int32_t)ops[0].number;
	return *ret_off < 0;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *ret_type)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;

	return dwarf_attr_integrate(die, DW_AT_type, &attr) && dwarf_formref_die(&attr, &type) &&
	       dwarf_peel_type(&type, ret_type) == 0;
}

/* The member of a struct that byte `at` belongs to; false: none, it is padding. Moves *at to the member's start. */
static bool member_at(Dwarf_Die *type, Dwarf_Word *at, Dwarf_Die *ret_member)
{
	Dwarf_Attribute attr;
	Dwarf_Word begin, bytes;
	Dwarf_Die member_type;
	int r = dwarf_child(type, ret_member);

	for (; r == 0; r = dwarf_siblingof(ret_member, ret_member)) {
		if (dwarf_tag(ret_member) != DW_TAG_member || !dwarf_attr(ret_member, DW_AT_data_member_location, &attr) ||
		    dwarf_formudata(&attr, &begin) != 0 || !type_of(ret_member, &member_type) ||
		    dwarf_aggregate_size(&member_type, &bytes) != 0 || *at < begin || *at >= begin + bytes)
			continue;
		*at -= begin;
		return true;
	}
	return false;
}

/* "key.address.port": the members that lead to byte `at` of a variable; "" when it is no member's. */
static void write_path(Dwarf_Die *type, Dwarf_Word at, struct bgv_stack_name *name)
{
	Dwarf_Die member;
	size_t used = (size_t)snprintf(name->path, sizeof(name->path), "%s", name->variable);
	int depth;

	for (depth = 0; depth < 4 && dwarf_tag(type) == DW_TAG_structure_type; depth++) {
		if (!member_at(type, &at, &member) || !dwarf_diename(&member) || !is_identifier(dwarf_diename(&member))) {
			if (!depth)
				*name->path = 0;
			return;
		}
		if (used < sizeof(name->path))
			used += (size_t)snprintf(name->path + used, sizeof(name->path) - used, ".%s", dwarf_diename(&member));
		if (!type_of(&member, type))
			return;
	}
}

static void look_on_stack(Dwarf_Die *die, struct search *search)
{
	const char *name;
	Dwarf_Word bytes;
	Dwarf_Die type;
	int32_t off;

	if (dwarf_tag(die) != DW_TAG_variable || !place_on_stack(die, search->pc, search->frame, &off) ||
	    !type_of(die, &type) || dwarf_aggregate_size(&type, &bytes) != 0 || bytes > 512 ||
	    search->off < off || search->off >= off + (int32_t)bytes || off + (int32_t)bytes > 0)
		return;
	name = dwarf_diename(die);
	if (!name || !is_identifier(name) || strlen(name) >= sizeof(search->stack->variable))
		return;
	*search->stack = (struct bgv_stack_name){ .off = off, .bytes = (uint32_t)bytes };
	strcpy(search->stack->variable, name);
	write_path(&type, (Dwarf_Word)(search->off - off), search->stack);
	search->name = name;
}

/* Depth first with a stack of our own: what is nested deeper is looked at later, and counts. */
static void search_scopes(Dwarf_Die *function, struct search *search)
{
	Dwarf_Die at[VARNAME_DEPTH_MAX];
	int depth = 0, r = dwarf_child(function, &at[0]);

	while (r == 0 || depth > 0) {
		if (r != 0) {
			depth--;
			r = dwarf_siblingof(&at[depth], &at[depth]);
			continue;
		}
		if (search->stack)
			look_on_stack(&at[depth], search);
		else
			look_at(&at[depth], search);
		if (depth + 1 < VARNAME_DEPTH_MAX && dwarf_haschildren(&at[depth]) &&
		    dwarf_child(&at[depth], &at[depth + 1]) == 0)
			depth++;
		else
			r = dwarf_siblingof(&at[depth], &at[depth]);
	}
}

/* The function's own entry with an address; a declaration has none. */
static bool find_die(Dwarf *dwarf, const char *function, Dwarf_Die *ret_die, Dwarf_Addr *ret_low)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die cu_die;
	const char *name;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, &cu_die, NULL) == 0) {
		if (dwarf_child(&cu_die, ret_die) != 0)
			continue;
		do {
			name = dwarf_tag(ret_die) == DW_TAG_subprogram ? dwarf_diename(ret_die) : NULL;
			if (name && !strcmp(name, function) && dwarf_lowpc(ret_die, ret_low) == 0)
				return true;
		} while (dwarf_siblingof(ret_die, ret_die) == 0);
	}
	return false;
}

static const char *find_name(struct varname *names, uint32_t insn_idx, struct search *search)
{
	Dwarf_Addr low = 0, high = 0;
	Dwarf_Die die;
	const char *function;
	uint32_t start = 0;

	if (!names || !names->prog)
		return NULL;
	if (!names->view)
		names->view = srcline_view(names->prog);
	function = srcline_function(names->prog, names->view, insn_idx, &start);
	/* gcc writes no func_info: the program begins with the function it is named after, what is called stands after it */
	if (!*function && !names->prog->func_info_cnt)
		function = names->function ? names->function : "";
	if (!*function || !find_die(names->dwarf, function, &die, &low) || dwarf_highpc(&die, &high) != 0 ||
	    (insn_idx - start) >= (high - low) / sizeof(struct bpf_insn))
		return NULL;
	search->pc = low + (Dwarf_Addr)(insn_idx - start) * sizeof(struct bpf_insn);
	if (search->stack)
		search->frame = frame_bytes(names->prog, start, function_end(names, start));
	search_scopes(&die, search);
	return search->name;
}

bool varname_find_stack(void *ctx, uint32_t insn_idx, int32_t off, struct bgv_stack_name *ret_name)
{
	struct search search = { .off = off, .stack = ret_name };

	return find_name(ctx, insn_idx, &search);
}

const char *varname_find(void *ctx, uint32_t insn_idx, uint32_t regno)
{
	struct search search = { .regno = regno, .most = -1 };

	return find_name(ctx, insn_idx, &search);
}

const char *varname_find_near(void *ctx, uint32_t insn_idx, uint32_t regno, int32_t most, int32_t *ret_at)
{
	struct search search = { .regno = regno, .most = most };
	const char *name = find_name(ctx, insn_idx, &search);

	*ret_at = (int32_t)search.at;
	return name;
}
