/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without libc, for the few binaries that define `syscall()` themselves: the fake
 * bpf(2) of elf.c and the recorder behind `bpfgate capture`. Returns the kernel's value: >= 0, or
 * -errno. errno is not touched.
 */
#ifndef BPFGATE_OBJECT_RAWCALL_H
#define BPFGATE_OBJECT_RAWCALL_H

#if defined(__x86_64__)
static inline long raw_syscall(long nr, const long arg[6])
{
	register long r10 __asm__("r10") = arg[3];
	register long r8 __asm__("r8") = arg[4];
	register long r9 __asm__("r9") = arg[5];
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long raw_syscall(long nr, const long arg[6])
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = arg[0];
	register long x1 __asm__("x1") = arg[1];
	register long x2 __asm__("x2") = arg[2];
	register long x3 __asm__("x3") = arg[3];
	register long x4 __asm__("x4") = arg[4];
	register long x5 __asm__("x5") = arg[5];

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "raw_syscall() is missing for this architecture"
#endif

static inline long raw_syscall3(long nr, long a, long b, long c)
{
	const long arg[6] = { a, b, c, 0, 0, 0 };

	return raw_syscall(nr, arg);
}

#endif
