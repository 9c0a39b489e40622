/* SPDX-License-Identifier: GPL-2.0-or-later */
/* object - see object.h. */
#include "object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "ctl.h"
#include "error.h"
#include "fd.h"
#include "lsm.h"
#include "str.h"

#define BPF_LOG_STATS 4 /* of the kernel: linux/bpf_verifier.h */

/* clang-format off */
__asm__(".section .rodata\n"
	".balign 16\n"
	"ctl_object_start: .incbin \"" LSM_OBJECT_FILE "\"\n"
	"ctl_object_end:\n"
	".byte 0\n"
	".previous\n");
/* clang-format on */
extern const char ctl_object_start[] __attribute__((visibility("hidden")));
extern const char ctl_object_end[] __attribute__((visibility("hidden")));

static size_t object_size(void)
{
	return (uintptr_t)ctl_object_end - (uintptr_t)ctl_object_start;
}

static int print_all(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return vfprintf(stderr, format, args);
}

static void btf_freep(struct btf **btf)
{
	btf__free(*btf);
}

static struct bpf_program *program_of(struct bpf_object *bpf, enum lsm_hook hook)
{
	return bpf_object__find_program_by_name(bpf, lsm_hooks[hook].program);
}

/* Whether this kernel has what a program is attached to; of a function that is no hook, in the shape that it looks at. */
static bool kernel_has(const struct btf *btf, const struct lsm_hook_info *hook)
{
	int id = btf__find_by_name_kind(btf, hook->function, BTF_KIND_FUNC);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	if (type && hook->witness_args > 0)
		type = btf__type_by_id(btf, type->type);
	return type && (hook->witness_args == 0 || btf_vlen(type) >= hook->witness_args);
}

/* Programs for hooks that this kernel lacks are left out; status names them. */
static int choose_programs(struct bpf_object *bpf, bool debug, struct error *err)
{
	__attribute__((cleanup(btf_freep))) struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return error_set(err, errno, "cannot read the kernel's BTF");
	for (int i = 0; i < LSM_HOOK_COUNT; i++) {
		struct bpf_program *program = program_of(bpf, (enum lsm_hook)i);

		if (!program)
			return error_text(err, EINVAL,
					  "the BPF object has no program for the hook %s",
					  lsm_hooks[i].name);
		if (!kernel_has(btf, &lsm_hooks[i]))
			(void)bpf_program__set_autoload(program, false);
		if (debug) /* how many instructions the verifier walked */
			(void)bpf_program__set_log_level(program, BPF_LOG_STATS);
	}
	return 0;
}

static int attach_programs(struct object *object, struct error *err)
{
	for (int i = 0; i < LSM_HOOK_COUNT; i++) {
		struct bpf_program *program = program_of(object->bpf, (enum lsm_hook)i);

		if (!bpf_program__autoload(program))
			continue;
		object->links[i] = bpf_program__attach(program);
		if (!object->links[i] && lsm_hooks[i].witness_args == 0)
			return error_set(err, errno, "cannot attach the program of the hook %s",
					 lsm_hooks[i].name);
	}
	return 0;
}

void object_done(struct object *object)
{
	for (int i = 0; i < LSM_HOOK_COUNT; i++)
		(void)bpf_link__destroy(object->links[i]);
	bpf_object__close(object->bpf);
	memset(object, 0, sizeof(*object));
}

/* What libbpf would otherwise find out by the verifier's refusal, in words that help nobody. */
static bool map_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) &&
	       info.map_flags == bpf_map__map_flags(map);
}

static int reuse_maps(struct bpf_object *bpf, const struct lsm *from, struct error *err)
{
	for (int i = 0; i < LSM_MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(bpf, lsm_map_names[i]);

		if (!map || !map_fits(map, from->map_fds[i]))
			return error_text(err, EPROTO, "the map '%s' has another layout",
					  lsm_map_names[i]);
		if (bpf_map__reuse_fd(map, from->map_fds[i]) < 0)
			return error_set(err, errno, "cannot use the map '%s' that is loaded",
					 lsm_map_names[i]);
	}
	return 0;
}

/* The programs look into overlays, whose types are those of a module on most kernels: it has to be there, or they do not. */
static void have_overlays(void)
{
	int fd = fsopen("overlay", FSOPEN_CLOEXEC);

	(void)fd_close(fd);
}

int object_load(const struct lsm *reuse, bool debug, struct object *ret, struct error *err)
{
	struct object object = { 0 };
	const struct bpf_object_open_opts options = { .sz = sizeof(options),
						      .object_name = "bulwark" };
	int r;

	(void)libbpf_set_print(debug ? print_all : NULL);
	object.bpf = bpf_object__open_mem(ctl_object_start, object_size(), &options);
	if (!object.bpf)
		return error_set(err, errno, "cannot read the BPF object");
	have_overlays();
	r = choose_programs(object.bpf, debug, err);
	if (r == 0 && reuse)
		r = reuse_maps(object.bpf, reuse, err);
	if (r == 0) {
		r = bpf_object__load(object.bpf);
		if (r == -EPERM)
			r = error_text(err, EPERM,
				       "this machine does not let even root load BPF LSM programs: "
				       "a policy of its kernel (lockdown, another LSM) is in the way");
		else if (r < 0)
			r = error_set(err, -r,
				      "cannot load the programs (--debug shows the verifier's words)");
	}
	if (r == 0)
		r = attach_programs(&object, err);
	if (r < 0) {
		object_done(&object);
		return r;
	}
	*ret = object;
	return 0;
}

int object_maps(const struct object *object, struct lsm *ret, struct error *err)
{
	struct lsm lsm = LSM_INIT;

	for (int i = 0; i < LSM_MAP_COUNT; i++) {
		lsm.map_fds[i] = bpf_object__find_map_fd_by_name(object->bpf, lsm_map_names[i]);
		if (lsm.map_fds[i] < 0)
			return error_text(err, EINVAL, "the BPF object has no map '%s'",
					  lsm_map_names[i]);
	}
	*ret = lsm;
	return 0;
}

static int pin(int fd, const char *folder, const char *name, struct error *err)
{
	char path[128];

	if (str_format(path, sizeof(path), "%s/%s", folder, name) < 0)
		return error_set(err, ENAMETOOLONG, "cannot pin '%s'", name);
	return bpf_obj_pin(fd, path) < 0 ? error_set(err, errno, "cannot pin '%s'", path) : 0;
}

int object_pin_maps(const struct object *object, const char *folder, struct error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < LSM_MAP_COUNT; i++)
		r = pin(bpf_object__find_map_fd_by_name(object->bpf, lsm_map_names[i]), folder,
			lsm_map_names[i], err);
	return r;
}

int object_pin_links(const struct object *object, const char *folder, struct error *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < LSM_HOOK_COUNT; i++)
		if (object->links[i])
			r = pin(bpf_link__fd(object->links[i]), folder, lsm_hooks[i].name, err);
	return r;
}
