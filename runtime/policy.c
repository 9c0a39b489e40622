/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy - see policy.h. */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "arena.h"
#include "error.h"
#include "fd.h"
#include "json.h"
#include "log.h"
#include "lsm.h"
#include "path.h"
#include "paths.h"
#include "str.h"
#include "sys.h"

#define POLICY_TEXT_MAX (1U << 20)
#define POLICY_VERSION 2

/* ---- the document ----------------------------------------------------------------------------- */

/* {"value": "preferred", "locked": true}: "locked" is for graphical front ends; whatever stands here is final. */
struct setting {
	const char *value;
	struct opt_bool locked;
};

struct list_setting {
	const char **value;
	struct opt_bool locked;
};

struct document {
	struct opt_i64 version;
	struct setting *bpf_lsm, *bpf_lsm_mode;
	struct list_setting *bpf_lsm_allow;
	struct list_setting *net_devices;
	struct list_setting *seccomp_listener_folders;
};

static const struct json_field setting_fields[] = {
	JSON_F_REQUIRED(struct setting, value, "value", JSON_STRING_FIELD),
	JSON_F(struct setting, locked, "locked", JSON_OPT_BOOL_FIELD),
	JSON_F_END,
};

static const struct json_field list_fields[] = {
	JSON_F_REQUIRED(struct list_setting, value, "value", JSON_STRV_FIELD),
	JSON_F(struct list_setting, locked, "locked", JSON_OPT_BOOL_FIELD),
	JSON_F_END,
};

static const struct json_field document_fields[] = {
	JSON_F(struct document, version, "configurationFileVersion", JSON_OPT_I64_FIELD),
	JSON_F_POINTER(struct document, bpf_lsm, "bpfLsm", setting_fields, struct setting),
	JSON_F_POINTER(struct document, bpf_lsm_mode, "bpfLsmMode", setting_fields, struct setting),
	JSON_F_POINTER(struct document, bpf_lsm_allow, "bpfLsmAllow", list_fields,
		       struct list_setting),
	JSON_F_POINTER(struct document, net_devices, "netDevices", list_fields, struct list_setting),
	JSON_F_POINTER(struct document, seccomp_listener_folders, "seccompListenerFolders",
		       list_fields, struct list_setting),
	JSON_F_END,
};

static const struct {
	const char *name;
	enum policy_bpf_lsm value;
} bpf_lsm_names[] = {
	{ "required", POLICY_BPF_LSM_REQUIRED },
	{ "preferred", POLICY_BPF_LSM_PREFERRED },
};

/* A key that a newer version knows should not stop containers, but a key that was misspelt should be seen. */
static void warn_unknown(json_t *object, const struct json_field *fields, const char *where)
{
	const char *key;
	json_t *value;
	char shown[64];

	json_object_foreach(object, key, value)
		if (!json_has_field(fields, key))
			log_warning("policy: unknown key '%s%s' is ignored", where,
				    str_quote(key, shown, sizeof(shown)));
}

static int fill_bpf_lsm(const struct setting *setting, struct policy *ret, struct error *err)
{
	char shown[64];

	for (size_t i = 0; i < sizeof(bpf_lsm_names) / sizeof(bpf_lsm_names[0]); i++) {
		if (str_eq(bpf_lsm_names[i].name, setting->value)) {
			ret->bpf_lsm = bpf_lsm_names[i].value;
			return 0;
		}
	}
	return error_text(err, EINVAL, "bpfLsm.value: '%s' is neither 'required' nor 'preferred'",
			  str_quote(setting->value, shown, sizeof(shown)));
}

static int fill_bpf_lsm_mode(const struct setting *setting, struct policy *ret, struct error *err)
{
	enum lsm_mode mode;
	char shown[64];

	if (!lsm_mode_parse(setting->value, &mode) ||
	    (mode != LSM_MODE_AUDIT && mode != LSM_MODE_ENFORCE))
		return error_text(err, EINVAL,
				  "bpfLsmMode.value: '%s' is neither 'audit' nor 'enforce'",
				  str_quote(setting->value, shown, sizeof(shown)));
	ret->bpf_lsm_mode = mode;
	return 0;
}

