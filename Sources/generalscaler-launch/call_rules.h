// The system calls that a plugin is denied, one per line, with one test per line.
//
// RULE( has the call, the condition under which it is denied, the value that the condition compares with, and the error
// that the plugin gets (0: the call succeeds and does nothing). The first line that applies decides. All other calls up
// to NEWEST_KNOWN_CALL are allowed.
//
// Conditions:
//   ALWAYS        with any arguments
//   OPERATOR      the first argument is a process, thread or group of the operator, its guard, or "everyone"
//   NOT_SELF      the first argument is a process other than 0 and the plugin's own
//   NOT_SELF_ONE  the first argument is not VALUE ("one process"), or the second is a process as in NOT_SELF
//   FIRST_IS      the first argument is VALUE
//   SECOND_IS     the second argument is VALUE
//   HAS_FLAG      the first argument has a bit of VALUE
//   LACKS_FLAG    the first argument has no bit of VALUE; only for a plugin that may have no children
//   NO_CHILDREN   with any arguments; only for a plugin that may have no children

// No process may leave the session, which identifies the plugin's processes when they are killed. setpgid is allowed:
// GNU timeout would otherwise signal the whole plugin.
RULE(setsid, ALWAYS, 0, EPERM)
RULE(clone3, ALWAYS, 0, ENOSYS)  // A filter cannot read its arguments. C libraries then use clone.
RULE(clone, HAS_FLAG, CLONE_PARENT, EPERM)
RULE(clone, HAS_FLAG, NAMESPACES, ENOSYS)
RULE(clone, LACKS_FLAG, CLONE_THREAD, EPERM)
#ifdef SYS_fork
RULE(fork, NO_CHILDREN, 0, EPERM)
RULE(vfork, NO_CHILDREN, 0, EPERM)
#endif
RULE(unshare, ALWAYS, 0, ENOSYS)
RULE(setns, ALWAYS, 0, ENOSYS)

// The operator must not be signalled.
RULE(kill, OPERATOR, 0, EPERM)
RULE(tkill, OPERATOR, 0, EPERM)
RULE(tgkill, OPERATOR, 0, EPERM)
RULE(rt_sigqueueinfo, OPERATOR, 0, EPERM)
RULE(rt_tgsigqueueinfo, OPERATOR, 0, EPERM)
RULE(pidfd_open, OPERATOR, 0, EPERM)
RULE(pidfd_send_signal, ALWAYS, 0, EPERM)
// The owner of a descriptor gets signals, so it must not be set either.
RULE(fcntl, SECOND_IS, F_SETOWN, EPERM)
RULE(fcntl, SECOND_IS, F_SETOWN_EX, EPERM)
RULE(fcntl, SECOND_IS, F_SETSIG, EPERM)
RULE(ioctl, SECOND_IS, FIOSETOWN, EPERM)
RULE(ioctl, SECOND_IS, SIOCSPGRP, EPERM)
RULE(ioctl, SECOND_IS, TIOCSTI, EPERM)
// A lease on a file delays every other process that opens it, for 45 s by default.
RULE(fcntl, SECOND_IS, F_SETLEASE, EPERM)

// Other processes must not be read, traced, slowed down or limited.
RULE(ptrace, ALWAYS, 0, EPERM)
RULE(process_vm_readv, ALWAYS, 0, EPERM)
RULE(process_vm_writev, ALWAYS, 0, EPERM)
RULE(process_madvise, ALWAYS, 0, EPERM)
RULE(process_mrelease, ALWAYS, 0, EPERM)
RULE(pidfd_getfd, ALWAYS, 0, EPERM)
RULE(kcmp, ALWAYS, 0, EPERM)
RULE(sched_setparam, NOT_SELF, 0, EPERM)
RULE(sched_setattr, NOT_SELF, 0, EPERM)
RULE(sched_setscheduler, NOT_SELF, 0, EPERM)
RULE(sched_setaffinity, NOT_SELF, 0, EPERM)
RULE(migrate_pages, NOT_SELF, 0, EPERM)
RULE(move_pages, NOT_SELF, 0, EPERM)
RULE(prlimit64, NOT_SELF, 0, EPERM)  // A limit of CPU time can kill a process.
RULE(setpriority, NOT_SELF_ONE, PRIO_PROCESS, EPERM)
RULE(ioprio_set, NOT_SELF_ONE, IOPRIO_WHO_PROCESS, EPERM)
// The host reads the plugin's use of memory and files.
RULE(prctl, FIRST_IS, PR_SET_DUMPABLE, 0)

