import CCurl
import CLinux
import SystemIO

/// Runs all transfers on one thread, with libcurl's socket interface over epoll.
///
/// A transfer is waiting (no easy handle), then running (its easy handle is in the multi handle), then ended (in
/// neither place, its receiver notified). Confined to the loop's thread: the mailbox is the only way in.
final class TransferLoop {
    private let configuration: CurlHTTPClient.Configuration
    private let mailbox: LoopMailbox
    private let wakeUp: WakeUp
    private let poller = Poller()
    private let multi: UnsafeMutableRawPointer

    /// All transfers that have not ended. Invariant: contains each transfer whose easy handle is in the multi handle,
    /// which keeps the pointers that libcurl's callbacks get alive.
    private var transfers: [UInt64: Transfer] = [:]
    /// The ids of queued transfers; also of some that ended while queued.
    private var waiting = FIFO<UInt64>()
    private var runningCount = 0
    private var idleHandles: [EasyHandle] = []
    private var deadlines = DeadlineQueue<ContinuousClock.Instant, UInt64>()
    /// The time at which libcurl wants to be called even if no socket is ready.
    private var timer: ContinuousClock.Instant?

    init(configuration: CurlHTTPClient.Configuration, mailbox: LoopMailbox, wakeUp: WakeUp) {
        guard let multi = curl_multi_init() else { preconditionFailure("curl_multi_init failed: out of memory") }
        self.configuration = configuration
        self.mailbox = mailbox
        self.wakeUp = wakeUp
        self.multi = multi
    }

    func run() {
        setUp()
        while true {
            poller.wait(timeout: timeToNextEvent()) { event in
                if event.descriptor == wakeUp.descriptor {
                    wakeUp.clear()
                } else {
                    act(on: event)
                }
            }
            let (commands, isStopping) = mailbox.take()
            commands.forEach(execute)
            runTimer()
            collectFinished()
            expireDeadlines()
            if isStopping { break }
            // Comes last, after everything that frees a slot: nothing else would wake the loop for queued transfers.
            startWaiting()
        }
        tearDown()
    }

