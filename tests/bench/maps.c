/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * maps - owns the maps of the BPF LSM layer without its programs, for measuring what containers write to them on machines
 * whose kernel loads no LSM programs.
 *
 *   maps OBJECT
 *
 * Pins them where bulwarkctl would, in the bpffs of the caller's mount namespace, and stamps them. Nothing is enforced by them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "abi.h"

static int die(const char *what)
{
	(void)fprintf(stderr, "maps: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	const struct lsm_state state = { .abi = LSM_ABI, .self_test_passed = 1 };
	struct bpf_object *object;
	struct bpf_program *program;
	struct bpf_map *map;
	char path[128];
	__u32 key = 0;

	object = argc == 2 ? bpf_object__open_file(argv[1], NULL) : NULL;
	if (!object)
		return die("OBJECT");
	bpf_object__for_each_program(program, object)(void) bpf_program__set_autoload(program, false);
	if (bpf_object__load(object) < 0)
		return die("cannot make the maps");
	if (mkdir(LSM_PIN_DIR, 0700) < 0)
		return die(LSM_PIN_DIR);
	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__is_internal(map)) /* .rodata and its like */
			continue;
		(void)snprintf(path, sizeof(path), LSM_PIN_DIR "/%s", bpf_map__name(map));
		if (bpf_obj_pin(bpf_map__fd(map), path) < 0)
			return die(path);
	}
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "state"), &key, &state,
				BPF_ANY) < 0)
		return die("state");
	bpf_object__close(object);
	return 0;
}
