extension Conversation {
    /// Notes a process that has exited and left its pipes to one that it started, as a daemon does: it still answers, and
    /// the host has lost it.
    func noteDetachment() {
        guard !isOneshot, !mayExit, !isOver, let exit = process.exitSoFar, process.leftovers().holdsOutput else {
            return
        }
        isOver = true
        log.note(
            Finding(
                .staysAlive,
                "the process \(exit), and another one that it started goes on in its place: the host ends a plugin whose "
                    + "process exits",
                fix:
                    "stay in the foreground: do not fork into the background, and run a program from a script with exec"
            ))
    }
}
