import SystemIO

/// The fair division of one plugin's concurrent calls among parties.
///
/// Nobody takes more than what is left free: of a source that hangs, one party holds a half of the plugin's places, two
/// hold two thirds, and the next party finds one. (A. K. Choudhury, E. L. Hahne, "Dynamic Queue Length Thresholds for
/// Shared-Memory Packet Switches", 1998.) It holds for each namespace and for each source.
struct FairShares {
    private var inFlight = 0
    private var ofNamespace: [String: Int] = [:]
    private var ofSource: [String: Int] = [:]
    private var suspects = 0

    func mayBegin(_ party: CallParty, maxInFlight: Int) -> Bool {
        if party.isSuspect, suspects > 0 { return false }
        guard let namespace = party.namespace else { return true }
        let share = max(1, maxInFlight - inFlight)
        // Where the configs name no source, nothing tells one from another.
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

/// Calls that wait, those of one party behind one another, the parties taking turns.
struct FairQueue {
    private var calls: [CallParty: FIFO<Int64>] = [:]
    private var line = FIFO<CallParty>()
    /// Goes before all others.
    private var urgent: Int64?

    /// Parties with calls that wait.
    var parties: Int { calls.count + (urgent == nil ? 0 : 1) }

    /// Whose turn it is.
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

    /// Takes out the next call of the first party that may have one.
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

    /// The party whose turn it is has nothing to wait for.
    mutating func dropEmpty() {
        guard let party = line.first, calls[party]?.isEmpty ?? true else { return }
        passTurn()
    }
}
