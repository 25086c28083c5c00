import SystemIO

/// The fair division of one plugin's concurrent calls among parties.
///
/// No party may use more than the remaining capacity: if a source hangs, one party holds half of the plugin's slots,
/// two hold two thirds, and the next party still gets one. (A. K. Choudhury, E. L. Hahne, "Dynamic Queue Length
/// Thresholds for Shared-Memory Packet Switches", 1998.) The rule applies to each namespace and to each source.
struct FairShares {
    private var inFlight = 0
    private var ofNamespace: [String: Int] = [:]
    private var ofSource: [String: Int] = [:]
    private var suspects = 0

    func mayBegin(_ party: CallParty, maxInFlight: Int) -> Bool {
        if party.isSuspect, suspects > 0 { return false }
        guard let namespace = party.namespace else { return true }
        let share = max(1, maxInFlight - inFlight)
        // If the configs name no source, sources cannot be distinguished.
        return ofNamespace[namespace, default: 0] < share
            && (party.source.isEmpty || ofSource[party.source, default: 0] < share)
    }

    mutating func begin(_ party: CallParty) {
        inFlight += 1
        if party.isSuspect { suspects += 1 }
        guard let namespace = party.namespace else { return }
        ofNamespace[namespace, default: 0] += 1
        ofSource[party.source, default: 0] += 1
    }

    mutating func end(_ party: CallParty) {
        inFlight -= 1
        if party.isSuspect { suspects -= 1 }
        guard let namespace = party.namespace else { return }
        Self.countDown(&ofNamespace, namespace)
        Self.countDown(&ofSource, party.source)
    }

    private static func countDown(_ counts: inout [String: Int], _ key: String) {
        let count = counts[key, default: 0]
        counts[key] = count > 1 ? count - 1 : nil
    }
}

/// A queue of calls in which the parties take turns; FIFO within a party.
struct FairQueue {
    private var calls: [CallParty: FIFO<Int64>] = [:]
    private var line = FIFO<CallParty>()
    /// The call before all others, if any.
    private var urgent: Int64?

    /// The number of parties with queued calls.
    var parties: Int { calls.count + (urgent == nil ? 0 : 1) }

    /// The party whose turn is next.
    var next: CallParty? { urgent == nil ? line.first : CallParty() }

    func first(of party: CallParty) -> Int64? { urgent ?? calls[party]?.first }

    mutating func putFirst(_ id: Int64) { urgent = id }

    mutating func append(_ id: Int64, of party: CallParty) {
        if calls[party] == nil { line.append(party) }
        calls[party, default: FIFO()].append(id)
    }

    mutating func removeFirst(of party: CallParty) {
        guard urgent == nil else {
            urgent = nil
            return
        }
        _ = calls[party]?.popFirst()
    }

    /// The party whose turn it was moves to the end of the queue, or leaves it if it has nothing queued.
    mutating func passTurn() {
        guard let party = line.popFirst() else { return }
        if calls[party]?.isEmpty ?? true { calls[party] = nil } else { line.append(party) }
    }

    /// Removes and returns the next call of the first party that may begin one.
    mutating func popNext(where mayBegin: (CallParty) -> Bool, isWaiting: (Int64) -> Bool) -> Int64? {
        for _ in 0..<parties {
            guard let party = next else { return nil }
            guard mayBegin(party) else {
                passTurn()
                continue
            }
            while let id = first(of: party) {
                removeFirst(of: party)
                guard isWaiting(id) else { continue }
                passTurn()
                return id
            }
            dropEmpty()
        }
        return nil
    }

    /// Removes the next party if it has nothing queued.
    mutating func dropEmpty() {
        guard let party = line.first, calls[party]?.isEmpty ?? true else { return }
        passTurn()
    }
}
