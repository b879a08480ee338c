/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of ./dev chaos share. The clients write down, in memory that outlives them, what
 * they are about to do and what came of it; whatever is killed, that is what the world is compared
 * with afterwards.
 */
#ifndef BPFGATE_TESTS_CHAOS_CHAOS_H
#define BPFGATE_TESTS_CHAOS_CHAOS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CHAOS_CLIENTS	4u
#define CHAOS_SLOTS	6u
#define CHAOS_FIRST_UID 65520u
#define CHAOS_NAME	"chaos" /* of every map and program */
#define CHAOS_LOADERS	"65504" /* the uid of the loaders: no other test's */
#define CHAOS_PATH	128u

enum slot_state {
	SLOT_EMPTY,
	SLOT_PINNED,  /* the daemon said so: from now on it must be there */
	SLOT_UNKNOWN, /* somebody died meanwhile: there or not, but nothing between */
};

/* One name under which a client may pin something. */
struct slot {
	uint32_t state;
	uint32_t kind; /* enum keep_obj */
	uint32_t id;   /* the kernel's */
	bool late;     /* was unknown and not there: what was asked for then may still come */
};

struct chaos {
	volatile uint32_t stop; /* clients: finish what you do, look at your handles, and end */
	volatile uint32_t generation;		  /* of bpfgated: handles end with it */
	volatile uint64_t ops, granted, attached; /* calls; pins; those of them that are links */
	volatile uint32_t lost; /* seen by clients: gone while the daemon was there */
	char pins[CHAOS_PATH];	/* the directory of the names */
	char keep[CHAOS_PATH], ledger[CHAOS_PATH];
	int netns[CHAOS_CLIENTS]; /* held here: what is attached in it outlives the client */
	struct slot slots[CHAOS_CLIENTS][CHAOS_SLOTS];
};

/* A small generator of its own: a run can be begun again with its seed. */
uint32_t chaos_random(uint64_t *state, uint32_t below);
void chaos_path(const struct chaos *chaos, uint32_t client, uint32_t slot, char *ret_path);

/* client.c: the life of one client, until chaos->stop; never returns. */
_Noreturn void client_run(struct chaos *chaos, uint32_t client, uint64_t seed);
/* As that client: opens every name it owns, and says how many are not what they were. Exit status
 * of a child. */
int client_open_all(const struct chaos *chaos, uint32_t client);

/* world.c. What is, against what was granted; each difference as one line of text. */
struct faults {
	uint32_t lost, leaked;
	char text[4096];
};
/*
 * As root and with the clients gone: the kernel, the ledger and the directory of names agree with
 * the slots. Slots that were unknown are what is found. False: the daemon does not answer.
 */
bool world_compare(struct chaos *chaos, bool orphans, struct faults *ret_faults);

/* ledgers.c: bpfgated is away and its ledger becomes another daemon's. */
bool ledgers_become_old(const char *path);
bool ledgers_become_kindred(const char *path);
bool ledgers_become_strange(const char *path);
/* The strange one that was set aside can be read again. */
bool ledgers_become_ours_again(const char *path);

#endif
