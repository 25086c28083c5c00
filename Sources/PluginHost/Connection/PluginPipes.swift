import CLinux
import Glibc

/// The host's ends of the three pipes to one plugin process. They never block.
///
/// Used only on the event loop's thread; the session calls ``closeAll()`` before releasing it.
final class PluginPipes {
    /// The result of a read.
    enum Reading {
        /// That many bytes were read to the start of the loop's buffer.
        case bytes(Int)
        case nothingYet
        case end
    }

    /// The plugin's ends, which the spawner closes.
    struct Theirs: Sendable {
        let input: Int32
        let output: Int32
        let errors: Int32
    }

    enum Source: CaseIterable {
        case output
        case errors
    }

    private let loop: EventLoop
    private var input: Int32
    private var sources: [Source: Int32]
    private var isInputWatched = false
    private var unwritten: [UInt8] = []
    private var written = 0

    static func make(loop: EventLoop) throws(SystemError) -> (PluginPipes, Theirs) {
        var pipes: [Pipe] = []
        do throws(SystemError) {
            for _ in 0..<3 { pipes.append(try Pipe()) }
            for end in [pipes[0].writer, pipes[1].reader, pipes[2].reader] where clinux_set_nonblocking(end) != 0 {
                throw SystemError("fcntl")
            }
        } catch {
            for pipe in pipes {
                close(pipe.reader)
                close(pipe.writer)
            }
            throw error
        }
        let ours = PluginPipes(
            loop: loop, input: pipes[0].writer, sources: [.output: pipes[1].reader, .errors: pipes[2].reader])
        return (ours, Theirs(input: pipes[0].reader, output: pipes[1].writer, errors: pipes[2].writer))
    }

    private init(loop: EventLoop, input: Int32, sources: [Source: Int32]) {
        self.loop = loop
        self.input = input
        self.sources = sources
    }

    // MARK: From the plugin

    func watch(_ source: Source, handler: @escaping @Sendable () -> Void) throws(SystemError) {
        guard let descriptor = sources[source] else { return }
        try loop.watch(descriptor, for: .readable, handler: handler)
    }

    /// Stops reading, so that the plugin has to wait.
    func pause(_ source: Source) {
        if let descriptor = sources[source] { loop.unwatch(descriptor) }
    }

    func isOpen(_ source: Source) -> Bool { sources[source] != nil }

    /// Reads once into the loop's buffer. Closes the source at its end.
    func read(_ source: Source) -> Reading {
        guard let descriptor = sources[source] else { return .end }
        let buffer = loop.readBuffer
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count > 0 { return .bytes(count) }
        if count < 0, errno == EAGAIN || errno == EINTR { return .nothingYet }
        closeSource(source)
        return .end
    }

    // MARK: To the plugin

    var hasUnwritten: Bool { written < unwritten.count }
    var unwrittenBytes: Int { unwritten.count - written }

    func queue(_ bytes: [UInt8]) {
        guard input >= 0 else { return }
        if unwritten.isEmpty { unwritten = bytes } else { unwritten.append(contentsOf: bytes) }
    }

    /// Writes as much as the pipe accepts, and calls `whenReady` when it accepts more.
    ///
    /// - Returns: the number of bytes written.
    func flush(whenReady: @escaping @Sendable () -> Void) -> Int {
        let before = written
        var isBlocked = false
        while input >= 0, hasUnwritten, !isBlocked {
            let count = unwritten.withUnsafeBytes { bytes in
                write(input, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                isBlocked = true
            } else if errno != EINTR {
                // The plugin has closed its stdin or exited; its exit or the write deadline follows.
                closeInput()
            }
        }
        let progress = written - before
        updateWatch(isBlocked: isBlocked, whenReady)
        if !hasUnwritten {
            unwritten.removeAll(keepingCapacity: unwritten.capacity <= PluginHostLimits.readChunkBytes)
            written = 0
        }
        return progress
    }

    private func updateWatch(isBlocked: Bool, _ whenReady: @escaping @Sendable () -> Void) {
        if isBlocked, !isInputWatched {
            // If the system is out of memory, the write deadline ends the plugin.
            isInputWatched = (try? loop.watch(input, for: .writable, handler: whenReady)) != nil
        } else if !isBlocked, isInputWatched {
            loop.unwatch(input)
            isInputWatched = false
        }
    }

    // MARK: The end

    /// Closes the plugin's stdin after the bytes written so far.
    func closeInput() {
        guard input >= 0 else { return }
        loop.unwatch(input)
        isInputWatched = false
        close(input)
        input = -1
    }

    func closeSource(_ source: Source) {
        guard let descriptor = sources.removeValue(forKey: source) else { return }
        loop.unwatch(descriptor)
        close(descriptor)
    }

    func closeAll() {
        closeInput()
        for source in Source.allCases { closeSource(source) }
    }
}
