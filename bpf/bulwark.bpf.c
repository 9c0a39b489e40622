// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bulwark.bpf - owns the list of programs: one per LSM hook or witnessed function, a few lines each. What they decide stands
 * in <topic>.bpf.h.
 *
 * They are loaded once for all containers, and enforce until their pins are removed. A hook never has an argument for what
 * programs before it returned: the kernel ends the chain at the first refusal. No program is on inode_permission or capable.
 */
#include "vmlinux.h"
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "confine.bpf.h"
#include "engine.bpf.h"
#include "mounts.bpf.h"
#include "overlays.bpf.h"
#include "paths.bpf.h"
#include "procguard.bpf.h"
#include "self.bpf.h"
#include "storage.bpf.h"
#include "surface.bpf.h"
#include "tasks.bpf.h"
#include "userdata.bpf.h"
#include "witness.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- gate ---- */

/* Also for scripts, once: their interpreter is opened under what this armed. */
SEC("lsm/bprm_creds_for_exec")
int BPF_PROG(lsm_bprm_creds_for_exec, struct linux_binprm *bprm)
{
	struct lsm_container *container = container_of_current();

	if (container)
		return arm_current(container) ? confine_exec(container, bprm->file) : 0;
	return task_is_of_host() ? engine_exec(bprm->file) : 0;
}

/* ---- surface ---- */

SEC("lsm/bpf")
int BPF_PROG(lsm_bpf, int cmd)
{
	return surface_require(LSM_ALLOW_BPF, LSM_HOOK_bpf, cmd);
}

/* Its arguments differ between kernels, and none is needed. */
SEC("lsm/perf_event_open")
int BPF_PROG(lsm_perf_event_open)
{
	return surface_require(LSM_ALLOW_PERF_EVENTS, LSM_HOOK_perf_event_open, 0);
}

SEC("lsm/key_alloc")
int BPF_PROG(lsm_key_alloc)
{
	return surface_require(LSM_ALLOW_KEYS, LSM_HOOK_key_alloc, 0);
}

SEC("lsm/key_permission")
int BPF_PROG(lsm_key_permission)
{
	return surface_require(LSM_ALLOW_KEYS, LSM_HOOK_key_permission, 0);
}

SEC("lsm/inode_init_security_anon")
int BPF_PROG(lsm_inode_init_security_anon, struct inode *inode, const struct qstr *name)
{
	return surface_anon_inode(name);
}

SEC("lsm/socket_create")
int BPF_PROG(lsm_socket_create, int family, int type, int protocol, int kern)
{
	return surface_socket(family, kern);
}

SEC("lsm/userns_create")
int BPF_PROG(lsm_userns_create, const struct cred *cred)
{
	return surface_userns(cred);
}

SEC("lsm/kernel_module_request")
int BPF_PROG(lsm_kernel_module_request, char *name)
{
	return surface_module(name);
}

/* ---- tasks ---- */

SEC("lsm/ptrace_access_check")
int BPF_PROG(lsm_ptrace_access_check, struct task_struct *target, unsigned int mode)
{
	return tasks_ptrace(target, mode);
}

SEC("lsm/task_kill")
int BPF_PROG(lsm_task_kill, struct task_struct *target, void *info, int sig)
{
	return tasks_kill(target, sig, compat_nullable_argument(ctx, 3));
}

SEC("lsm/task_setnice")
int BPF_PROG(lsm_task_setnice, struct task_struct *target, int nice)
{
	return tasks_change(target, LSM_HOOK_task_setnice, nice);
}

SEC("lsm/task_setioprio")
int BPF_PROG(lsm_task_setioprio, struct task_struct *target, int ioprio)
{
	return tasks_change(target, LSM_HOOK_task_setioprio, ioprio);
}

/* Also sched_setaffinity(2). */
SEC("lsm/task_setscheduler")
int BPF_PROG(lsm_task_setscheduler, struct task_struct *target)
{
	return tasks_change(target, LSM_HOOK_task_setscheduler, 0);
}

SEC("lsm/task_prlimit")
int BPF_PROG(lsm_task_prlimit, const struct cred *cred, const struct cred *target, unsigned int flags)
{
	return tasks_prlimit(target, flags);
}

/* ---- mounts ---- */

SEC("lsm/sb_mount")
int BPF_PROG(lsm_sb_mount, const char *dev_name, const struct path *path, const char *type,
	     unsigned long flags)
{
	int r = mounts_mount(path, flags);

	return r ? r : paths_mount(path, LSM_HOOK_sb_mount);
}

SEC("lsm/sb_kern_mount")
int BPF_PROG(lsm_sb_kern_mount, struct super_block *sb)
{
	int r = mounts_new(sb);

	return r ? r : overlays_new(sb);
}

