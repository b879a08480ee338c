/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that no address which the kernel wrote into an instruction stands in a log that a client gets,
 * wherever that log was cut. It trusts the kernel's spelling of such instructions, "(18) r1 = 0x...", and
 * nothing about their place: the marks of precision quote instructions in the middle of a line. What it does
 * not find by its number counts as no number of the program's own.
 */
#include "daemon/broker/work/scrub.h"

#include <ctype.h>
#include <string.h>

static const char scrub_load[] = "(18) r";

#define SCRUB_REGS 10	/* "01...6...9": the live registers, which stand between number and instruction */

/* Where the number's colon stands, for an instruction at `at`; NULL: it is spelt in a way not known here. */
static const char *scrub_colon(const char *log, const char *at)
{
	if (at - log >= 2 && at[-1] == ' ' && at[-2] == ':')
		return at - 2;
	if (at - log < SCRUB_REGS + 3 || at[-1] != ' ')
		return NULL;
	at -= SCRUB_REGS + 1;
	return strspn(at, "0123456789.") == SCRUB_REGS && at[-1] == ' ' && at[-2] == ':' ? at - 2 : NULL;
}

/* The instruction's number; SIZE_MAX: there is none. */
static size_t scrub_number_before(const char *log, const char *at)
{
	size_t value = 0, scale = 1;
	const char *digit;

	at = scrub_colon(log, at);
	if (!at)
		return SIZE_MAX;
	digit = at;
	while (digit > log && isdigit((unsigned char)digit[-1]) && scale <= 100000000) {
		digit--;
		value += (size_t)(*digit - '0') * scale;
		scale *= 10;
	}
	return digit == at ? SIZE_MAX : value;
}

/* Is the number that instruction idx loads the program's own? */
static bool scrub_is_own(const struct bpf_insn *insns, size_t insn_cnt, size_t idx)
{
	return insns && idx < insn_cnt && insns[idx].code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       insns[idx].src_reg == 0;
}

/* From the register on: "1 = 0xffff888100000000". */
static void scrub_value(char *at, char *end)
{
	static const char is[] = " = 0x";

	while (at < end && isdigit((unsigned char)*at))
		at++;
	if ((size_t)(end - at) < sizeof(is) - 1 || memcmp(at, is, sizeof(is) - 1) != 0)
		return;
	for (at += sizeof(is) - 1; at < end && isxdigit((unsigned char)*at); at++)
		*at = '0';
}

void scrub_log(char *log, size_t log_bytes, bool cut, const struct bpf_insn *insns, size_t insn_cnt)
{
	char *at = log, *end = log + strnlen(log, log_bytes);

	while (cut && at < end && *at != '\n')
		*at++ = '.';
	while ((at = memmem(at, (size_t)(end - at), scrub_load, sizeof(scrub_load) - 1))) {
		char *reg = at + sizeof(scrub_load) - 1;

		if (!scrub_is_own(insns, insn_cnt, scrub_number_before(log, at)))
			scrub_value(reg, end);
		at = reg;
	}
}
