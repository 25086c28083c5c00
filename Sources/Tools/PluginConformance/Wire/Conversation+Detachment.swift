extension Conversation {
    /// Notes a process that has exited and left its pipes to a child, as a daemon does: the child still answers, but the
    /// host can no longer manage it.
    func noteDetachment() {
        guard !isOneshot, !mayExit, !isOver, let exit = process.exitSoFar, process.leftovers().holdsOutput else {
            return
        }
        isOver = true
        log.note(
            Finding(
                .staysAlive,
                "the process \(exit), and a process that it started continues in its place: the host ends a plugin whose "
                    + "process exits",
                fix:
                    "stay in the foreground: do not fork into the background, and run a program from a script with exec"
            ))
    }
}