SEC("lsm/sb_remount")
int BPF_PROG(lsm_sb_remount, struct super_block *sb)
{
	return mounts_remount(sb);
}

SEC("lsm/move_mount")
int BPF_PROG(lsm_move_mount, const struct path *from, const struct path *to)
{
	int r = mounts_locked(from, LSM_HOOK_move_mount);

	if (!r)
		r = paths_mount(from, LSM_HOOK_move_mount);
	return r ? r : paths_mount(to, LSM_HOOK_move_mount);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(lsm_sb_pivotroot, const struct path *put_old, const struct path *new_root)
{
	return mounts_locked(new_root, LSM_HOOK_sb_pivotroot);
}

/* ---- confine, paths, procguard ---- */

/* Not called for O_PATH. Overlays call it twice, the second time with the layer's file, on a mount of the kernel's. */
SEC("lsm/file_open")
int BPF_PROG(lsm_file_open, struct file *file)
{
	struct lsm_container *container = container_of_current();
	int r;

	if (!container)
		return paths_open_by_engine(file);
	if (!container_is_armed(container))
		return 0;
	r = confine_open(container, file);
	if (!r)
		r = paths_open(container, file);
	if (!r)
		r = userdata_open(container, file);
	return r ? r : procguard_open(container, file);
}

SEC("lsm/file_receive")
int BPF_PROG(lsm_file_receive, struct file *file)
{
	return confine_receive(file);
}

SEC("lsm/path_unlink")
int BPF_PROG(lsm_path_unlink, const struct path *dir, struct dentry *dentry)
{
	return paths_entry(dir, dentry, LSM_HOOK_path_unlink);
}

SEC("lsm/path_rmdir")
int BPF_PROG(lsm_path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return paths_entry(dir, dentry, LSM_HOOK_path_rmdir);
}

SEC("lsm/path_mkdir")
int BPF_PROG(lsm_path_mkdir, const struct path *dir, struct dentry *dentry)
{
	return paths_entry(dir, dentry, LSM_HOOK_path_mkdir);
}

/* Also open(2) that makes a file. */
SEC("lsm/path_mknod")
int BPF_PROG(lsm_path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	int r = paths_entry(dir, dentry, LSM_HOOK_path_mknod);

	return r ? r : userdata_mode(dir, dentry, mode, LSM_HOOK_path_mknod);
}

SEC("lsm/path_symlink")
int BPF_PROG(lsm_path_symlink, const struct path *dir, struct dentry *dentry)
{
	return paths_entry(dir, dentry, LSM_HOOK_path_symlink);
}

/* The old name's mount is the new one's: link(2) refuses to cross. */
SEC("lsm/path_link")
int BPF_PROG(lsm_path_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	return paths_entries(new_dir, new_dentry, BPF_CORE_READ(old_dentry, d_parent), old_dentry,
			     LSM_HOOK_path_link);
}

SEC("lsm/path_rename")
int BPF_PROG(lsm_path_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry)
{
	return paths_entries(old_dir, old_dentry, new_dir->dentry, new_dentry, LSM_HOOK_path_rename);
}

SEC("lsm/path_chmod")
int BPF_PROG(lsm_path_chmod, const struct path *path, umode_t mode)
{
	int r = paths_change(path, LSM_HOOK_path_chmod);

	return r ? r : userdata_chmod(path, mode);
}

/* Its other arguments are structs, which BPF_PROG() cannot name. */
SEC("lsm/path_chown")
int BPF_PROG(lsm_path_chown, const struct path *path)
{
	return paths_change(path, LSM_HOOK_path_chown);
}

/* Before Linux 6.2 also ftruncate(2), of a file that is open, and open(2) with O_TRUNC. */
SEC("lsm/path_truncate")
int BPF_PROG(lsm_path_truncate, const struct path *path)
{
	return paths_truncate(path);
}

SEC("lsm/path_chroot")
int BPF_PROG(lsm_path_chroot, const struct path *path)
{
	return confine_path(path, path->dentry, LSM_HOOK_path_chroot);
}

/* ---- user data ---- */

/* The first argument is a user_namespace before Linux 6.3, a mnt_idmap from then on. */
SEC("lsm/inode_setxattr")
int BPF_PROG(lsm_inode_setxattr, void *idmap, struct dentry *dentry, const char *name)
{
	int r = userdata_xattr(idmap, dentry, name);

	return r ? r : storage_xattr(dentry, name);
}

/* ---- self ---- */

SEC("lsm/inode_unlink")
int BPF_PROG(lsm_inode_unlink, struct inode *dir, struct dentry *dentry)
{
	return self_pins(dentry, LSM_HOOK_inode_unlink);
}

SEC("lsm/inode_rename")
int BPF_PROG(lsm_inode_rename, struct inode *old_dir, struct dentry *old_dentry,
	     struct inode *new_dir, struct dentry *new_dentry)
{
	int r = self_pins(old_dentry, LSM_HOOK_inode_rename);

	return r ? r : storage_move(old_dentry, new_dentry, LSM_HOOK_inode_rename);
}

/* ---- engine ---- */

SEC("lsm/task_alloc")
int BPF_PROG(lsm_task_alloc, struct task_struct *child)
{
	return engine_fork(child);
}

SEC("lsm/socket_listen")
int BPF_PROG(lsm_socket_listen, struct socket *sock)
{
	return engine_listen(sock);
}

/* ---- storage ---- */

/* Hooks of inodes, not of paths: the layer below an overlay is asked for, wherever that lies. */
SEC("lsm/inode_create")
int BPF_PROG(lsm_inode_create, struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return storage_create(dentry, mode);
}

SEC("lsm/inode_mknod")
int BPF_PROG(lsm_inode_mknod, struct inode *dir, struct dentry *dentry, umode_t mode, dev_t dev)
{
	return storage_mknod(dentry, mode, dev);
}

/* utime(2) and truncate(2), also. */
SEC("lsm/inode_setattr")
int BPF_PROG(lsm_inode_setattr)
{
	return storage_setattr(compat_argument_from_end(ctx, 1), compat_argument_from_end(ctx, 0));
}

SEC("lsm/inode_link")
int BPF_PROG(lsm_inode_link, struct dentry *old_dentry, struct inode *dir, struct dentry *new_dentry)
{
	return storage_move(old_dentry, new_dentry, LSM_HOOK_inode_link);
}

/* ---- paths ---- */

SEC("lsm/unix_stream_connect")
int BPF_PROG(lsm_unix_stream_connect, struct sock *sock, struct sock *other)
{
	return paths_socket(other, LSM_HOOK_unix_stream_connect);
}

SEC("lsm/unix_may_send")
int BPF_PROG(lsm_unix_may_send, struct socket *sock, struct socket *other)
{
	return paths_socket(BPF_CORE_READ(other, sk), LSM_HOOK_unix_may_send);
}

/* ---- witness ---- */

SEC("fexit/path_umount")
int BPF_PROG(witness_umount, const struct path *path, int flags)
{
	return witness_of_umount(ctx, path, flags);
}

/* The functions of the kernel differ in the arguments behind these. */
SEC("fexit/do_move_mount")
int BPF_PROG(witness_move, const struct path *from)
{
	return witness_of_move(ctx, from);
}

SEC("fexit/__do_loopback")
int BPF_PROG(witness_bind, const struct path *path, int recurse)
{
	return witness_of_bind(ctx, path, recurse);
}

SEC("fexit/__x64_sys_mount_setattr")
int BPF_PROG(witness_setattr, struct pt_regs *regs)
{
	return witness_of_setattr(ctx, compat_syscall_argument(regs, 3), LSM_HOOK_witness_setattr);
}

SEC("fexit/__x64_sys_open_tree_attr")
int BPF_PROG(witness_tree, struct pt_regs *regs)
{
	return witness_of_setattr(ctx, compat_syscall_argument(regs, 3), LSM_HOOK_witness_tree);
}

SEC("fexit/__x64_sys_fsconfig")
int BPF_PROG(witness_fsconfig, struct pt_regs *regs)
{
	return witness_of_fsconfig(ctx, compat_syscall_argument(regs, 0),
				   compat_syscall_argument(regs, 1), LSM_HOOK_witness_fsconfig);
}

/* mount(2), umount(2) and move_mount(2) of 32 bits reach the functions, or the hooks, that those of 64 do. */
SEC("fexit/__ia32_sys_mount_setattr")
int BPF_PROG(witness_setattr32, struct pt_regs *regs)
{
	return witness_of_setattr(ctx, compat_syscall_argument32(regs, 3),
				  LSM_HOOK_witness_setattr32);
}

SEC("fexit/__ia32_sys_open_tree_attr")
int BPF_PROG(witness_tree32, struct pt_regs *regs)
{
	return witness_of_setattr(ctx, compat_syscall_argument32(regs, 3), LSM_HOOK_witness_tree32);
}

SEC("fexit/__ia32_sys_fsconfig")
int BPF_PROG(witness_fsconfig32, struct pt_regs *regs)
{
	return witness_of_fsconfig(ctx, compat_syscall_argument32(regs, 0),
				   compat_syscall_argument32(regs, 1), LSM_HOOK_witness_fsconfig32);
}

SEC("fexit/mount_too_revealing")
int BPF_PROG(witness_reveal, const struct super_block *sb)
{
	return witness_of_reveal(ctx, sb);
}
