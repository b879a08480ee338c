/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures that travel at the end of the file they are for:
 *
 *	object bytes | CMS in DER | 32-byte trailer
 *
 * trailer (little endian): u32 length of the CMS, u32 zero, "~bpfgate-signature-v1~\n" and a NUL.
 * What is signed is the object bytes alone, so that appending, cutting off and `openssl cms -verify`
 * agree. ELF readers do not see what stands after the sections.
 */
#ifndef BPFGATE_POLICY_APPENDED_H
#define BPFGATE_POLICY_APPENDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APPENDED_TRAILER_LEN 32

/*
 * Where the parts of a file lie, told from its last bytes. Returns 1 when a signature is appended, 0
 * when none is (then *ret_object_len is the whole length), -EBADMSG for a trailer that cannot be.
 */
int appended_split(const uint8_t *file, size_t len, size_t *ret_object_len, size_t *ret_cms_len);

/* The trailer for a CMS of this length. */
void appended_trailer(uint32_t cms_len, uint8_t ret_trailer[APPENDED_TRAILER_LEN]);

#endif