static int fill_bpf_lsm_allow(const struct list_setting *setting, struct policy *ret,
			      struct error *err)
{
	char shown[64];

	for (size_t i = 0; setting->value[i]; i++) {
		uint32_t bit = lsm_allow_parse(setting->value[i]);

		if (!bit)
			return error_text(err, EINVAL,
					  "bpfLsmAllow.value[%zu]: '%s' is nothing that can be allowed: see bulwark(8)",
					  i, str_quote(setting->value[i], shown, sizeof(shown)));
		ret->bpf_lsm_allow |= bit;
	}
	return 0;
}

static int fill_net_devices(const struct list_setting *setting, struct policy *ret, struct error *err)
{
	char shown[64];

	for (size_t i = 0; setting->value[i]; i++) {
		const char *name = setting->value[i];

		if (i == POLICY_NET_DEVICES_MAX)
			return error_text(err, E2BIG, "netDevices.value: more than %d interfaces",
					  POLICY_NET_DEVICES_MAX);
		if (!*name || str_format(ret->net_devices[i], POLICY_NET_DEVICE_SIZE, "%s", name) < 0)
			return error_text(err, EINVAL,
					  "netDevices.value[%zu]: '%s' is no name of an interface",
					  i, str_quote(name, shown, sizeof(shown)));
	}
	return 0;
}

bool policy_allows_net_device(const struct policy *policy, const char *name)
{
	for (size_t i = 0; *policy->net_devices[i]; i++)
		if (str_eq(policy->net_devices[i], name))
			return true;
	return false;
}

/* Absolute, below the root itself, and no part of it ".", ".." or empty: so that a prefix is a folder above. */
static bool is_normal(const char *path)
{
	return path[0] == '/' && path[1] && !path_has_dots(path) && !strstr(path, "//") &&
	       path[strlen(path) - 1] != '/';
}

static int fill_listener_folders(const struct list_setting *setting, struct policy *ret,
				 struct error *err)
{
	char shown[160];

	for (size_t i = 0; setting->value[i]; i++) {
		const char *path = setting->value[i];

		if (i == POLICY_FOLDERS_MAX)
			return error_text(err, E2BIG,
					  "seccompListenerFolders.value: more than %d folders",
					  POLICY_FOLDERS_MAX);
		if (!is_normal(path) ||
		    str_format(ret->seccomp_listener_folders[i], POLICY_FOLDER_SIZE, "%s", path) < 0)
			return error_text(err, EINVAL,
					  "seccompListenerFolders.value[%zu]: '%s' is not an absolute path, of "
					  "less than %d bytes and without '..', '.' and '//'",
					  i, str_quote(path, shown, sizeof(shown)),
					  POLICY_FOLDER_SIZE);
	}
	return 0;
}

static const struct policy policy_default = {
	.bpf_lsm = POLICY_BPF_LSM_REQUIRED,
	.bpf_lsm_mode = LSM_MODE_ENFORCE,
};

static int fill(const struct document *document, struct policy *ret, struct error *err)
{
	int r = 0;

	*ret = policy_default;
	if (document->version.set && document->version.value != POLICY_VERSION)
		return error_text(err, EINVAL,
				  "configurationFileVersion: %lld is not known to this version of bulwark, only %d is",
				  (long long)document->version.value, POLICY_VERSION);
	if (document->bpf_lsm)
		r = fill_bpf_lsm(document->bpf_lsm, ret, err);
	if (r == 0 && document->bpf_lsm_mode)
		r = fill_bpf_lsm_mode(document->bpf_lsm_mode, ret, err);
	if (r == 0 && document->bpf_lsm_allow)
		r = fill_bpf_lsm_allow(document->bpf_lsm_allow, ret, err);
	if (r == 0 && document->net_devices)
		r = fill_net_devices(document->net_devices, ret, err);
	if (r == 0 && document->seccomp_listener_folders)
		r = fill_listener_folders(document->seccomp_listener_folders, ret, err);
	return r;
}