    private func setUp() {
        // Unretained: `run` holds the loop for longer than the multi handle lives.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let codes = [
            ccurl_multi_set_socket_callback(multi, socketChanged, context),
            ccurl_multi_set_timer_callback(multi, timerChanged, context),
            ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHost),
            ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, HTTPLimits.connections),
            ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, HTTPLimits.connections),
        ]
        precondition(codes.allSatisfy { $0 == CURLM_OK }, "libcurl is older than 7.88")
        poller.watch(wakeUp.descriptor, readable: true, writable: false)
    }

    private func tearDown() {
        for transfer in transfers.values {
            end(transfer, .failure(.shutDown(transfer.url.authority)))
        }
        idleHandles = []
        curl_multi_cleanup(multi)
        mailbox.didStop()
    }

    private func timeToNextEvent() -> Duration? {
        guard let next = [timer, deadlines.first].compactMap(\.self).min() else { return nil }
        return max(.zero, next - .now)
    }

    // MARK: Commands

    private func execute(_ command: LoopCommand) {
        switch command {
        case .start(let transfer):
            transfers[transfer.id] = transfer
            guard waiting.count < HTTPLimits.waitingRequests else {
                end(
                    transfer,
                    .failure(
                        HTTPError(
                            .connect,
                            "\(HTTPLimits.waitingRequests) requests are queued before the one to \(transfer.url.authority); "
                                + "send fewer at a time")))
                return
            }
            if let deadline = transfer.deadline {
                deadlines.insert(transfer.id, at: deadline, live: transfers.count) {
                    transfers[$0]?.isBoundByDeadline ?? false
                }
            }
            waiting.append(transfer.id)
        case .cancel(let id):
            guard let transfer = transfers[id] else { return }
            end(transfer, .failure(.cancelled(transfer.url.authority)))
        case .resume(let id):
            guard let transfer = transfers[id], let easy = transfer.easy else { return }
            // Delivers the bytes that libcurl has buffered, synchronously.
            let code = curl_easy_pause(easy.curl, CURLPAUSE_CONT)
            if code != CURLE_OK { fail(transfer, easy, code) }
        }
    }

    private func startWaiting() {
        while runningCount < configuration.concurrentTransfers, let id = waiting.popFirst() {
            if let transfer = transfers[id] { start(transfer) }
        }
    }

    private func start(_ transfer: Transfer) {
        let easy = idleHandles.popLast() ?? EasyHandle()
        transfer.easy = easy
        runningCount += 1
        do throws(HTTPError) {
            try easy.prepare(transfer, configuration)
        } catch {
            end(transfer, .failure(error))
            return
        }
        let code = curl_multi_add_handle(multi, easy.curl)
        precondition(code == CURLM_OK, "curl_multi_add_handle failed: \(code)")
    }

    // MARK: Events

    private func act(on event: clinux_epoll_event) {
        let ready = (event.readable ? CURL_CSELECT_IN : 0) | (event.writable ? CURL_CSELECT_OUT : 0)
        drive(event.descriptor, ready)
    }

    private func runTimer() {
        guard let due = timer, due <= .now else { return }
        timer = nil
        drive(CURL_SOCKET_BAD, 0)
    }

    private func drive(_ socket: curl_socket_t, _ ready: Int32) {
        var running: Int32 = 0
        let code = curl_multi_socket_action(multi, socket, ready, &running)
        precondition(code == CURLM_OK, "curl_multi_socket_action failed: \(code)")
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let curl = message.pointee.easy_handle else { continue }
            let code = ccurl_message_result(message)
            var context: UnsafeMutableRawPointer?
            guard ccurl_get_pointer(curl, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else { continue }
            // Alive: the handle has not left the multi handle yet.
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            if code == CURLE_OK {
                end(transfer, .success(()))
            } else if let easy = transfer.easy {
                fail(transfer, easy, code)
            }
        }
    }

    private func expireDeadlines() {
        while let id = deadlines.popDue(.now) {
            guard let transfer = transfers[id], transfer.isBoundByDeadline else { continue }
            end(transfer, .failure(transfer.deadlineError))
        }
    }

    // MARK: The end of a transfer

    private func fail(_ transfer: Transfer, _ easy: EasyHandle, _ code: CURLcode) {
        let error = transfer.refusal ?? .failed(code, easy, authority: transfer.url.authority)
        end(transfer, .failure(error))
    }

    private func end(_ transfer: Transfer, _ result: Result<Void, HTTPError>) {
        if let easy = transfer.easy {
            // Closes the connection, or resets the HTTP/2 stream, of an unfinished transfer.
            curl_multi_remove_handle(multi, easy.curl)
            transfer.easy = nil
            runningCount -= 1
            easy.reset()
            if idleHandles.count < HTTPLimits.pooledHandles { idleHandles.append(easy) }
        }
        transfers[transfer.id] = nil
        transfer.finish(result)
    }

    // MARK: libcurl's callbacks

    fileprivate func watch(_ socket: curl_socket_t, for what: Int32) {
        let (readable, writable) = (what & CURL_POLL_IN != 0, what & CURL_POLL_OUT != 0)
        if readable || writable {
            poller.watch(socket, readable: readable, writable: writable)
        } else {
            // Finished or paused: otherwise epoll would report a hang-up again and again.
            poller.unwatch(socket)
        }
    }

    fileprivate func setTimer(milliseconds: Int) {
        timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    }
}

private func socketChanged(
    easy: UnsafeMutableRawPointer?, socket: curl_socket_t, what: Int32, context: UnsafeMutableRawPointer?,
    socketContext: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return -1 }
    Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().watch(socket, for: what)
    return 0
}

private func timerChanged(
    multi: UnsafeMutableRawPointer?, milliseconds: Int, context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return -1 }
    Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds: milliseconds)
    return 0
}
