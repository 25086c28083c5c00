import FoundationEssentials
import Glibc
import Synchronization

/// Takes jobs from a Redis list and processes them one at a time. No job is lost if a worker crashes.
@main
struct Worker {
    static func main() throws {
        let settings = Settings(ProcessInfo.processInfo.environment)
        stopOnSignal()
        let queue = try JobQueue(settings)
        // The jobs of crashed workers, including an earlier run of this one.
        try queue.takeBackAbandoned()
        var lastLook = ContinuousClock.now
        while !isStopping.load(ordering: .relaxed) {
            try queue.showAlive()
            if let job = try queue.next() {
                work(job, settings)
                try queue.finish(job)
                print("done: \(job)")
                fflush(nil)
            }
            if ContinuousClock.now - lastLook > .seconds(settings.aliveSeconds) {
                try queue.takeBackAbandoned()
                lastLook = .now
            }
        }
        try queue.leave()
    }

    /// A placeholder for real work.
    private static func work(_ job: String, _ settings: Settings) {
        usleep(settings.workMilliseconds * 1_000)
    }

    /// Handles SIGTERM, which Kubernetes sends before stopping a pod: the current job is finished first.
    private static func stopOnSignal() {
        _ = isStopping.load(ordering: .relaxed)
        for number in [SIGTERM, SIGINT] { signal(number) { _ in isStopping.store(true, ordering: .relaxed) } }
    }
}

private let isStopping = Atomic(false)

struct Settings {
    let host: String
    let port: Int32
    let queue: String
    let name: String
    let workMilliseconds: UInt32
    /// How long after its last heartbeat a worker counts as ended; longer than a job takes.
    let aliveSeconds: Int

    init(_ environment: [String: String]) {
        host = environment["REDIS_HOST"] ?? "127.0.0.1"
        port = Self.number("REDIS_PORT", environment, standard: 6_379)
        queue = environment["QUEUE"] ?? "jobs"
        // The pod's name in Kubernetes.
        name = environment["WORKER_NAME"] ?? ProcessInfo.processInfo.hostName
        workMilliseconds = Self.number("WORK_MILLISECONDS", environment, standard: 500)
        aliveSeconds = Self.number("ALIVE_SECONDS", environment, standard: 60)
    }

    private static func number<Number: FixedWidthInteger>(
        _ name: String, _ environment: [String: String], standard: Number
    ) -> Number {
        guard let text = environment[name] else { return standard }
        guard let number = Number(text), number >= 0 else {
            let line = Array("worker: \(name) must be a whole number, not \(text)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(2)
        }
        return number
    }
}