// Metadata of files, which Landlock does not protect: the plugin's user owns files that the plugin must not change.
// Calls that set modes and times do nothing and succeed, because copying files in Python, Node, Java and gzip sets
// both.
#ifdef SYS_chmod
RULE(chmod, ALWAYS, 0, 0)
#endif
RULE(fchmod, ALWAYS, 0, 0)
RULE(fchmodat, ALWAYS, 0, 0)
RULE(fchmodat2, ALWAYS, 0, 0)
#ifdef SYS_utime
RULE(utime, ALWAYS, 0, 0)
RULE(utimes, ALWAYS, 0, 0)
RULE(futimesat, ALWAYS, 0, 0)
#endif
RULE(utimensat, ALWAYS, 0, 0)
#ifdef SYS_chown
RULE(chown, ALWAYS, 0, EPERM)
RULE(lchown, ALWAYS, 0, EPERM)
#endif
RULE(fchown, ALWAYS, 0, EPERM)
RULE(fchownat, ALWAYS, 0, EPERM)
RULE(truncate, ALWAYS, 0, EPERM)
RULE(setxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(lsetxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(fsetxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(setxattrat, ALWAYS, 0, EOPNOTSUPP)
RULE(removexattr, ALWAYS, 0, EOPNOTSUPP)
RULE(lremovexattr, ALWAYS, 0, EOPNOTSUPP)
RULE(fremovexattr, ALWAYS, 0, EOPNOTSUPP)
RULE(removexattrat, ALWAYS, 0, EOPNOTSUPP)
RULE(getxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(lgetxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(fgetxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(getxattrat, ALWAYS, 0, EOPNOTSUPP)
RULE(listxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(llistxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(flistxattr, ALWAYS, 0, EOPNOTSUPP)
RULE(listxattrat, ALWAYS, 0, EOPNOTSUPP)
RULE(file_getattr, ALWAYS, 0, EOPNOTSUPP)
RULE(file_setattr, ALWAYS, 0, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC_SETFLAGS, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC32_SETFLAGS, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC_FSSETXATTR, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC_SETVERSION, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC32_SETVERSION, EOPNOTSUPP)
RULE(ioctl, SECOND_IS, FS_IOC_ENABLE_VERITY, EOPNOTSUPP)

// Memory and objects that outlive the process or belong to all of a user's processes.
RULE(shmget, ALWAYS, 0, EPERM)
RULE(shmat, ALWAYS, 0, EPERM)
RULE(shmctl, ALWAYS, 0, EPERM)
RULE(semget, ALWAYS, 0, EPERM)
RULE(semop, ALWAYS, 0, EPERM)
RULE(semtimedop, ALWAYS, 0, EPERM)
RULE(semctl, ALWAYS, 0, EPERM)
RULE(msgget, ALWAYS, 0, EPERM)
RULE(msgsnd, ALWAYS, 0, EPERM)
RULE(msgrcv, ALWAYS, 0, EPERM)
RULE(msgctl, ALWAYS, 0, EPERM)
RULE(mq_open, ALWAYS, 0, EPERM)
RULE(mq_unlink, ALWAYS, 0, EPERM)
RULE(memfd_create, ALWAYS, 0, ENOSYS)
RULE(memfd_secret, ALWAYS, 0, ENOSYS)

// Parts of the kernel that no metric source needs and that bypass this filter or Landlock, or often had
// vulnerabilities.
RULE(io_uring_setup, ALWAYS, 0, ENOSYS)
RULE(io_uring_enter, ALWAYS, 0, ENOSYS)
RULE(io_uring_register, ALWAYS, 0, ENOSYS)
RULE(userfaultfd, ALWAYS, 0, ENOSYS)
RULE(bpf, ALWAYS, 0, ENOSYS)
RULE(perf_event_open, ALWAYS, 0, ENOSYS)
RULE(add_key, ALWAYS, 0, ENOSYS)
RULE(request_key, ALWAYS, 0, ENOSYS)
RULE(keyctl, ALWAYS, 0, ENOSYS)
RULE(execveat, ALWAYS, 0, ENOSYS)
RULE(fanotify_init, ALWAYS, 0, ENOSYS)
RULE(fanotify_mark, ALWAYS, 0, ENOSYS)
RULE(name_to_handle_at, ALWAYS, 0, ENOSYS)
RULE(open_by_handle_at, ALWAYS, 0, ENOSYS)
RULE(mount, ALWAYS, 0, ENOSYS)
RULE(umount2, ALWAYS, 0, ENOSYS)
RULE(pivot_root, ALWAYS, 0, ENOSYS)
RULE(chroot, ALWAYS, 0, ENOSYS)
RULE(fsopen, ALWAYS, 0, ENOSYS)
RULE(fsconfig, ALWAYS, 0, ENOSYS)
RULE(fsmount, ALWAYS, 0, ENOSYS)
RULE(fspick, ALWAYS, 0, ENOSYS)
RULE(move_mount, ALWAYS, 0, ENOSYS)
RULE(open_tree, ALWAYS, 0, ENOSYS)
RULE(open_tree_attr, ALWAYS, 0, ENOSYS)
RULE(mount_setattr, ALWAYS, 0, ENOSYS)
RULE(statmount, ALWAYS, 0, ENOSYS)
RULE(listmount, ALWAYS, 0, ENOSYS)