int policy_parse(const char *text, size_t len, struct policy *ret, struct error *err)
{
	struct document document = { 0 };
	struct arena arena = ARENA_INIT;
	struct policy policy;
	_cleanup_json_ json_t *json = NULL;
	int r = json_read_text(text, len, "policy", &json, err);

	if (r < 0)
		return r;
	r = json_parse_object(&arena, json, document_fields, &document, err);
	if (r == 0)
		r = fill(&document, &policy, err);
	arena_done(&arena);
	if (r < 0) {
		(void)error_wrap(err, "policy");
		return r;
	}
	warn_unknown(json, document_fields, "");
	warn_unknown(json_object_get(json, "bpfLsm"), setting_fields, "bpfLsm.");
	warn_unknown(json_object_get(json, "bpfLsmMode"), setting_fields, "bpfLsmMode.");
	warn_unknown(json_object_get(json, "bpfLsmAllow"), list_fields, "bpfLsmAllow.");
	warn_unknown(json_object_get(json, "netDevices"), list_fields, "netDevices.");
	warn_unknown(json_object_get(json, "seccompListenerFolders"), list_fields,
		     "seccompListenerFolders.");
	*ret = policy;
	return 0;
}

/* ---- the file --------------------------------------------------------------------------------- */

int policy_check_owner(const struct stat *st, const char *path, struct error *err)
{
	if (st->st_uid != 0)
		return error_text(err, EPERM,
				  "'%s' belongs to user %u: it must be root's, or who owns it makes policy",
				  path, st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_text(err, EPERM, "'%s' can be written by others than root: chmod go-w",
				  path);
	return 0;
}

/* @path as its part of @len bytes; "/" when that is nothing. */
static int check_folder(const char *path, size_t len, struct error *err)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = -EBADF;
	char folder[PATH_MAX];
	struct stat st;

	if (str_format(folder, sizeof(folder), "%.*s", len ? (int)len : 1, path) < 0)
		return error_text(err, ENAMETOOLONG, "the path is too long");
	fd = sys_openat2(AT_FDCWD, folder, &how);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_set(err, errno, "cannot open '%s'", folder);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", folder);
	return policy_check_owner(&st, folder, err);
}

/* What cannot be changed there cannot be replaced either. */
int policy_check_folders(const char *path, struct error *err)
{
	int r = 0;

	for (const char *slash = path; r == 0 && slash; slash = strchr(slash + 1, '/'))
		r = check_folder(path, (size_t)(slash - path), err);
	return r;
}

static int read_checked(const char *path, char **ret, size_t *ret_len, struct error *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
			 O_CLOEXEC, /* a FIFO must not stall us */
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = sys_openat2(AT_FDCWD, path, &how);
	struct stat st;
	int r;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : error_set(err, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "cannot stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_text(err, EPERM, "'%s' is not a regular file", path);
	r = policy_check_owner(&st, path, err);
	return r < 0 ? r : fd_read_all(fd, POLICY_TEXT_MAX, ret, ret_len, err);
}

int policy_load_from(const char *path, struct policy *ret, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = policy_check_folders(path, err);

	if (r == 0)
		r = read_checked(path, &text, &len, err);
	if (r == -ENOENT) {
		*ret = policy_default;
		return 0;
	}
	if (r < 0) {
		(void)error_wrap(err, "policy");
		return r;
	}
	r = policy_parse(text, len, ret, err);
	if (r < 0)
		(void)error_wrap(err, "'%s'", path);
	return r;
}

int policy_load(struct policy *ret, struct error *err)
{
	return policy_load_from(PATHS_POLICY_FILE, ret, err);
}
